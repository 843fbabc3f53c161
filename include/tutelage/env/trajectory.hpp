#pragma once
#include <vector>

#include "tutelage/config.hpp"

TUTELAGE_BEGIN

namespace env {

/// What was seen and done from a reset on, or a fragment of it.
struct Trajectory {
  std::vector<std::vector<double>> observations;  // one before each action, and the last one if it is known
  std::vector<std::vector<double>> actions;       // one a step; a discrete one has one number
  std::vector<double> rewards;                    // one a step, or none where they are not known
  bool terminated = false, truncated = false;     // how it ended, if it did
  bool operator==(const Trajectory&) const = default;
};

}  // namespace env

TUTELAGE_END
