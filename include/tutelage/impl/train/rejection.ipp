#pragma once
#include <utility>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/train/policy_update.ipp"
#include "tutelage/train/rejection.hpp"

TUTELAGE_BEGIN

namespace train {

namespace detail_ {
/// The answer with the highest score to each prompt, by its place in the step; ties go to the first.
inline std::vector<std::size_t> best_places(std::span<const double> scores, std::size_t group) {
  std::vector<std::size_t> best;
  for (std::size_t g = 0; g + group <= scores.size(); g += group) {
    best.push_back(g);
    for (std::size_t i = g; i < g + group; ++i)
      if (scores[i] > scores[best.back()]) best.back() = i;
  }
  return best;
}

/// A score for the whole answer, its token scores included.
inline std::vector<double> whole_scores(const reward::Scores& scores) {
  std::vector<double> all = scores.sequence;
  for (std::size_t i = 0; i < scores.tokens.size(); ++i)
    for (const double x : scores.tokens[i]) all[i] = all[i] + x;
  return all;
}
}  // namespace detail_

TUTELAGE_INLINE std::vector<BestAnswer> best_of_n(const nn::Transformer& policy, const PolicyConfig& config, const std::vector<TokenIds>& prompts,
                                                  const reward::Reward& reward, const text::Tokenizer* tokenizer, const RunOptions& run) {
  const FpStateGuard guard;
  const auto answers = sample_answers(policy, config, prompts, 0, run);
  const auto scores = detail_::whole_scores(score_answers(reward, prompts, answers, tokenizer));
  const auto group = static_cast<std::size_t>(config.num_generations);
  std::vector<BestAnswer> best;
  for (const auto i : detail_::best_places(scores, group)) best.push_back({answers[i], scores[i], static_cast<std::int64_t>(i % group)});
  return best;
}

TUTELAGE_INLINE void RejectionConfig::validate() const {
  PolicyConfig::validate("RejectionConfig");
  if (threshold && !std::isfinite(*threshold))
    detail::fail<ConfigError>("RejectionConfig", "threshold is out of range", detail::str(*threshold), "a finite number, or none");
}

TUTELAGE_INLINE RejectionTrainer::RejectionTrainer(nn::Transformer policy, RejectionConfig config)
    : RejectionTrainer(PolicyState{std::move(policy), {}, {}}, std::move(config)) {}

TUTELAGE_INLINE RejectionTrainer::RejectionTrainer(PolicyState state, RejectionConfig config)
    : policy_(std::move(state.policy)), config_(std::move(config)), optimizer_(config_.optimizer), iteration_(state.iteration) {
  config_.validate();
  optimizer_.state() = std::move(state.optimizer);
}

TUTELAGE_INLINE std::vector<nn::Generation> RejectionTrainer::generate(const std::vector<TokenIds>& prompts, const RunOptions& run) const {
  return sample_answers(policy_, config_, prompts, iteration_, run);
}

TUTELAGE_INLINE PolicyStats RejectionTrainer::step(const std::vector<TokenIds>& prompts, const std::vector<nn::Generation>& responses,
                                                   std::span<const double> scores, double lr_factor) {
  const FpStateGuard guard;
  const char* function = "RejectionTrainer::step";
  const auto answers = detail_::checked_answers(function, config_, policy_, prompts, responses, scores, {});
  Rollout rollout;
  for (const auto& r : responses) {
    rollout.offsets.push_back(rollout.offsets.back() + static_cast<std::int64_t>(r.ids.size()));
    rollout.old_logprobs.insert(rollout.old_logprobs.end(), r.logprobs.begin(), r.logprobs.end());
    rollout.kl_sums.push_back(0);
  }
  PolicyStats stats = detail_::stats_of(rollout, answers, scores, 0.0);

  // 1. The best answers, as supervised examples.
  std::vector<text::Example> kept;
  for (const auto i : detail_::best_places(scores, answers.group)) {
    if (config_.threshold && scores[i] < *config_.threshold) continue;
    text::Example e{answers.prompt(i), std::vector<std::uint8_t>(answers.prompt(i).size(), 0)};
    e.ids.insert(e.ids.end(), responses[i].ids.begin(), responses[i].ids.end());
    e.mask.resize(e.ids.size(), 1);
    kept.push_back(std::move(e));
  }

  // 2. Fine-tuning on them.
  SFTConfig sft;
  sft.optimizer = config_.optimizer, sft.micro_batch_size = config_.micro_batch_size;
  SFTTrainer trainer(SFTState{policy_, optimizer_.state(), 0}, sft);
  std::vector<double> losses, norms;
  const auto n = static_cast<std::int64_t>(kept.size());
  for (std::int64_t epoch = 0; epoch < config_.num_epochs; ++epoch) {
    const auto order = shuffled(n, config_.seed, iteration_ * config_.num_epochs + epoch);
    detail_::micro_batches(n, config_.mini_batch_size, [&](std::int64_t begin, std::int64_t end) {
      std::vector<text::Example> items;
      for (auto k = begin; k < end; ++k) items.push_back(kept[static_cast<std::size_t>(order[static_cast<std::size_t>(k)])]);
      const auto step = trainer.step(items, lr_factor);
      losses.push_back(step.loss), norms.push_back(step.grad_norm);
    });
  }
  const SFTState done = trainer.state();
  policy_ = done.model, optimizer_.state() = done.optimizer;
  ++iteration_;
  stats.policy_loss = detail_::mean_of(losses), stats.grad_norm = detail_::mean_of(norms);
  stats.updates = static_cast<std::int64_t>(losses.size());
  stats.warnings = watch_.look(stats, scores, rollout.kl_sums, !config_.stop_ids.empty(), answers.group > 1);
  return stats;
}

TUTELAGE_INLINE PolicyStats RejectionTrainer::train(const std::vector<TokenIds>& prompts, const reward::Reward& reward, std::int64_t iterations,
                                                    const RunOptions& run) {
  return detail_::policy_loop(
      "rejection", *this, prompts, reward, iterations, tokenizer_.get(), run,
      [&](const auto& asked, const auto& responses, const reward::Scores& scores) { return step(asked, responses, detail_::whole_scores(scores)); });
}

}  // namespace train

TUTELAGE_END
