#pragma once
#include <algorithm>

#include "tutelage/impl/text/unicode.hpp"
#include "tutelage/text/tokenizer.hpp"

TUTELAGE_BEGIN

namespace text {

namespace detail_ {

enum class Kind { kLetter, kNumber, kSpace, kOther };

inline bool in_ranges(std::uint32_t c, std::span<const CodeRange> ranges) {
  const auto it = std::upper_bound(ranges.begin(), ranges.end(), c, [](std::uint32_t x, const CodeRange& r) { return x < r.first; });
  return it != ranges.begin() && c <= std::prev(it)->last;
}

inline Kind kind_of(std::uint32_t c) {
  if (c < 0x80) {
    if ((c | 32) >= 'a' && (c | 32) <= 'z') return Kind::kLetter;
    if (c >= '0' && c <= '9') return Kind::kNumber;
    return c == ' ' || (c >= 9 && c <= 13) ? Kind::kSpace : Kind::kOther;
  }
  if (c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
      c == 0x3000)
    return Kind::kSpace;
  if (in_ranges(c, kLetters)) return Kind::kLetter;
  return in_ranges(c, kNumbers) ? Kind::kNumber : Kind::kOther;
}

struct Character {
  Kind kind;
  std::size_t size;  // bytes
};

/// The character at `at`; a byte that is not valid UTF-8 stands for itself, as `other`.
inline Character character(std::string_view s, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(s[i])); };
  const std::uint32_t b = byte(at);
  if (b < 0x80) return {kind_of(b), 1};
  const std::size_t n = b >= 0xF0 && b < 0xF5 ? 4 : b >= 0xE0 && b < 0xF0 ? 3 : b >= 0xC2 && b < 0xE0 ? 2 : 0;
  if (n == 0 || at + n > s.size()) return {Kind::kOther, 1};
  std::uint32_t c = b & (0xFFu >> (n + 1));
  for (std::size_t i = 1; i < n; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return {Kind::kOther, 1};
    c = c << 6 | (byte(at + i) & 0x3F);
  }
  return {kind_of(c), n};
}

}  // namespace detail_

// 's|'t|'re|'ve|'m|'ll|'d| ?letters+| ?numbers+| ?others+|spaces+(?!not space)|spaces+
TUTELAGE_INLINE std::vector<std::string_view> split_words(std::string_view s) {
  using detail_::Kind;
  std::vector<std::string_view> words;
  const auto run = [&](std::size_t at, Kind kind) {
    while (at < s.size()) {
      const auto c = detail_::character(s, at);
      if (c.kind != kind) break;
      at += c.size;
    }
    return at;
  };
  for (std::size_t i = 0; i < s.size();) {
    std::size_t end = i;
    if (s[i] == '\'') {
      for (std::string_view tail : {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"})
        if (s.substr(i, tail.size()) == tail) {
          end = i + tail.size();
          break;
        }
    }
    if (end == i) {
      const std::size_t start = s[i] == ' ' && i + 1 < s.size() && detail_::character(s, i + 1).kind != Kind::kSpace ? i + 1 : i;
      const auto first = detail_::character(s, start);
      end = run(start, first.kind);
      if (first.kind == Kind::kSpace && end < s.size()) {  // leave the last space to the word that follows
        std::size_t last = i;
        for (std::size_t at = i; at < end; at += detail_::character(s, at).size) last = at;
        if (last > i) end = last;
      }
    }
    words.push_back(s.substr(i, end - i));
    i = end;
  }
  return words;
}

}  // namespace text

TUTELAGE_END
