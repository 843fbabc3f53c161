#pragma once
#include <cmath>

#include "tutelage/base/parallel.hpp"
#include "tutelage/base/fail.hpp"
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

inline Tensor pair_terms(const nn::TransformerWithHead<float>& net, std::span<const Pair> pairs, const RewardConfig& config, double factor,
                         nn::TrainingStep at) {
  auto batch = sides(pairs);
  batch.training = at;
  const Tensor scores = reward::raw_scores(net, batch);
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
}  // namespace detail_

TUTELAGE_INLINE void RewardConfig::validate() const {
  const auto need = [](bool ok, const char* field, double got, const char* expected) {
    if (!ok || !std::isfinite(got)) detail::fail<ConfigError>("RewardConfig", std::string(field) + " is out of range", detail::str(got), expected);
  };
  need(epochs >= 1, "epochs", static_cast<double>(epochs), "1 or more");
  need(batch_size >= 1, "batch_size", static_cast<double>(batch_size), "1 or more");
  need(micro_batch_size >= 0, "micro_batch_size", static_cast<double>(micro_batch_size), "0 or more");
  need(center_coef >= 0, "center_coef", center_coef, "0 or more");
  need(error_rate >= 0 && error_rate < 0.5, "error_rate", error_rate, "0 to below 0.5");
  optimizer.validate();
}

TUTELAGE_INLINE RewardTrainer::RewardTrainer(reward::RewardModel model, RewardConfig config)
    : model_(std::move(model)), config_(config), optimizer_(config.optimizer) {
  config_.validate();
}

TUTELAGE_INLINE RewardTrainer::RewardTrainer(RewardState state, RewardConfig config) : RewardTrainer(std::move(state.model), std::move(config)) {
  optimizer_.state() = std::move(state.optimizer);
  position_ = state.position;
}

TUTELAGE_INLINE StepStats RewardTrainer::step(std::span<const Pair> pairs) {
  const FpStateGuard guard;
  detail_::check_pairs("RewardTrainer::step", pairs, model_.net.trunk.config);
  double count = 0;
  for (const auto& p : pairs) count = count + p.weight;
  if (!(count > 0)) detail::fail<ValueError>("RewardTrainer::step", "no pair with a weight", detail::str(count), "more than 0");
  GradAccumulator<float, nn::TransformerWithHead<float>> acc(model_.net);
  detail_::micro_batches(static_cast<std::int64_t>(pairs.size()), config_.micro_batch_size, [&](std::int64_t begin, std::int64_t end) {
    const nn::TrainingStep at{static_cast<std::uint32_t>(optimizer_.state().step), static_cast<std::uint32_t>(2 * begin)};
    acc.add([&](const nn::TransformerWithHead<float>& net,
                std::span<const Pair> part) { return detail_::pair_terms(net, part, config_, 1.0 / count, at); },
            pairs.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)));
  });
  const auto result = acc.finish();
  return {result.value, optimizer_.step(model_.net, result.grads)};
}

TUTELAGE_INLINE StepStats RewardTrainer::train(std::span<const Pair> pairs, const RunOptions& run) {
  const FpStateGuard guard;
  const auto n = static_cast<std::int64_t>(pairs.size());
  if (n == 0) detail::fail<ValueError>("RewardTrainer::train", "no pair", "0", "at least one");
  detail_::check_pairs("RewardTrainer::train", pairs, model_.net.trunk.config);
  StepStats last;
  std::vector<Pair> items;
  const std::int64_t steps_per_epoch = (n + config_.batch_size - 1) / config_.batch_size;
  for (std::int64_t epoch = position_ / steps_per_epoch; epoch < config_.epochs; ++epoch) {
    const auto order = detail_::shuffled(n, config_.seed, epoch);
    for (std::int64_t begin = position_ % steps_per_epoch * config_.batch_size; begin < n; begin += config_.batch_size) {
      if (run.stop_requested()) return last;
      items.clear();
      for (std::int64_t i = begin; i < std::min(n, begin + config_.batch_size); ++i)
        items.push_back(pairs[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])]);
      last = step(items);
      ++position_;
      run.report({"reward", position_, steps_per_epoch * config_.epochs, {{"loss", last.loss}, {"grad_norm", last.grad_norm}}});
    }
  }
  position_ = 0;
  return last;
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
