#pragma once
#include <cmath>
#include <utility>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/base/rng.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

TUTELAGE_INLINE std::array<std::uint32_t, 4> philox(std::uint64_t key, std::array<std::uint32_t, 4> counter) {
  std::uint32_t k0 = static_cast<std::uint32_t>(key);
  std::uint32_t k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * counter[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57u} * counter[2];
    counter = {static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ k0, static_cast<std::uint32_t>(p1),
               static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ k1, static_cast<std::uint32_t>(p0)};
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return counter;
}

TUTELAGE_INLINE Rng::Rng(std::uint64_t seed, Purpose purpose, std::uint32_t item, std::uint32_t step, std::uint32_t sample, std::uint32_t position)
    : seed_(seed), counter_{position << 8, item, step, (static_cast<std::uint32_t>(purpose) << 24) | sample} {
  constexpr std::uint32_t kMost = 1u << 24;
  if (static_cast<std::uint32_t>(purpose) > 255)
    detail::fail<ValueError>("Rng", "purpose does not fit its byte", detail::str(static_cast<std::int64_t>(purpose)), "at most 255");
  if (sample >= kMost)
    detail::fail<ValueError>("Rng", "sample does not fit 24 bits", detail::str(static_cast<std::int64_t>(sample)), "below 16777216");
  if (position >= kMost)
    detail::fail<ValueError>("Rng", "position does not fit 24 bits", detail::str(static_cast<std::int64_t>(position)), "below 16777216");
}

TUTELAGE_INLINE std::uint32_t Rng::bits() {
  if (used_ == 4) {
    block_ = philox(seed_, counter_);
    ++counter_[0];
    used_ = 0;
  }
  return block_[static_cast<std::size_t>(used_++)];
}

TUTELAGE_INLINE double Rng::uniform() {
  const std::uint64_t high = bits() >> 5;  // 27 bits
  const std::uint64_t low = bits() >> 6;   // 26 bits
  return static_cast<double>((high << 26) | low) * 0x1p-53;
}

TUTELAGE_INLINE double Rng::normal() {
  const double u = 1.0 - uniform();  // (0, 1]: the log is finite
  const double v = uniform();
  return std::sqrt(-2.0 * math::log(u)) * math::cos(6.283185307179586477 * v);
}

TUTELAGE_INLINE std::uint64_t Rng::below(std::uint64_t n) {
  if (n == 0) detail::fail<ValueError>("Rng::below", "the range is empty", "n = 0", "n >= 1");
  const std::uint64_t first_fair = (0 - n) % n;  // 2^64 mod n: what lies below would favour the small values
  for (;;) {
    const std::uint64_t high = bits();
    const std::uint64_t x = (high << 32) | bits();
    if (x >= first_fair) return x % n;
  }
}

TUTELAGE_INLINE void Rng::shuffle(std::span<std::int64_t> values) {
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[static_cast<std::size_t>(below(i))]);
}

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
