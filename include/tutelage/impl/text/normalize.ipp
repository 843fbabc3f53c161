#pragma once
#include <string>
#include <unordered_map>
#include <vector>

#include "tutelage/impl/text/characters.hpp"
#include "tutelage/impl/text/normal_forms.hpp"

// Normal form C (Unicode Standard Annex 15), with the place each byte came from.

TUTELAGE_BEGIN

namespace text::detail_ {

/// A text, and for each byte the place it came from, where that is asked for.
struct Placed {
  std::string bytes;
  std::vector<std::uint32_t> from;
};

class NormalForms {
 public:
  static const NormalForms& get() {
    static const NormalForms forms;
    return forms;
  }

  Placed compose(std::string_view s, const std::uint32_t* from) const {
    std::vector<Mark> marks;
    for (std::size_t at = 0; at < s.size();) {
      const Code c = code_at(s, at);
      decompose(c.code, from ? from[at] : 0, marks);
      at += c.size;
    }
    for (std::size_t i = 0; i < marks.size();) {  // marks of one character by their classes, otherwise as they stood
      std::size_t end = i + 1;
      if (marks[i].combining) {
        while (end < marks.size() && marks[end].combining) ++end;
        std::stable_sort(marks.begin() + static_cast<std::ptrdiff_t>(i), marks.begin() + static_cast<std::ptrdiff_t>(end),
                         [](const Mark& a, const Mark& b) { return a.combining < b.combining; });
      }
      i = end;
    }
    std::size_t kept = 0, starter = 0;
    bool any = false;  // a starter stands before
    int last = -1;     // the class of what was kept after it
    for (const Mark m : marks) {
      if (any && (last < m.combining || last == -1))
        if (const std::uint32_t whole = composed(marks[starter].code, m.code)) {
          marks[starter].code = whole;
          continue;
        }
      if (m.combining == 0)
        starter = kept, any = true, last = -1;
      else
        last = m.combining;
      marks[kept++] = m;
    }
    marks.resize(kept);
    Placed out;
    out.bytes.reserve(s.size());
    for (const Mark& m : marks) {
      append_code(out.bytes, m.code);
      if (from) out.from.resize(out.bytes.size(), m.from);
    }
    return out;
  }

 private:
  struct Mark {
    std::uint32_t code, from;
    int combining;
  };
  static constexpr std::uint32_t kS = 0xAC00, kL = 0x1100, kV = 0x1161, kT = 0x11A7;  // Hangul syllables and their parts

  NormalForms() {
    const auto triples = [&](std::span<const std::uint32_t> t, bool composes) {
      for (std::size_t i = 0; i < t.size(); i += 3) {
        parts_[t[i]] = {t[i + 1], t[i + 2]};
        if (composes) whole_[static_cast<std::uint64_t>(t[i + 1]) << 32 | t[i + 2]] = t[i];
      }
    };
    triples(kComposed, true);
    triples(kApart, false);
    const std::span<const std::uint32_t> runs(kSingles);
    for (std::size_t i = 0; i < runs.size(); i += 2 + runs[i + 1])
      for (std::uint32_t k = 0; k < runs[i + 1]; ++k) parts_[runs[i] + k] = {runs[i + 2 + k], 0};
  }
  static int combining(std::uint32_t c) {
    if (c < 0x300) return 0;
    constexpr std::size_t n = std::size(kCombining) / 3;
    std::size_t low = 0, high = n;  // the first run that begins after c
    while (low < high) {
      const std::size_t mid = (low + high) / 2;
      if (kCombining[3 * mid] > c)
        high = mid;
      else
        low = mid + 1;
    }
    return low > 0 && c <= kCombining[3 * low - 2] ? static_cast<int>(kCombining[3 * low - 1]) : 0;
  }
  void decompose(std::uint32_t c, std::uint32_t from, std::vector<Mark>& out) const {
    if (c >= 0xC0) {
      if (c >= kS && c < kS + 11172) {
        out.push_back({kL + (c - kS) / 588, from, 0});
        out.push_back({kV + (c - kS) % 588 / 28, from, 0});
        if ((c - kS) % 28) out.push_back({kT + (c - kS) % 28, from, 0});
        return;
      }
      if (const auto it = parts_.find(c); it != parts_.end()) {
        decompose(it->second.first, from, out);
        if (it->second.second) decompose(it->second.second, from, out);
        return;
      }
    }
    out.push_back({c, from, combining(c)});
  }
  std::uint32_t composed(std::uint32_t a, std::uint32_t b) const {
    if (a >= kL && a < kL + 19 && b >= kV && b < kV + 21) return kS + ((a - kL) * 21 + b - kV) * 28;
    if (a >= kS && a < kS + 11172 && (a - kS) % 28 == 0 && b > kT && b < kT + 28) return a + b - kT;
    if (b < 0x300) return 0;  // no second part is below
    const auto it = whole_.find(static_cast<std::uint64_t>(a) << 32 | b);
    return it == whole_.end() ? 0 : it->second;
  }

  std::unordered_map<std::uint32_t, std::pair<std::uint32_t, std::uint32_t>> parts_;  // only looked up, as the next
  std::unordered_map<std::uint64_t, std::uint32_t> whole_;
};

}  // namespace text::detail_

TUTELAGE_END
