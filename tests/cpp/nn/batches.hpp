#pragma once
// Batches and comparisons by bits.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "tutelage/nn/transformer.hpp"

inline tutelage::nn::TokenBatch batch_of(const std::vector<std::vector<std::int32_t>>& all) {
  tutelage::nn::TokenBatch b;
  for (const auto& s : all) b.add(s);
  return b;
}

inline bool same_bytes(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](float x, float y) { return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y); });
}
