#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tutelage/impl/text/words.ipp"

TUTELAGE_BEGIN

namespace text::detail_ {

inline constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581, SentencePiece's space

struct AddedToken {
  std::int32_t id = 0;
  std::string content;
  bool single_word = false, lstrip = false, rstrip = false, normalized = false, special = false;
  bool blank = false;  // nothing but white space
};

struct NormalStep {
  enum class Kind { kNfc, kPrepend, kReplace } kind;
  std::string from, to;  // Prepend: to
};

struct CutStep {
  enum class Kind { kByteLevel, kDigits, kSplit, kMetaspace } kind;
  bool prefix = false;        // ByteLevel: a space before; Metaspace: its mark before each part
  bool prefix_first = false;  // Metaspace: before the first part only
  bool cut = true;            // ByteLevel: by GPT-2's words; Digits: each digit; Metaspace: at its marks
  Words words = Words::kGpt2;
  std::string mark;
};

struct DecodeStep {
  enum class Kind { kByteLevel, kReplace, kByteFallback, kFuse, kStrip, kMetaspace } kind;
  std::string from, to;  // Strip: from; Metaspace: from is the mark
  std::size_t start = 0, stop = 0;
  bool first = false;  // Metaspace: the first token loses its mark
};

/// Finds the longest of many words that begin at a place.
class Trie {
 public:
  void add(std::string_view word, std::int32_t id) {
    std::uint32_t node = 0;
    for (unsigned char b : word)
      node = next_.try_emplace(static_cast<std::uint64_t>(node) << 8 | b, static_cast<std::uint32_t>(++nodes_)).first->second;
    if (words_.size() <= nodes_) words_.resize(nodes_ + 1, -1);
    words_[node] = id;
    first_[static_cast<unsigned char>(word[0])] = true;
  }
  bool empty() const { return nodes_ == 0; }
  /// The id of the longest word at `at` that `fits(id, end)`, or -1.
  template <class F> std::int32_t longest(std::string_view s, std::size_t at, std::size_t& end, F&& fits) const {
    std::int32_t found = -1;
    if (!first_[static_cast<unsigned char>(s[at])]) return found;
    std::uint32_t node = 0;
    for (std::size_t i = at; i < s.size(); ++i) {
      const auto it = next_.find(static_cast<std::uint64_t>(node) << 8 | static_cast<unsigned char>(s[i]));
      if (it == next_.end()) break;
      node = it->second;
      if (words_[node] >= 0 && fits(words_[node], i + 1)) found = words_[node], end = i + 1;
    }
    return found;
  }

 private:
  std::unordered_map<std::uint64_t, std::uint32_t> next_;  // node << 8 | byte; only looked up
  std::vector<std::int32_t> words_{-1};
  std::array<bool, 256> first_{};
  std::size_t nodes_ = 0;
};

struct Merge {
  std::int32_t rank, id;
};
inline std::uint64_t pair_key(std::int32_t a, std::int32_t b) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(a)) << 32 | static_cast<std::uint32_t>(b);
}

/// All that a tokenizer reads text by. The first part is what files hold, the second is made of it by `complete`.
struct Pipeline {
  std::vector<std::string> pieces;  // by id, as the vocabulary spells them
  std::size_t model_size = 0;       // of these the model's own; after them added tokens alone
  std::vector<std::pair<std::int32_t, std::int32_t>> merges;
  std::vector<std::int32_t> merge_ranks;  // empty: their order
  std::vector<AddedToken> added;          // by id
  std::string unk_token;                  // empty: none
  bool fuse_unk = false, byte_fallback = false, ignore_merges = false;
  std::string normalizer = "null", pre_tokenizer = "null", post_processor = "null", decoder = "null";  // JSON

  std::vector<NormalStep> normal;
  std::vector<CutStep> cut;
  std::vector<DecodeStep> decode;
  std::vector<std::int32_t> before, after;  // ids around a text
  bool byte_level = false;                  // words are bytes, not characters
  std::vector<std::string> tokens;          // what each id decodes to alone, before the decoder's other steps
  std::vector<std::int32_t> added_at;       // of each id: its place among the added tokens, or -1
  std::vector<std::string> special;
  std::int32_t unk = -1;
  std::vector<std::string> words;                            // on bytes: the model's pieces as they stand in a text
  std::array<std::int32_t, 256> byte_id{};                   // of one byte: its token, or -1
  std::unordered_map<std::string_view, std::int32_t> id_of;  // the model's words, as they stand in a text; only looked up, as the next
  std::unordered_map<std::uint64_t, Merge> merge_of;
  Trie raw, normalized;

  /// @throws IoError naming `name`
  void complete(const std::string& name);
};

/// Byte -> code point of GPT-2's printable form: printable Latin-1 stands for itself, the others are 256 and up.
inline const std::array<std::uint32_t, 256>& byte_characters() {
  static const auto table = [] {
    std::array<std::uint32_t, 256> t{};
    std::uint32_t next = 256;
    for (std::uint32_t b = 0; b < 256; ++b) t[b] = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174 ? b : next++;
    return t;
  }();
  return table;
}

inline std::string printable(std::string_view bytes) {
  std::string s;
  for (unsigned char b : bytes) append_code(s, byte_characters()[b]);
  return s;
}

/// The bytes that a printable form stands for; false where it is none.
inline bool unprintable(std::string_view s, std::string& bytes) {
  static const auto back = [] {
    std::array<std::int16_t, 324> t{};
    t.fill(-1);
    for (std::size_t b = 0; b < 256; ++b) t[byte_characters()[b]] = static_cast<std::int16_t>(b);
    return t;
  }();
  bytes.clear();
  for (std::size_t at = 0; at < s.size();) {
    const Code c = code_at(s, at);
    if (c.code >= back.size() || back[c.code] < 0) return false;
    bytes += static_cast<char>(back[c.code]);
    at += c.size;
  }
  return true;
}

/// "<0x0A>" as SentencePiece names a byte; -1 for anything else.
inline int named_byte(std::string_view piece) {
  if (piece.size() != 6 || piece.substr(0, 3) != "<0x" || piece[5] != '>') return -1;
  int value = 0;
  for (char c : piece.substr(3, 2)) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

}  // namespace text::detail_

TUTELAGE_END
