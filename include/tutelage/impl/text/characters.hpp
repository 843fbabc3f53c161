#pragma once
#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include "tutelage/impl/text/unicode.hpp"

TUTELAGE_BEGIN

namespace text::detail_ {

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

/// The code point at `at` and its bytes; a byte that is not valid UTF-8 stands for itself, above all code points.
struct Code {
  std::uint32_t code;
  std::size_t size;
};
inline constexpr std::uint32_t kStray = 0x110000;  // + the byte

inline Code code_at(std::string_view s, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(s[i])); };
  const std::uint32_t b = byte(at);
  if (b < 0x80) return {b, 1};
  const std::size_t n = b >= 0xF0 && b < 0xF5 ? 4 : b >= 0xE0 && b < 0xF0 ? 3 : b >= 0xC2 && b < 0xE0 ? 2 : 0;
  if (n == 0 || at + n > s.size()) return {kStray + b, 1};
  std::uint32_t c = b & (0xFFu >> (n + 1));
  for (std::size_t i = 1; i < n; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return {kStray + b, 1};
    c = c << 6 | (byte(at + i) & 0x3F);
  }
  if ((n == 3 && (c < 0x800 || (c >= 0xD800 && c < 0xE000))) || (n == 4 && (c < 0x10000 || c >= 0x110000))) return {kStray + b, 1};
  return {c, n};
}

inline bool is_utf8(std::string_view s) {
  for (std::size_t at = 0; at < s.size();) {
    const Code c = code_at(s, at);
    if (c.code >= kStray) return false;
    at += c.size;
  }
  return true;
}

inline void append_code(std::string& to, std::uint32_t c) {
  const auto put = [&](std::uint32_t b) { to += static_cast<char>(b); };
  if (c >= kStray)
    put(c - kStray);
  else if (c < 0x80)
    put(c);
  else if (c < 0x800)
    put(0xC0 | c >> 6), put(0x80 | (c & 0x3F));
  else if (c < 0x10000)
    put(0xE0 | c >> 12), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  else
    put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 0x3F)), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
}

/// The bytes with U+FFFD for each longest beginning of a character that does not go on (Unicode's "maximal subpart").
inline std::string lossy_utf8(const std::string& s) {
  std::string out;
  for (std::size_t at = 0; at < s.size();) {
    const Code c = code_at(s, at);
    if (c.code < kStray) {
      out.append(s, at, c.size);
      at += c.size;
      continue;
    }
    out += "\xEF\xBF\xBD";
    const std::uint32_t b = c.code - kStray;
    const std::size_t n = b >= 0xF0 && b < 0xF5 ? 4 : b >= 0xE0 && b < 0xF0 ? 3 : b >= 0xC2 && b < 0xE0 ? 2 : 1;
    std::size_t taken = 1;
    for (; taken < n && at + taken < s.size(); ++taken) {
      const auto next = static_cast<unsigned char>(s[at + taken]);
      const unsigned least = taken == 1 && b == 0xE0 ? 0xA0 : taken == 1 && b == 0xF0 ? 0x90 : 0x80;
      const unsigned most = taken == 1 && b == 0xED ? 0x9F : taken == 1 && b == 0xF4 ? 0x8F : 0xBF;
      if (next < least || next > most) break;
    }
    at += taken;
  }
  return out;
}

/// What Digits cuts off.
inline bool is_numeric(std::uint32_t c) { return kind_of(c) == Kind::kNumber || (c >= 0x80 && in_ranges(c, kMoreNumerics)); }

inline bool is_word(std::uint32_t c) {
  if (c < 0x80) return c == '_' || kind_of(c) == Kind::kLetter || kind_of(c) == Kind::kNumber;
  return in_ranges(c, kOfWords);
}

/// Where the character before `end` begins.
inline std::size_t before(std::string_view s, std::size_t end) {
  for (std::size_t n = 4; n >= 2; --n)
    if (n <= end && code_at(s.substr(0, end), end - n).size == n) return end - n;
  return end - 1;
}

}  // namespace text::detail_

TUTELAGE_END
