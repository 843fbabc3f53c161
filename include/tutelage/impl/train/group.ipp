#pragma once
#include <utility>

#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/train/policy_update.ipp"
#include "tutelage/train/group.hpp"

TUTELAGE_BEGIN

namespace train {

namespace detail_ {
/// What an algorithm says of itself, in its own file. The advantage of each answer over the others to its prompt:
template <class Config> Tensor group_advantages(const Config& config, const Rollout& rollout, const Answers& answers);
/// The clipped loss of a part of the answers:
template <class Config> Tensor group_terms(const Config& config, const Tensor& logprobs, const Part& part, Terms& terms, PolicyStats& stats);

/// What is known before the updates.
template <class Config>
Rollout group_rollout(const Config& c, const PolicyState& s, const Answers& answers, Below& below, std::span<const double> scores,
                      const std::vector<std::vector<double>>& token_scores, RunningMoments& moments) {
  Rollout r = look_at(c, s.policy, s.reference, answers, below, *s.kl_coef, scores, token_scores, moments, [](const auto&...) {});
  const Tensor advantages = group_advantages(c, r, answers);
  for (std::size_t i = 0; i < answers.responses.size(); ++i)
    r.advantages.insert(r.advantages.end(), static_cast<std::size_t>(r.length(i)), advantages.data()[i]);  // all tokens have the answer's
  return r;
}
}  // namespace detail_

template <class Config> GroupTrainer<Config>::GroupTrainer(nn::Transformer policy, Config config) : GroupTrainer(policy, policy, std::move(config)) {}

template <class Config>
GroupTrainer<Config>::GroupTrainer(nn::Transformer policy, nn::Transformer reference, Config config)
    : GroupTrainer(PolicyState{std::move(policy), std::move(reference), {}}, std::move(config)) {}

template <class Config>
GroupTrainer<Config>::GroupTrainer(PolicyState state, Config config)
    : state_(std::move(state)), config_(std::move(config)), optimizer_(config_.optimizer) {
  config_.validate();
  detail_::check_reference(Config::kTrainer, state_.policy, state_.reference);
  optimizer_.state() = std::exchange(state_.optimizer, {});
  if (!state_.kl_coef) state_.kl_coef = config_.kl_coef;
}

template <class Config> PolicyState GroupTrainer<Config>::state() const {
  PolicyState state = state_;
  state.optimizer = optimizer_.state();
  return state;
}

template <class Config>
std::vector<nn::Generation> GroupTrainer<Config>::generate(const std::vector<TokenIds>& prompts, const RunOptions& run) const {
  return sample_answers(state_.policy, config_, prompts, state_.iteration, run);
}

template <class Config>
Rollout GroupTrainer<Config>::examine(const std::vector<TokenIds>& prompts, const std::vector<nn::Generation>& responses,
                                      std::span<const double> scores, const std::vector<std::vector<double>>& token_scores) const {
  const FpStateGuard guard;
  const std::string function = std::string(Config::kTrainer) + "::examine";
  const auto answers = detail_::checked_answers(function.c_str(), config_, state_.policy, prompts, responses, scores, token_scores);
  RunningMoments moments = state_.moments;
  detail_::Below below(state_.policy);
  return detail_::group_rollout(config_, state_, answers, below, scores, token_scores, moments);
}

template <class Config>
PolicyStats GroupTrainer<Config>::step(const std::vector<TokenIds>& prompts, const std::vector<nn::Generation>& responses,
                                       std::span<const double> scores, double lr_factor, const std::vector<std::vector<double>>& token_scores) {
  const FpStateGuard guard;
  const std::string name = std::string(Config::kTrainer) + "::step";
  const char* function = name.c_str();
  const auto answers = detail_::checked_answers(function, config_, state_.policy, prompts, responses, scores, token_scores);
  RunningMoments moments = state_.moments;
  detail_::Below below(state_.policy);
  const Rollout rollout = detail_::group_rollout(config_, state_, answers, below, scores, token_scores, moments);
  PolicyStats stats = detail_::stats_of(rollout, answers, scores, *state_.kl_coef);
  const double kl_coef = detail_::next_kl_coef(function, config_, stats, answers.size(), *state_.kl_coef);

  const auto loss = [&](const nn::Transformer& policy, const detail_::Part& part, detail_::Terms& terms) {
    const Tensor rows = part.batch.rows(policy);
    const Tensor logprobs = detail_::answer_logprobs(policy, rows, part.batch, config_);
    if (part.first) detail_::note_first_ratios(stats, logprobs, part.old_logprobs);
    const Tensor clipped = detail_::group_terms(config_, logprobs, part, terms, stats);
    const Tensor more = detail_::regular_terms(config_, policy, state_.reference, rows, logprobs, part, *state_.kl_coef, terms);
    if (!more.size()) return clipped;
    const Tensor both[2] = {clipped, more};  // terms of answers beside terms of tokens
    return clipped.size() == more.size() ? ops::add(clipped, more) : ops::concat_rows(std::span<const Tensor>(both));
  };
  detail_::update_policy(function, config_, answers, below, rollout, state_.iteration, lr_factor, state_.policy, optimizer_, stats, loss);

  ++state_.iteration;
  state_.kl_coef = kl_coef;
  state_.moments = moments;
  stats.warnings = watch_.look(stats, scores, rollout.kl_sums, !config_.stop_ids.empty(), answers.group > 1);
  return stats;
}

template <class Config>
PolicyStats GroupTrainer<Config>::train(const std::vector<TokenIds>& prompts, const reward::Reward& reward, std::int64_t iterations,
                                        const RunOptions& run) {
  return detail_::policy_loop(Config::kStage, *this, prompts, reward, iterations, tokenizer_.get(), run,
                              [&](const auto& asked, const auto& responses, const reward::Scores& scores) {
                                return step(asked, responses, scores.sequence, 1.0, scores.tokens);
                              });
}

}  // namespace train

TUTELAGE_END
