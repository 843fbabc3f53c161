#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "tutelage/base/fail.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace detail {

TUTELAGE_INLINE std::string str(double x) { return fmt::format("{}", x); }
TUTELAGE_INLINE std::string str(std::int64_t x) { return fmt::format("{}", x); }

TUTELAGE_INLINE std::string message(const std::string& function, const std::string& wrong, const std::string& got, const std::string& expected,
                                    const std::string& hint) {
  std::string text = fmt::format("{}: {}: got {}, expected {}", function, wrong, got, expected);
  if (!hint.empty()) text += fmt::format(". {}", hint);
  return text;
}

/// Edits between a and b: insert, drop, replace, or swap two neighbours (optimal string alignment).
TUTELAGE_INLINE std::size_t edit_distance(const std::string& a, const std::string& b) {
  const std::size_t width = b.size() + 1;
  std::vector<std::size_t> d((a.size() + 1) * width);
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      std::size_t& cell = d[i * width + j];
      if (i == 0 || j == 0) {
        cell = i + j;
        continue;
      }
      cell = std::min({d[(i - 1) * width + j] + 1, d[i * width + j - 1] + 1, d[(i - 1) * width + j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) cell = std::min(cell, d[(i - 2) * width + j - 2] + 1);
    }
  }
  return d.back();
}

TUTELAGE_INLINE std::string nearest(const std::string& word, const std::string* known, std::size_t count) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;  // beyond a third of the word a suggestion is a guess
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t distance = edit_distance(word, known[i]);
    if (distance < best_distance && distance < std::max(word.size(), known[i].size())) {
      best = known[i];
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace detail

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
