#pragma once
#include <utility>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/train/policy_update.ipp"
#include "tutelage/rl/advantages.hpp"
#include "tutelage/train/grpo.hpp"

TUTELAGE_BEGIN

namespace train {

TUTELAGE_INLINE void GRPOConfig::validate() const {
  PolicyConfig::validate("GRPOConfig");
  if (num_generations < 2)
    detail::fail<ConfigError>("GRPOConfig", "num_generations is out of range", detail::str(num_generations), "2 or more",
                              "Alone in its group, an answer has no advantage.");
  if (scale_rewards != "group" && scale_rewards != "none")
    detail::fail<ConfigError>("GRPOConfig", "scale_rewards is unknown", scale_rewards, "group or none");
}

TUTELAGE_INLINE GRPOTrainer::GRPOTrainer(nn::Transformer policy, GRPOConfig config) : GRPOTrainer(policy, policy, std::move(config)) {}

TUTELAGE_INLINE GRPOTrainer::GRPOTrainer(nn::Transformer policy, nn::Transformer reference, GRPOConfig config)
    : GRPOTrainer(PolicyState{std::move(policy), std::move(reference), {}}, std::move(config)) {}

TUTELAGE_INLINE GRPOTrainer::GRPOTrainer(PolicyState state, GRPOConfig config)
    : state_(std::move(state)), config_(std::move(config)), optimizer_(config_.optimizer) {
  config_.validate();
  optimizer_.state() = std::exchange(state_.optimizer, {});
  if (!state_.kl_coef) state_.kl_coef = config_.kl_coef;
}

TUTELAGE_INLINE PolicyState GRPOTrainer::state() const {
  PolicyState state = state_;
  state.optimizer = optimizer_.state();
  return state;
}

TUTELAGE_INLINE std::vector<nn::Generation> GRPOTrainer::generate(const std::vector<TokenIds>& prompts, const RunOptions& run) const {
  return sample_answers(state_.policy, config_, prompts, state_.iteration, run);
}

namespace detail_ {
/// 1. What is known before the updates: each answer's advantage over the mean of its group.
inline Rollout grpo_rollout(const GRPOConfig& c, const PolicyState& s, const Answers& answers, Below& below, std::span<const double> scores,
                            const std::vector<std::vector<double>>& token_scores, RunningMoments& moments) {
  Rollout r = look_at(c, s.policy, s.reference, answers, below, *s.kl_coef, scores, token_scores, moments, [](const auto&...) {});
  spread_advantages(r, rl::grpo_advantages(to_tensor(totals(r)), std::span<const std::int64_t>(groups_of(answers)), c.scale_rewards));
  return r;
}
}  // namespace detail_

TUTELAGE_INLINE Rollout GRPOTrainer::examine(const std::vector<TokenIds>& prompts, const std::vector<nn::Generation>& responses,
                                             std::span<const double> scores, const std::vector<std::vector<double>>& token_scores) const {
  const FpStateGuard guard;
  const auto answers = detail_::checked_answers("GRPOTrainer::examine", config_, prompts, responses, scores, token_scores);
  RunningMoments moments = state_.moments;
  detail_::Below below(state_.policy);
  return detail_::grpo_rollout(config_, state_, answers, below, scores, token_scores, moments);
}

TUTELAGE_INLINE PolicyStats GRPOTrainer::step(const std::vector<TokenIds>& prompts, const std::vector<nn::Generation>& responses,
                                              std::span<const double> scores, double lr_factor,
                                              const std::vector<std::vector<double>>& token_scores) {
  const FpStateGuard guard;
  const char* function = "GRPOTrainer::step";
  const auto answers = detail_::checked_answers(function, config_, prompts, responses, scores, token_scores);
  RunningMoments moments = state_.moments;
  detail_::Below below(state_.policy);
  const Rollout rollout = detail_::grpo_rollout(config_, state_, answers, below, scores, token_scores, moments);
  PolicyStats stats = detail_::stats_of(rollout, answers, scores, *state_.kl_coef);
  const double kl_coef = detail_::next_kl_coef(function, config_, stats, answers.size(), *state_.kl_coef);

  // 2. Clipped updates: a ratio a token, all tokens of an answer with its advantage, KL to the reference beside it.
  const auto loss = [&](const nn::Transformer& policy, const detail_::Part& part, detail_::Terms& terms) {
    const Tensor rows = part.batch.rows(policy);
    const Tensor logprobs = detail_::answer_logprobs(policy, rows, part.batch, config_);
    if (part.first) detail_::note_first_ratios(stats, logprobs, part.old_logprobs);
    const Tensor clipped = detail_::clipped_terms(config_, logprobs, part, terms, stats);
    const Tensor more = detail_::regular_terms(config_, policy, state_.reference, rows, logprobs, part, *state_.kl_coef, terms);
    return more.size() ? ops::add(clipped, more) : clipped;
  };
  detail_::update_policy(function, config_, answers, below, rollout, state_.iteration, lr_factor, state_.policy, optimizer_, stats, loss);

  ++state_.iteration;
  state_.kl_coef = kl_coef;
  state_.moments = moments;
  stats.warnings = watch_.look(stats, scores, rollout.kl_sums, !config_.stop_ids.empty(), answers.group > 1);
  return stats;
}

TUTELAGE_INLINE PolicyStats GRPOTrainer::train(const std::vector<TokenIds>& prompts, const reward::Reward& reward, std::int64_t iterations,
                                               const RunOptions& run) {
  return detail_::policy_loop("grpo", *this, prompts, reward, iterations, tokenizer_.get(), run,
                              [&](const auto& asked, const auto& responses, const reward::Scores& scores) {
                                return step(asked, responses, scores.sequence, 1.0, scores.tokens);
                              });
}

}  // namespace train

TUTELAGE_END
