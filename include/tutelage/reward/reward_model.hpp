#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "tutelage/nn/head.hpp"
#include "tutelage/reward/reward_function.hpp"

TUTELAGE_BEGIN

namespace reward {

/// A transformer with one output: the score of a sequence is the head at its last token, times gain plus bias.
struct RewardModel {
  nn::TransformerWithHead<float> net;
  double gain = 1.0, bias = 0.0;  // set by calibrate(): mean 0 and variance 1 on reference samples

  RewardModel() = default;
  /// The trunk starts from a language model, the head from N(0, 1 / sqrt(C + 1)).
  RewardModel(const nn::Transformer& trunk, std::uint64_t seed);
  /// One score a sequence. Cost: one forward pass. @throws ValueError for an empty sequence
  std::vector<double> score(const nn::TokenBatch& sequences) const;
  /// Sets gain and bias so that `sequences` score with mean 0 and variance 1 (variance kept where it is 0).
  void calibrate(const nn::TokenBatch& sequences);
};

/// The model's score of prompt and response together, as a reward. The model is shared, not copied.
RewardFunction model_reward(RewardModel model);

/// Last-token scores (sequences), differentiable; gain and bias left out.
Tensor raw_scores(const nn::TransformerWithHead<float>& net, const nn::TokenBatch& sequences);

/// The members' mean of each sequence: scores are members x sequences. @throws StateError for no members
std::vector<double> mean_score(const std::vector<std::vector<double>>& scores);

/// Reward models that saw different resamples of the same judgements; where they differ, nobody knows yet.
struct RewardEnsemble {
  std::vector<RewardModel> members;
  /// members x sequences.
  std::vector<std::vector<double>> member_scores(const nn::TokenBatch& sequences) const;
  /// The members' mean, each already calibrated.
  std::vector<double> score(const nn::TokenBatch& sequences) const;
};

}  // namespace reward

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/reward/reward_model.ipp"
#endif
