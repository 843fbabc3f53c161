#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tutelage/nn/mlp.hpp"

TUTELAGE_BEGIN

namespace reward {

/// Behaviours end to end, each one step or more: trajectories, fragments of them, or single items with given features.
struct Behaviours {
  Tensor inputs;                         // (steps, C): what the reward of a step is computed from
  std::vector<std::int64_t> offsets{0};  // behaviour i is steps [offsets[i], offsets[i + 1])
  std::int64_t count() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
  /// Of one step each: a row of features an item.
  static Behaviours items(Tensor features);
  /// Those numbered, in that order. @throws IndexError
  Behaviours subset(std::span<const std::int64_t> ids) const;
  /// @throws ShapeError for offsets that do not cover the inputs; ValueError for none, an empty one, or an input that is not finite
  void check(const char* function) const;
};

/// What a step's reward may depend on.
struct StepFields {
  bool state = true, action = true, next_state = false, done = false;
};
/// The inputs of steps, (M, C): of states (M, S), actions (M, A; a discrete one as one-hot), next_states (M, S) and dones (M) those in `fields`, side
/// by side in this order. Tensors that are not asked for may be empty. @throws ShapeError; ValueError for no field
Tensor step_inputs(const Tensor& states, const Tensor& actions, const Tensor& next_states, const Tensor& dones, const StepFields& fields = {});

struct StateRewardConfig {
  std::int64_t input_size = 0;                     // C
  std::vector<std::int64_t> hidden_sizes{32, 32};  // none: linear in the inputs
  std::string activation = "relu";                 // tanh, relu or silu
  std::int64_t members = 1;                        // an ensemble where more than one: same shape, each its own start
  bool per_step = false;                           // a behaviour counts the mean of its steps' rewards; else their sum
  void validate() const;                           // @throws ConfigError
};

/// Rewards of steps by one small network, or by an ensemble of them that is computed and trained in one batched pass.
struct StateRewardModel {
  StateRewardConfig config;
  nn::MLP net;
  std::vector<double> gain, bias;  // of each member's step rewards, set by calibrate()

  StateRewardModel() = default;
  /// Weights and biases start uniform within +- 1 / sqrt(inputs). @throws ConfigError
  StateRewardModel(const StateRewardConfig& config, std::uint64_t seed);
  /// What the members say of each behaviour before gain and bias, (behaviours, members): what Bradley-Terry compares. Differentiable by `with`.
  Tensor returns(const nn::MLP& with, const Behaviours& behaviours) const;
  Tensor returns(const Behaviours& behaviours) const { return returns(net, behaviours); }
  /// The reward of each step of inputs (M, C): the mean over members, each normalised first by its gain and bias. @throws ShapeError
  std::vector<double> reward(const Tensor& inputs) const;
  /// Sets gain and bias so that each member's rewards of these steps have mean 0 and variance 1. A constant added to every step changes which
  /// behaviour is best where their lengths differ: calibrate on what is typical, or train by comparisons of unequal lengths. @throws ShapeError,
  /// ValueError
  void calibrate(const Tensor& inputs);
  /// P(a better than b) by the members' mean: (pairs). @throws IndexError
  std::vector<double> probabilities(const Behaviours& behaviours, std::span<const std::int64_t> a, std::span<const std::int64_t> b) const;
};

}  // namespace reward

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/reward/state_reward.ipp"
#endif
