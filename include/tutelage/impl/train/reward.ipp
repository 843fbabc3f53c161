#pragma once
#include <cmath>

#include "tutelage/base/parallel.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/impl/train/sft.ipp"
#include "tutelage/reward/bradley_terry.hpp"
#include "tutelage/train/reward.hpp"

TUTELAGE_BEGIN

namespace train {

namespace detail_ {
inline nn::TokenBatch sides(std::span<const Pair> pairs) {  // chosen, rejected, chosen, rejected, ...
  nn::TokenBatch batch;
  for (const auto& p : pairs) {
    batch.add(p.chosen);
    batch.add(p.rejected);
  }
  return batch;
}

inline void check_pairs(const char* function, std::span<const Pair> pairs, const nn::TransformerConfig& config) {
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto& p = pairs[i];
    check_sequence(function, i, p.chosen, config);
    check_sequence(function, i, p.rejected, config);
    if (!(p.probability >= 0 && p.probability <= 1))
      detail::fail<ValueError>(function, "probability of pair " + detail::str(i) + " is out of range", detail::str(p.probability), "0 to 1");
    if (!(p.weight >= 0) || !std::isfinite(p.weight))
      detail::fail<ValueError>(function, "weight of pair " + detail::str(i) + " is out of range", detail::str(p.weight), "0 or more");
  }
}

/// scores: of the pairs' sides, (2 N).
inline Tensor pair_terms(const Tensor& scores, std::span<const Pair> pairs, const RewardConfig& config, double factor) {
  std::vector<std::int64_t> even, odd;
  reward::PairOptions<float> options;
  const auto n = static_cast<std::int64_t>(pairs.size());
  options.probability = Tensor::uninitialized({n});
  options.weight = Tensor::uninitialized({n});
  for (std::int64_t i = 0; i < n; ++i) {
    even.push_back(2 * i);
    odd.push_back(2 * i + 1);
    options.probability.mutable_data()[i] = static_cast<float>(pairs[static_cast<std::size_t>(i)].probability);
    options.weight.mutable_data()[i] = static_cast<float>(pairs[static_cast<std::size_t>(i)].weight);
  }
  options.center_coef = config.center_coef;
  options.error_rate = config.error_rate;
  return reward::bradley_terry_terms(ops::rows(scores, even), ops::rows(scores, odd), factor, options);
}

/// The sum of the weights. @throws ValueError where there is none
inline double pair_weight(const char* function, std::span<const Pair> pairs) {
  double count = 0;
  for (const auto& p : pairs) count = count + p.weight;
  if (!(count > 0)) detail::fail<ValueError>(function, "no pair with a weight", detail::str(count), "more than 0");
  return count;
}

/// Of the scores of all sides, as they stand.
inline RewardStats reward_stats(const std::vector<float>& scores) {
  RewardStats s;
  std::vector<double> margins, all(scores.begin(), scores.end());
  double right = 0;
  for (std::size_t i = 0; i + 1 < scores.size(); i += 2) {
    margins.push_back(all[i] - all[i + 1]);
    right += scores[i] > scores[i + 1] ? 1.0 : scores[i] == scores[i + 1] ? 0.5 : 0.0;
  }
  s.accuracy = right / static_cast<double>(margins.size());
  s.margin = kernels::sum16_double(margins.data(), static_cast<std::int64_t>(margins.size())) / static_cast<double>(margins.size());
  s.mean_reward = kernels::sum16_double(all.data(), static_cast<std::int64_t>(all.size())) / static_cast<double>(all.size());
  return s;
}
}  // namespace detail_

TUTELAGE_INLINE void RewardConfig::validate() const {
  EpochConfig::validate("RewardConfig");
  const auto need = [](bool ok, const char* field, double got, const char* expected) {
    if (!ok || !std::isfinite(got)) detail::fail<ConfigError>("RewardConfig", std::string(field) + " is out of range", detail::str(got), expected);
  };
  need(center_coef >= 0, "center_coef", center_coef, "0 or more");
  need(error_rate >= 0 && error_rate < 0.5, "error_rate", error_rate, "0 to below 0.5");
}

TUTELAGE_INLINE RewardTrainer::RewardTrainer(reward::RewardModel model, RewardConfig config)
    : RewardTrainer(RewardState{std::move(model), {}}, std::move(config)) {}

TUTELAGE_INLINE RewardTrainer::RewardTrainer(RewardState state, RewardConfig config)
    : model_(std::move(state.model)), config_(std::move(config)), optimizer_(config_.optimizer), position_(state.position) {
  config_.validate();
  optimizer_.state() = std::move(state.optimizer);
}

TUTELAGE_INLINE RewardStats RewardTrainer::step(std::span<const Pair> pairs, double lr_factor) {
  const FpStateGuard guard;
  detail_::check_pairs("RewardTrainer::step", pairs, model_.net.trunk.config);
  const double count = detail_::pair_weight("RewardTrainer::step", pairs);
  std::vector<float> scores;
  GradAccumulator<float, nn::TransformerWithHead<float>> acc(model_.net);
  detail_::micro_batches(static_cast<std::int64_t>(pairs.size()), config_.micro_batch_size, [&](std::int64_t begin, std::int64_t end) {
    const nn::TrainingStep at{static_cast<std::uint32_t>(optimizer_.state().step), static_cast<std::uint32_t>(2 * begin)};
    acc.add(
        [&](const nn::TransformerWithHead<float>& net, std::span<const Pair> part) {
          auto batch = detail_::sides(part);
          batch.training = at;
          const Tensor raw = reward::raw_scores(net, batch);
          scores.insert(scores.end(), raw.span().begin(), raw.span().end());
          return detail_::pair_terms(raw, part, config_, 1.0 / count);
        },
        pairs.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)));
  });
  const auto result = acc.finish();
  RewardStats stats = detail_::reward_stats(scores);
  stats.loss = result.value;
  stats.grad_norm = detail_::finite_step("RewardTrainer::step", optimizer_, model_.net, result, lr_factor);
  return stats;
}

TUTELAGE_INLINE RewardStats RewardTrainer::evaluate(std::span<const Pair> pairs) const {
  const FpStateGuard guard;
  detail_::check_pairs("RewardTrainer::evaluate", pairs, model_.net.trunk.config);
  const double count = detail_::pair_weight("RewardTrainer::evaluate", pairs);
  std::vector<float> scores, terms;
  detail_::micro_batches(static_cast<std::int64_t>(pairs.size()), 32, [&](std::int64_t begin, std::int64_t end) {
    const auto part = pairs.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
    const Tensor raw = reward::raw_scores(model_.net, detail_::sides(part));
    scores.insert(scores.end(), raw.span().begin(), raw.span().end());
    const Tensor loss = detail_::pair_terms(raw, part, config_, 1.0 / count);
    terms.insert(terms.end(), loss.span().begin(), loss.span().end());
  });
  RewardStats stats = detail_::reward_stats(scores);
  stats.loss = kernels::sum16_double(terms.data(), static_cast<std::int64_t>(terms.size()));
  return stats;
}

TUTELAGE_INLINE RewardStats RewardTrainer::train(std::span<const Pair> pairs, const RunOptions& run) {
  const FpStateGuard guard;
  if (pairs.empty()) detail::fail<ValueError>("RewardTrainer::train", "no pair", "0", "at least one");
  detail_::check_pairs("RewardTrainer::train", pairs, model_.net.trunk.config);
  return detail_::epoch_loop<RewardStats>("reward", config_, pairs, position_, run,
                                          [&](auto items, auto, double lr_factor) { return step(items, lr_factor); });
}

TUTELAGE_INLINE double pair_accuracy(const reward::RewardEnsemble& ensemble, std::span<const Pair> pairs) {
  const FpStateGuard guard;
  if (pairs.empty()) detail::fail<ValueError>("pair_accuracy", "no pair", "0", "at least one");
  const auto scores = ensemble.score(detail_::sides(pairs));
  double right = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) right += scores[2 * i] > scores[2 * i + 1] ? 1.0 : scores[2 * i] == scores[2 * i + 1] ? 0.5 : 0.0;
  return right / static_cast<double>(pairs.size());
}

TUTELAGE_INLINE reward::RewardEnsemble fit_ensemble(const nn::Transformer& trunk, std::span<const Pair> pairs, std::int64_t members,
                                                    const RewardConfig& config, const RunOptions& run) {
  const FpStateGuard guard;
  if (pairs.empty()) detail::fail<ValueError>("fit_ensemble", "no pair", "0", "at least one");
  if (members < 1) detail::fail<ValueError>("fit_ensemble", "no member", detail::str(members), "at least one");
  reward::RewardEnsemble ensemble;
  for (std::int64_t k = 0; k < members; ++k) {
    Rng rng(config.seed, Purpose::kEnsemble, static_cast<std::uint32_t>(k));
    std::vector<Pair> resample;
    for (std::size_t i = 0; i < pairs.size(); ++i) resample.push_back(pairs[k == 0 ? i : rng.below(pairs.size())]);  // the first sees every pair
    RewardConfig own = config;
    own.seed = config.seed * 1000003 + static_cast<std::uint64_t>(k);
    RewardTrainer trainer(reward::RewardModel(trunk, own.seed), own);
    trainer.train(resample, run);
    auto model = trainer.model();
    model.calibrate(detail_::sides(pairs));
    ensemble.members.push_back(std::move(model));
  }
  return ensemble;
}

}  // namespace train

TUTELAGE_END
