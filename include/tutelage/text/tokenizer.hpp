#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tutelage/config.hpp"

TUTELAGE_BEGIN

namespace text {

/// Byte-level byte-pair encoding (Sennrich et al. 2016; Radford et al. 2019): any bytes go in and come out again. Words are cut as GPT-2 cuts them.
/// Ids: special tokens, then the 256 bytes, then one a merge.
class Tokenizer {
 public:
  /// Learns merges until there are vocab_size tokens or no pair occurs twice. Ties go to the lexicographically smaller pair.
  /// @throws ValueError for no text, or a special token that is empty, given twice, not UTF-8 or a piece of the texts; ConfigError where vocab_size
  /// cannot hold the special tokens and the bytes
  static Tokenizer train(std::span<const std::string> texts, std::int64_t vocab_size, std::span<const std::string> special_tokens);
  /// Reads tokenizer.json from a folder. @throws IoError naming what is wrong or unknown
  static Tokenizer load(const std::string& folder);
  /// Writes tokenizer.json into a folder, which is made where it is missing. @throws IoError. Checked by: test_module.py
  void save(const std::string& folder) const;
  static Tokenizer from_json(const std::string& json, const std::string& name = "tokenizer.json");
  /// tokenizer.json as Hugging Face's `tokenizers` reads it.
  std::string to_json() const;

  /// Cost: O(n log n) in the longest word. Special tokens in `text` are plain text unless allowed.
  std::vector<std::int32_t> encode(std::string_view text, bool allow_special = false) const;
  /// The bytes; not valid UTF-8 if the ids cut a character. @throws IndexError for an unknown id
  std::string decode(std::span<const std::int32_t> ids, bool skip_special = true) const;

  std::int64_t vocab_size() const { return static_cast<std::int64_t>(tokens_.size()); }
  /// @throws ValueError where there is no such special token
  std::int32_t special_id(const std::string& token) const;
  const std::vector<std::string>& special_tokens() const { return special_; }
  const std::string& token(std::int32_t id) const;  // its bytes

 private:
  void encode_word(std::string_view word, std::vector<std::int32_t>& out) const;
  void add_merge(std::int32_t left, std::int32_t right);
  static Tokenizer base(std::span<const std::string> special_tokens);

  std::vector<std::string> special_;
  std::vector<std::string> tokens_;  // bytes of each id
  std::vector<std::pair<std::int32_t, std::int32_t>> merges_;
  std::unordered_map<std::uint64_t, std::int32_t> merge_rank_;  // left << 32 | right; only looked up, never walked
};

/// Cuts text into GPT-2's words; they join to the text again.
std::vector<std::string_view> split_words(std::string_view text);

}  // namespace text

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/text/tokenizer.ipp"
#endif
