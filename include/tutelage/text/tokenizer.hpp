#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tutelage/config.hpp"
#include "tutelage/text/tokenizer_config.hpp"
#include "tutelage/text/tokenizer_data.hpp"

TUTELAGE_BEGIN

namespace text {

namespace detail_ {
struct Pipeline;
}

/// Bytes of a text, from begin to before end.
struct Span {
  std::size_t begin, end;
};

/// How a text is read.
struct EncodeOptions {
  bool allow_special = false;              // special tokens in the text are seen; other added tokens always are
  std::span<const Span> plain = {};        // where no added token but white space is seen; in order
  std::span<const std::size_t> cuts = {};  // places that no token goes over, in order
};

/// Ids, and where in the text they stand.
struct Encoding {
  std::vector<std::int32_t> ids;
  std::vector<std::uint32_t> first, last;  // of each id, the place of the byte that its first, its last byte came from
};

/// Byte-pair encoding (Sennrich et al. 2016), on bytes (Radford et al. 2019) or on characters as SentencePiece does (Kudo and Richardson 2018), with
/// the normalizers, pre-tokenizers, post-processors and decoders that tokenizer.json of GPT-2, GPT-NeoX, Llama, Mistral and Qwen holds.
/// Ids and text are those of Hugging Face's `tokenizers` 0.23. A copy is cheap: copies share what was read.
/// Checked by: test_tokenizer.cpp, test_tokenizer_json.cpp, golden/tokenizer.json, compare/test_tokenizer_families.py.
class Tokenizer {
 public:
  Tokenizer();  // without tokens

  /// Learns merges on bytes until there are vocab_size tokens or no pair occurs twice. Ties go to the lexicographically smaller pair. Words are cut
  /// as GPT-2 cuts them. Ids: special tokens, then the 256 bytes, then one a merge.
  /// @throws ValueError for no text, or a special token that is empty, given twice, not UTF-8 or a piece of the texts; ConfigError where vocab_size
  /// cannot hold the special tokens and the bytes
  static Tokenizer train(std::span<const std::string> texts, std::int64_t vocab_size, std::span<const std::string> special_tokens);
  /// Reads tokenizer.json from a folder, with tokenizer_config.json and chat_template.jinja where they are.
  /// @throws IoError naming file, key and what is wrong or unknown
  static Tokenizer load(const std::string& folder);
  /// Writes tokenizer.json, tokenizer_config.json and, for a Jinja template, chat_template.jinja into a folder, which is made where it is missing.
  /// @throws IoError. Checked by: test_module.py
  void save(const std::string& folder) const;
  /// Truncation and padding are settings of a call, not of a tokenizer: what the file says of them is not taken.
  static Tokenizer from_json(const std::string& json, const std::string& name = "tokenizer.json");
  /// tokenizer.json as Hugging Face's `tokenizers` reads it. Pairs of one score, which "llama" data may hold, go there by place in the list.
  std::string to_json() const;
  /// Of the lists that a GGUF or llama2.c file carries. @throws IoError naming data.name and the list
  static Tokenizer from_data(const TokenizerData& data);

  /// Special tokens in `text` are plain text unless allowed; add_special adds the tokens that the model wants around a text, as <s>.
  /// Cost: O(n log n) in the longest word.
  std::vector<std::int32_t> encode(std::string_view text, bool allow_special = false, bool add_special = false) const;
  /// The same with places. @throws ValueError for spans or cuts that are out of order or beyond the text
  Encoding encode_marked(std::string_view text, const EncodeOptions& options) const;
  /// The bytes; not valid UTF-8 if the ids cut a character. @throws IndexError for an unknown id
  std::string decode(std::span<const std::int32_t> ids, bool skip_special = true) const;
  /// The same as UTF-8, with U+FFFD where the bytes are none, as `tokenizers` puts them.
  std::string decode_text(std::span<const std::int32_t> ids, bool skip_special = true) const;

  std::int64_t vocab_size() const;
  /// The id of a special token. @throws ValueError where there is none of that name
  std::int32_t special_id(const std::string& token) const;
  bool has_special(const std::string& token) const;
  const std::vector<std::string>& special_tokens() const;
  /// On bytes: the token's bytes; on characters: as the file spells it. @throws IndexError
  const std::string& token(std::int32_t id) const;

  TokenizerConfig config;  // what tokenizer_config.json says

 private:
  explicit Tokenizer(std::shared_ptr<const detail_::Pipeline> pipeline);
  std::shared_ptr<const detail_::Pipeline> pipeline_;
};

/// Cuts text into GPT-2's words; they join to the text again.
std::vector<std::string_view> split_words(std::string_view text);

}  // namespace text

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/text/tokenizer.ipp"
#endif
