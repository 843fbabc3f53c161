#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tutelage/base/rng.hpp"

TUTELAGE_BEGIN

namespace env {

/// What a step gave. An episode ends by itself (terminated) or is cut, as by a time limit (truncated).
struct Step {
  std::vector<double> observation;
  double reward = 0;
  bool terminated = false, truncated = false;
};

/// A world with a finite number of actions.
class Environment {
 public:
  virtual ~Environment() = default;
  virtual std::int64_t num_actions() const = 0;
  /// A new episode; the same seed gives the same episode. Returns the first observation.
  virtual std::vector<double> reset(std::uint64_t seed) = 0;
  /// @throws IndexError for an unknown action, StateError after the end
  virtual Step step(std::int64_t action) = 0;
};

/// One state, one step: arm a pays rewards[a] plus noise * N(0, 1). Its best policy under a KL penalty is known in closed form.
class Bandit final : public Environment {
 public:
  explicit Bandit(std::vector<double> rewards, double noise = 0.0);
  std::int64_t num_actions() const override { return static_cast<std::int64_t>(rewards_.size()); }
  std::vector<double> reset(std::uint64_t seed) override;
  Step step(std::int64_t action) override;

 private:
  std::vector<double> rewards_;
  double noise_;
  Rng rng_;
  bool running_ = false;
};

}  // namespace env

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/env/env.ipp"
#endif
