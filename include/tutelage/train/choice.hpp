#pragma once
#include <cstddef>
#include <cstdint>

#include "tutelage/config.hpp"

TUTELAGE_BEGIN

namespace train {

/// A judgement of two items, by number: behaviours of a StateRewardModel, rows of features of a LinearReward.
struct Choice {
  std::int64_t first = 0, second = 0;
  double probability = 1.0;  // that the first is the better one; 0.5: a tie
  double weight = 1.0;       // 2: as if it were given twice
  double error_rate = 0.0;   // how often who gave it errs, 0 to below 0.5

  /// i: its place in a list, for the message; items: how many there are. @throws IndexError; ValueError for an item with itself, a number out of
  /// range
  void check(const char* function, std::size_t i, std::int64_t items) const;
};

}  // namespace train

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/train/choice.ipp"
#endif
