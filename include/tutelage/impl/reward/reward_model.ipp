#pragma once
#include <cmath>
#include <memory>

#include "tutelage/base/parallel.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/reward/calibration.hpp"
#include "tutelage/reward/reward_model.hpp"

TUTELAGE_BEGIN

namespace reward {

TUTELAGE_INLINE RewardModel::RewardModel(const nn::Transformer& trunk, std::uint64_t seed)
    : net{trunk, nn::ScalarHead<float>(trunk.config.hidden_size, 1.0 / std::sqrt(static_cast<double>(trunk.config.hidden_size) + 1.0), seed)} {}

TUTELAGE_INLINE Tensor raw_scores(const nn::TransformerWithHead<float>& net, const nn::TokenBatch& sequences) {
  std::vector<std::int64_t> last;
  for (std::size_t i = 1; i < sequences.offsets.size(); ++i) last.push_back(sequences.offsets[i] - 1);
  return net.head(ops::rows(net.trunk.hidden(sequences), last));
}

TUTELAGE_INLINE std::vector<double> RewardModel::score(const nn::TokenBatch& sequences) const {
  const FpStateGuard guard;
  const Tensor raw = raw_scores(net, sequences);
  std::vector<double> scores;
  for (float r : raw.span()) scores.push_back(static_cast<double>(r) * gain + bias);
  return scores;
}

TUTELAGE_INLINE void RewardModel::calibrate(const nn::TokenBatch& sequences) {
  gain = 1, bias = 0;
  const auto fitted = calibration(score(sequences));
  gain = fitted.gain, bias = fitted.bias;
}

TUTELAGE_INLINE RewardFunction model_reward(RewardModel model) {
  return [model = std::make_shared<const RewardModel>(std::move(model))](std::span<const Episode> episodes) {
    nn::TokenBatch sequences;
    for (const auto& e : episodes) {
      std::vector<std::int32_t> whole(e.prompt_ids.begin(), e.prompt_ids.end());
      whole.insert(whole.end(), e.response_ids.begin(), e.response_ids.end());
      sequences.add(whole);
    }
    return model->score(sequences);
  };
}

TUTELAGE_INLINE std::vector<std::vector<double>> RewardEnsemble::member_scores(const nn::TokenBatch& sequences) const {
  const FpStateGuard guard;
  std::vector<std::vector<double>> scores;
  for (const auto& m : members) scores.push_back(m.score(sequences));
  return scores;
}

TUTELAGE_INLINE std::vector<double> mean_score(const std::vector<std::vector<double>>& scores) {
  const FpStateGuard guard;
  if (scores.empty()) detail::fail<StateError>("mean_score", "no members", "0", "at least one fitted member");
  std::vector<double> mean(scores.front().size(), 0.0);
  for (const auto& row : scores)
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] = mean[i] + row[i];
  for (double& m : mean) m = m / static_cast<double>(scores.size());
  return mean;
}

TUTELAGE_INLINE std::vector<double> RewardEnsemble::score(const nn::TokenBatch& sequences) const { return mean_score(member_scores(sequences)); }

}  // namespace reward

TUTELAGE_END
