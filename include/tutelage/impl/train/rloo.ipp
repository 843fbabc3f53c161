#pragma once
#include <algorithm>
#include <cmath>
#include <utility>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/train/policy_update.ipp"
#include "tutelage/rl/advantages.hpp"
#include "tutelage/train/rloo.hpp"

TUTELAGE_BEGIN

namespace train {

TUTELAGE_INLINE void RLOOConfig::validate() const {
  PolicyConfig::validate("RLOOConfig");
  if (num_generations < 2)
    detail::fail<ConfigError>("RLOOConfig", "num_generations is out of range", detail::str(num_generations), "2 or more",
                              "Alone in its group, an answer has no baseline.");
}

TUTELAGE_INLINE RLOOTrainer::RLOOTrainer(nn::Transformer policy, RLOOConfig config) : RLOOTrainer(policy, policy, std::move(config)) {}

TUTELAGE_INLINE RLOOTrainer::RLOOTrainer(nn::Transformer policy, nn::Transformer reference, RLOOConfig config)
    : RLOOTrainer(PolicyState{std::move(policy), std::move(reference), {}}, std::move(config)) {}

TUTELAGE_INLINE RLOOTrainer::RLOOTrainer(PolicyState state, RLOOConfig config)
    : state_(std::move(state)), config_(std::move(config)), optimizer_(config_.optimizer) {
  config_.validate();
  optimizer_.state() = std::exchange(state_.optimizer, {});
  if (!state_.kl_coef) state_.kl_coef = config_.kl_coef;
}

TUTELAGE_INLINE PolicyState RLOOTrainer::state() const {
  PolicyState state = state_;
  state.optimizer = optimizer_.state();
  return state;
}

TUTELAGE_INLINE std::vector<nn::Generation> RLOOTrainer::generate(const std::vector<TokenIds>& prompts, const RunOptions& run) const {
  return sample_answers(state_.policy, config_, prompts, state_.iteration, run);
}

namespace detail_ {
/// 1. What is known before the updates: the KL penalty taken off each answer's score, and its advantage over the others to its prompt.
inline Rollout rloo_rollout(const RLOOConfig& c, const PolicyState& s, const Answers& answers, Below& below, std::span<const double> scores,
                            const std::vector<std::vector<double>>& token_scores, RunningMoments& moments) {
  Rollout r = look_at(c, s.policy, s.reference, answers, below, *s.kl_coef, scores, token_scores, moments, [](const auto&...) {});
  Tensor advantages = rl::rloo_advantages(to_tensor(totals(r)), std::span<const std::int64_t>(groups_of(answers)));
  if (c.normalize_advantages) {
    std::vector<double> a(advantages.span().begin(), advantages.span().end());
    const double mean = mean_of(a), std = std::sqrt(squares_of(a, mean) / (static_cast<double>(a.size()) - 1.0));
    for (double& x : a) x = (x - mean) / (std + 1e-4);
    advantages = to_tensor(a);
  }
  spread_advantages(r, advantages);
  return r;
}
}  // namespace detail_

TUTELAGE_INLINE Rollout RLOOTrainer::examine(const std::vector<TokenIds>& prompts, const std::vector<nn::Generation>& responses,
                                             std::span<const double> scores, const std::vector<std::vector<double>>& token_scores) const {
  const FpStateGuard guard;
  const auto answers = detail_::checked_answers("RLOOTrainer::examine", config_, prompts, responses, scores, token_scores);
  RunningMoments moments = state_.moments;
  detail_::Below below(state_.policy);
  return detail_::rloo_rollout(config_, state_, answers, below, scores, token_scores, moments);
}

TUTELAGE_INLINE PolicyStats RLOOTrainer::step(const std::vector<TokenIds>& prompts, const std::vector<nn::Generation>& responses,
                                              std::span<const double> scores, double lr_factor,
                                              const std::vector<std::vector<double>>& token_scores) {
  const FpStateGuard guard;
  const char* function = "RLOOTrainer::step";
  const auto answers = detail_::checked_answers(function, config_, prompts, responses, scores, token_scores);
  RunningMoments moments = state_.moments;
  detail_::Below below(state_.policy);
  const Rollout rollout = detail_::rloo_rollout(config_, state_, answers, below, scores, token_scores, moments);
  PolicyStats stats = detail_::stats_of(rollout, answers, scores, *state_.kl_coef);
  const double kl_coef = detail_::next_kl_coef(function, config_, stats, answers.size(), *state_.kl_coef);

  // 2. Clipped updates: the ratio is of the whole answer, the loss a mean over answers.
  const auto loss = [&](const nn::Transformer& policy, const detail_::Part& part, detail_::Terms& terms) {
    const Tensor rows = part.batch.rows(policy);
    const Tensor logprobs = detail_::answer_logprobs(policy, rows, part.batch, config_);
    if (part.first) detail_::note_first_ratios(stats, logprobs, part.old_logprobs);
    const auto n = static_cast<std::int64_t>(part.sequence_advantages.size());
    const auto answer = rl::policy_terms(ops::sum_runs(logprobs, std::span<const std::int64_t>(part.batch.offsets)),
                                         ops::sum_runs(part.old_logprobs, std::span<const std::int64_t>(part.batch.offsets)),
                                         detail_::slice(part.sequence_advantages, 0, n), 1.0 / part.sequences, config_.clip_range,
                                         config_.clip_range_high, config_.dual_clip);
    detail_::note_clipped(answer, answer.terms, terms, stats);
    const Tensor more = detail_::regular_terms(config_, policy, state_.reference, rows, logprobs, part, *state_.kl_coef, terms);
    if (!more.size()) return answer.terms;
    const Tensor both[2] = {answer.terms, more};
    return ops::concat_rows(std::span<const Tensor>(both));
  };
  detail_::update_policy(function, config_, answers, below, rollout, state_.iteration, lr_factor, state_.policy, optimizer_, stats, loss);

  ++state_.iteration;
  state_.kl_coef = kl_coef;
  state_.moments = moments;
  stats.warnings = watch_.look(stats, scores, rollout.kl_sums, !config_.stop_ids.empty(), answers.group > 1);
  return stats;
}

TUTELAGE_INLINE PolicyStats RLOOTrainer::train(const std::vector<TokenIds>& prompts, const reward::Reward& reward, std::int64_t iterations,
                                               const RunOptions& run) {
  return detail_::policy_loop("rloo", *this, prompts, reward, iterations, tokenizer_.get(), run,
                              [&](const auto& asked, const auto& responses, const reward::Scores& scores) {
                                return step(asked, responses, scores.sequence, 1.0, scores.tokens);
                              });
}

}  // namespace train

TUTELAGE_END
