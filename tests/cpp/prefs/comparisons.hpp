#pragma once
#include <cstdint>
#include <utility>
#include <vector>

#include "tutelage/prefs/strengths.hpp"

/// Comparisons that the scripts behind the golden values repeat: a linear congruential generator; low ids win three times of four.
inline std::vector<tutelage::prefs::Comparison> some_comparisons(std::int64_t n_items, std::size_t m) {
  std::int64_t x = 12345;
  const auto next = [&] {
    x = (x * 1103515245 + 12345) % (std::int64_t{1} << 31);
    return x >> 8;
  };
  std::vector<tutelage::prefs::Comparison> data;
  while (data.size() < m) {
    const std::int64_t a = next() % n_items, b = next() % n_items;
    if (a == b) continue;
    const std::int64_t low = a < b ? a : b, high = a < b ? b : a;
    if (next() % 4)
      data.push_back({low, high});
    else
      data.push_back({high, low});
  }
  return data;
}
