#pragma once
#include <cstdint>

#include "tutelage/config.hpp"

TUTELAGE_BEGIN

namespace prefs {

enum class Side { kUnknown, kFirst, kSecond };

/// `winner` was preferred to `loser`, both in 0 to n_items - 1.
struct Comparison {
  std::int64_t winner = 0, loser = 0;
  double weight = 1.0;
  Side side = Side::kUnknown;  // where the winner was shown
  double probability = 1.0;    // that the winner is the better: a soft label
  double margin = 0.0;         // by which it is better
  double error_rate = 0.0;     // chance that the answer is a mistake
  bool tie = false;            // as good as each other; neither won
};

}  // namespace prefs

TUTELAGE_END
