#pragma once
#include <array>
#include <cstdint>
#include <span>

#include "tutelage/config.hpp"

TUTELAGE_BEGIN

/// What a random number is for; part of its counter, so that no two uses share numbers.
enum class Purpose : std::uint32_t { kInit = 1, kSample, kShuffle, kDropout, kAnnotator, kQuery, kEnvironment, kEnsemble, kUser = 64 };

/// Philox4x32-10 (Salmon et al., SC 2011): four words from a key and a counter.
std::array<std::uint32_t, 4> philox(std::uint64_t key, std::array<std::uint32_t, 4> counter);

/// A stream of random numbers that depends only on (seed, purpose, sample, item, step) and on how many were drawn.
/// Counter words: 0 = position << 8 | draw, where a plain stream counts word 0 up; 1 = item; 2 = step; 3 = purpose << 24 | sample.
class Rng {
 public:
  Rng(std::uint64_t seed, Purpose purpose, std::uint32_t item = 0, std::uint32_t step = 0, std::uint32_t sample = 0, std::uint32_t position = 0);
  std::uint32_t bits();
  double uniform();                      // [0, 1), 53 bits
  double normal();                       // N(0, 1), Box-Muller on our own log and cos
  std::uint64_t below(std::uint64_t n);  // [0, n), unbiased
  /// Fisher-Yates, in place.
  void shuffle(std::span<std::int64_t> values);

 private:
  std::uint64_t seed_;
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 4> block_{};
  int used_ = 4;
};

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/base/rng.ipp"
#endif
