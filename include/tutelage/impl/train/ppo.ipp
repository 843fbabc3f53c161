#pragma once
#include <algorithm>
#include <cmath>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/train/policy_update.ipp"
#include "tutelage/rl/advantages.hpp"
#include "tutelage/train/ppo.hpp"

TUTELAGE_BEGIN

namespace train {

TUTELAGE_INLINE void PPOConfig::validate() const {
  PolicyConfig::validate("PPOConfig");
  const auto need = [](bool ok, const char* field, double got, const char* expected) {
    if (!ok || !std::isfinite(got)) detail::fail<ConfigError>("PPOConfig", std::string(field) + " is out of range", detail::str(got), expected);
  };
  need(gamma >= 0 && gamma <= 1, "gamma", gamma, "0 to 1");
  need(gae_lambda >= 0 && gae_lambda <= 1, "gae_lambda", gae_lambda, "0 to 1");
  need(whiten_ddof == 0 || whiten_ddof == 1, "whiten_ddof", whiten_ddof, "0 or 1");
  if (whiten_scope != "rollout" && whiten_scope != "mini_batch")
    detail::fail<ConfigError>("PPOConfig", "whiten_scope is unknown", whiten_scope, "rollout or mini_batch");
  need(clip_range_value > 0, "clip_range_value", clip_range_value, "more than 0");
  need(vf_coef >= 0, "vf_coef", vf_coef, "0 or more");
  need(ptx_coef >= 0, "ptx_coef", ptx_coef, "0 or more");
  need(value_head_std >= 0, "value_head_std", value_head_std, "0 or more");
  need(critic_warmup >= 0, "critic_warmup", static_cast<double>(critic_warmup), "0 or more");
}

namespace detail_ {
/// Whitened in place, where there are enough numbers to do so.
inline void whiten(const PPOConfig& c, std::vector<float>& x, bool keep_mean) {
  const auto n = static_cast<std::int64_t>(x.size());
  if (n < 2) return;
  const Tensor white = rl::whiten(slice(x, 0, n), Tensor(), keep_mean, c.whiten_ddof);
  x.assign(white.span().begin(), white.span().end());
}

/// 1 - var(returns - values) / var(returns); 0 where the returns do not vary.
inline double explained_variance(const Rollout& r) {
  std::vector<double> returns(r.returns.begin(), r.returns.end()), rest;
  for (std::size_t t = 0; t < returns.size(); ++t) rest.push_back(returns[t] - static_cast<double>(r.values[t]));
  const double all = squares_of(returns, mean_of(returns));
  return all > 0 ? 1.0 - squares_of(rest, mean_of(rest)) / all : 0.0;
}
}  // namespace detail_

TUTELAGE_INLINE PPOTrainer::PPOTrainer(nn::Transformer policy, PPOConfig config) : PPOTrainer(policy, policy, std::move(config)) {}

TUTELAGE_INLINE PPOTrainer::PPOTrainer(nn::Transformer policy, nn::Transformer reference, PPOConfig config)
    : model_{policy, nn::ScalarHead<float>(policy.config.hidden_size), {}},
      reference_(std::move(reference)),
      config_(std::move(config)),
      optimizer_(config_.optimizer),
      kl_coef_(config_.kl_coef) {
  config_.validate();
  detail_::check_reference("PPOTrainer", model_.policy, reference_);
  if (config_.value_head_std > 0) model_.value_head = nn::ScalarHead<float>(policy.config.hidden_size, config_.value_head_std, config_.seed);
  if (config_.separate_critic) model_.critic = policy;
}

TUTELAGE_INLINE PPOTrainer::PPOTrainer(nn::Transformer policy, nn::Transformer reference, PPOConfig config, const reward::RewardModel& critic)
    : PPOTrainer(std::move(policy), std::move(reference), std::move(config)) {
  if (critic.net.trunk.config.vocab_size != model_.policy.config.vocab_size)
    detail::fail<ConfigError>("PPOTrainer", "the critic has another vocabulary", detail::str(critic.net.trunk.config.vocab_size),
                              detail::str(model_.policy.config.vocab_size));
  model_.critic = critic.net.trunk;
  model_.value_head.weight = ops::affine(critic.net.head.weight, critic.gain, 0.0);
  model_.value_head.bias = ops::affine(critic.net.head.bias, critic.gain, critic.bias);
}

TUTELAGE_INLINE PPOTrainer::PPOTrainer(PPOState state, PPOConfig config)
    : model_(std::move(state.model)),
      reference_(std::move(state.reference)),
      config_(std::move(config)),
      optimizer_(config_.optimizer),
      iteration_(state.iteration),
      kl_coef_(state.kl_coef.value_or(config_.kl_coef)),
      moments_(state.moments) {
  config_.validate();
  detail_::check_reference("PPOTrainer", model_.policy, reference_);
  optimizer_.state() = std::move(state.optimizer);
}

TUTELAGE_INLINE std::vector<nn::Generation> PPOTrainer::generate(const std::vector<TokenIds>& prompts, const RunOptions& run) const {
  return sample_answers(model_.policy, config_, prompts, iteration_, run);
}

namespace detail_ {
/// 1. What is known before the updates: values, KL to the reference, rewards, advantages and returns of every token.
inline Rollout ppo_rollout(const PPOConfig& c, const PolicyAndValue& model, const nn::Transformer& reference, const Answers& answers, Below& below,
                           double kl_coef, std::span<const double> scores, const std::vector<std::vector<double>>& token_scores,
                           RunningMoments& moments) {
  std::vector<float> values, ends;  // ends: the value after each answer's last token
  const nn::Transformer& trunk = model.critic.blocks.empty() ? model.policy : model.critic;
  Rollout r = look_at(c, model.policy, reference, answers, below, kl_coef, scores, token_scores, moments,
                      [&](const AnswerBatch& batch, std::int64_t begin, std::int64_t end) {
                        const Tensor hidden = batch.hidden(trunk);
                        append(values, model.value_head(ops::rows(hidden, batch.positions)));
                        if (!c.bootstrap_truncated) return;
                        std::vector<std::int64_t> last;
                        for (std::int64_t i = 0; i < end - begin; ++i) last.push_back(batch.last(static_cast<std::size_t>(i)));
                        append(ends, model.value_head(ops::rows(hidden, last)));
                      });
  r.values = std::move(values);
  if (c.whiten_rewards) whiten(c, r.rewards, true);
  for (std::size_t i = 0; i + 1 < r.offsets.size(); ++i) {
    const auto begin = r.offsets[i], end = r.offsets[i + 1];
    rl::GaeEnds<float> after;
    if (c.bootstrap_truncated && answers.responses[i].stop_reason == nn::StopReason::kLength) after.bootstrap = Tensor::full({1}, ends[i]);
    const auto gae = rl::gae(slice(r.rewards, begin, end).reshaped({1, end - begin}), slice(r.values, begin, end).reshaped({1, end - begin}), c.gamma,
                             c.gae_lambda, after);
    append(r.advantages, gae.advantages);
    append(r.returns, gae.returns);
  }
  if (c.whiten_advantages && c.whiten_scope == "rollout") whiten(c, r.advantages, c.whiten_keep_mean);
  return r;
}
}  // namespace detail_

TUTELAGE_INLINE Rollout PPOTrainer::examine(const std::vector<TokenIds>& prompts, const std::vector<nn::Generation>& responses,
                                            std::span<const double> scores, const std::vector<std::vector<double>>& token_scores) const {
  const FpStateGuard guard;
  const auto answers = detail_::checked_answers("PPOTrainer::examine", config_, model_.policy, prompts, responses, scores, token_scores);
  RunningMoments moments = moments_;
  detail_::Below below(model_.policy);
  return detail_::ppo_rollout(config_, model_, reference_, answers, below, kl_coef_, scores, token_scores, moments);
}

TUTELAGE_INLINE PolicyStats PPOTrainer::step(const std::vector<TokenIds>& prompts, const std::vector<nn::Generation>& responses,
                                             std::span<const double> scores, std::span<const text::Example> rehearsal, double lr_factor,
                                             const std::vector<std::vector<double>>& token_scores) {
  const FpStateGuard guard;
  const char* function = "PPOTrainer::step";
  const auto answers = detail_::checked_answers(function, config_, model_.policy, prompts, responses, scores, token_scores);
  RunningMoments moments = moments_;
  detail_::Below below(model_.policy);
  const Rollout rollout = detail_::ppo_rollout(config_, model_, reference_, answers, below, kl_coef_, scores, token_scores, moments);
  PolicyStats stats = detail_::stats_of(rollout, answers, scores, kl_coef_);
  stats.explained_variance = detail_::explained_variance(rollout);
  const double kl_coef = detail_::next_kl_coef(function, config_, stats, answers.size(), kl_coef_);

  // 2. Clipped updates of policy and critic.
  const bool warmup = iteration_ < config_.critic_warmup;
  const auto loss = [&](const PolicyAndValue& p, const detail_::Part& part, detail_::Terms& terms) {
    const bool shared = p.critic.blocks.empty();
    const Tensor rows = part.batch.rows(p.policy);
    const Tensor seen = shared ? (warmup ? rows.detach() : rows) : part.batch.rows(p.critic);
    const Tensor logprobs = detail_::answer_logprobs(p.policy, rows, part.batch, config_);
    if (part.first) detail_::note_first_ratios(stats, logprobs, part.old_logprobs);
    Tensor policy = detail_::clipped_terms(config_, logprobs, part, terms, stats);
    if (!warmup) {
      const Tensor more = detail_::regular_terms(config_, p.policy, reference_, rows, logprobs, part, kl_coef_, terms);
      if (more.size()) policy = ops::add(policy, more);
    }
    const auto value = rl::value_terms(p.value_head(seen), part.values, part.returns, 1.0 / part.tokens, config_.clip_range_value);
    detail_::append(terms.value, value.terms);
    terms.value_clipped += value.clipped;
    const Tensor critic = ops::affine(value.terms, config_.vf_coef, 0.0);
    return warmup ? critic : ops::add(policy, critic);
  };
  detail_::Hooks<PolicyAndValue> hooks;
  if (config_.whiten_advantages && config_.whiten_scope == "mini_batch")
    hooks.advantages = [&](std::vector<float>& advantages) { detail_::whiten(config_, advantages, config_.whiten_keep_mean); };
  const std::int64_t rehearsed = answer_tokens(rehearsal);
  if (rehearsed > 0 && config_.ptx_coef > 0 && !warmup)
    hooks.more = [&](GradAccumulator<float, PolicyAndValue>& acc, detail_::Terms& terms) {
      acc.add(
          [&](const PolicyAndValue& p, std::span<const text::Example> items) {
            const Tensor ptx = sft_terms(p.policy, items, config_.ptx_coef / static_cast<double>(rehearsed));
            detail_::append(terms.ptx, ptx);
            return ptx;
          },
          rehearsal);
    };
  const nn::Transformer policy_before = model_.policy;
  if (warmup) hooks.after = [&](PolicyAndValue& p) { p.policy = policy_before; };  // weight decay does not reach it either
  detail_::update_policy(function, config_, answers, below, rollout, iteration_, lr_factor, model_, optimizer_, stats, loss, hooks);

  ++iteration_;
  kl_coef_ = kl_coef;
  moments_ = moments;
  stats.warnings = watch_.look(stats, scores, rollout.kl_sums, !config_.stop_ids.empty(), answers.group > 1);
  return stats;
}

TUTELAGE_INLINE PolicyStats PPOTrainer::train(const std::vector<TokenIds>& prompts, const reward::Reward& reward, std::int64_t iterations,
                                              const RunOptions& run) {
  return detail_::policy_loop("ppo", *this, prompts, reward, iterations, tokenizer_.get(), run,
                              [&](const auto& asked, const auto& responses, const reward::Scores& scores) {
                                return step(asked, responses, scores.sequence, {}, 1.0, scores.tokens);
                              });
}

}  // namespace train

TUTELAGE_END
