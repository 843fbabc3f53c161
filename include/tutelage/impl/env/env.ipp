#pragma once
#include <cmath>

#include "tutelage/base/parallel.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/env/env.hpp"

TUTELAGE_BEGIN

namespace env {

TUTELAGE_INLINE Bandit::Bandit(std::vector<double> rewards, double noise)
    : rewards_(std::move(rewards)), noise_(noise), rng_(0, Purpose::kEnvironment) {
  if (rewards_.empty()) detail::fail<ValueError>("Bandit", "no arm", "0", "at least one");
  for (double r : rewards_)
    if (!std::isfinite(r)) detail::fail<ValueError>("Bandit", "reward is not finite", detail::str(r), "a finite number");
  if (!(noise >= 0) || !std::isfinite(noise)) detail::fail<ValueError>("Bandit", "noise is out of range", detail::str(noise), "0 or more");
}

TUTELAGE_INLINE std::vector<double> Bandit::reset(std::uint64_t seed) {
  rng_ = Rng(seed, Purpose::kEnvironment);
  running_ = true;
  return {1.0};
}

TUTELAGE_INLINE Step Bandit::step(std::int64_t action) {
  const FpStateGuard guard;
  if (!running_) detail::fail<StateError>("Bandit::step", "no episode is running", "step", "reset first");
  if (action < 0 || action >= num_actions())
    detail::fail<IndexError>("Bandit::step", "unknown action", detail::str(action), "0 to " + detail::str(num_actions() - 1));
  running_ = false;
  return {{1.0}, rewards_[static_cast<std::size_t>(action)] + noise_ * rng_.normal(), true, false};
}

}  // namespace env

TUTELAGE_END
