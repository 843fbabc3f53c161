#pragma once
#include <algorithm>
#include <cmath>

#include "tutelage/base/parallel.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/impl/train/sft.ipp"
#include "tutelage/rl/advantages.hpp"
#include "tutelage/rl/kl.hpp"
#include "tutelage/rl/ppo_loss.hpp"
#include "tutelage/train/ppo.hpp"

TUTELAGE_BEGIN

namespace train {

namespace detail_ {

/// Whole sequences (prompt, then answer) and where the answers' tokens are predicted.
struct AnswerBatch {
  nn::TokenBatch tokens;
  std::vector<std::int64_t> positions;  // of the token before each answer token
  std::vector<std::int32_t> targets;

  void add(const TokenIds& prompt, std::span<const std::int32_t> answer) {
    const std::int64_t start = tokens.tokens();
    TokenIds whole = prompt;
    whole.insert(whole.end(), answer.begin(), answer.end());
    tokens.add(whole);
    for (std::size_t t = 0; t < answer.size(); ++t) {
      positions.push_back(start + static_cast<std::int64_t>(prompt.size() + t) - 1);
      targets.push_back(answer[t]);
    }
  }
};

/// Whether b gives what a gives as far as block `layer`: the same frozen weights in memory, and no adapter on them.
inline bool same_below(const nn::Transformer& a, const nn::Transformer& b, std::int64_t layer) {
  if (!(a.config == b.config) || (!b.adapter.empty() && b.frozen_layers() < layer)) return false;
  bool same = true;
  std::vector<const float*> ours;
  const auto inside = [&](const std::string& name) {  // not what follows the blocks, nor later blocks
    if (!name.starts_with("blocks.")) return name.ends_with("embedding");
    return std::stoll(name.substr(7)) < layer;
  };
  a.visit_all([&](const std::string& name, const Tensor& t) {
    if (inside(name)) ours.push_back(t.data());
  });
  std::size_t i = 0;
  b.visit_all([&](const std::string& name, const Tensor& t) {
    if (inside(name)) same = same && ours[i++] == t.data();
  });
  return same;
}

/// What leaves the layers below an adapter, kept for an iteration: it does not change while the adapter learns.
class Below {
 public:
  explicit Below(const nn::Transformer& policy) : layer_(policy.frozen_layers()), width_(policy.config.hidden_size) {}
  /// Keeps it for the next sequences, and returns it; empty where nothing is frozen.
  Tensor add(const nn::Transformer& policy, const nn::TokenBatch& batch) {
    if (layer_ == 0) return {};
    const Tensor x = policy.hidden(batch, std::span(&layer_, 1)).front();
    for (std::int64_t i = 0; i < batch.sequences(); ++i) {
      const auto begin = batch.offsets[static_cast<std::size_t>(i)], end = batch.offsets[static_cast<std::size_t>(i) + 1];
      const auto rows = x.span().subspan(static_cast<std::size_t>(begin * width_), static_cast<std::size_t>((end - begin) * width_));
      kept_.emplace_back(rows.begin(), rows.end());
    }
    return x;
  }
  /// Of these sequences, by the order in which they were added.
  Tensor of(std::span<const std::int64_t> sequences) const {
    if (layer_ == 0) return {};
    std::vector<float> rows;
    for (const auto i : sequences) rows.insert(rows.end(), kept_[static_cast<std::size_t>(i)].begin(), kept_[static_cast<std::size_t>(i)].end());
    return Tensor::from({static_cast<std::int64_t>(rows.size()) / width_, width_}, rows);
  }
  Tensor hidden(const nn::Transformer& model, const Tensor& below, const nn::TokenBatch& batch) const {
    return layer_ == 0 ? model.hidden(batch) : model.hidden_from(layer_, below, batch);
  }
  std::int64_t layer() const { return layer_; }

 private:
  std::int64_t layer_, width_;
  std::vector<std::vector<float>> kept_;
};

/// What PPO knows of one answer token; flat over the step's episodes, in item order.
struct Rollout {
  std::vector<std::int64_t> offsets{0};  // tokens of episode i
  std::vector<float> old_logprobs, values, advantages, returns;
};

inline Tensor slice(const std::vector<float>& v, std::int64_t begin, std::int64_t end) {
  return Tensor::from({end - begin}, std::span<const float>(v).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)));
}

inline double mean_of(const std::vector<double>& v) {
  return v.empty() ? 0.0 : kernels::sum16_double(v.data(), static_cast<std::int64_t>(v.size())) / static_cast<double>(v.size());
}

}  // namespace detail_

TUTELAGE_INLINE void PPOConfig::validate() const {
  const auto need = [](bool ok, const char* field, double got, const char* expected) {
    if (!ok || !std::isfinite(got)) detail::fail<ConfigError>("PPOConfig", std::string(field) + " is out of range", detail::str(got), expected);
  };
  need(max_new_tokens >= 1, "max_new_tokens", static_cast<double>(max_new_tokens), "1 or more");
  need(temperature > 0, "temperature", temperature, "more than 0");
  need(kl_coef >= 0, "kl_coef", kl_coef, "0 or more");
  if (kl_estimator != "k1" && kl_estimator != "k2" && kl_estimator != "k3" && kl_estimator != "abs")
    detail::fail<ConfigError>("PPOConfig", "kl_estimator is unknown", kl_estimator, "k1, k2, k3 or abs");
  need(true, "missing_eos_penalty", missing_eos_penalty, "a finite number");
  need(gamma >= 0 && gamma <= 1, "gamma", gamma, "0 to 1");
  need(gae_lambda >= 0 && gae_lambda <= 1, "gae_lambda", gae_lambda, "0 to 1");
  need(num_epochs >= 1, "num_epochs", static_cast<double>(num_epochs), "1 or more");
  need(mini_batch_size >= 0, "mini_batch_size", static_cast<double>(mini_batch_size), "0 or more");
  need(micro_batch_size >= 0, "micro_batch_size", static_cast<double>(micro_batch_size), "0 or more");
  need(clip_range > 0, "clip_range", clip_range, "more than 0");
  need(clip_range_value > 0, "clip_range_value", clip_range_value, "more than 0");
  need(vf_coef >= 0, "vf_coef", vf_coef, "0 or more");
  need(ptx_coef >= 0, "ptx_coef", ptx_coef, "0 or more");
  need(value_head_std >= 0, "value_head_std", value_head_std, "0 or more");
  alarms.validate();
  optimizer.validate();
}

TUTELAGE_INLINE PPOTrainer::PPOTrainer(nn::Transformer policy, PPOConfig config) : PPOTrainer(policy, policy, std::move(config)) {}

TUTELAGE_INLINE PPOTrainer::PPOTrainer(nn::Transformer policy, nn::Transformer reference, PPOConfig config)
    : model_{policy, nn::ScalarHead<float>(policy.config.hidden_size)},
      reference_(std::move(reference)),
      config_(std::move(config)),
      optimizer_(config_.optimizer) {
  config_.validate();
  if (config_.value_head_std > 0) model_.value_head = nn::ScalarHead<float>(policy.config.hidden_size, config_.value_head_std, config_.seed);
}

TUTELAGE_INLINE PPOTrainer::PPOTrainer(PPOState state, PPOConfig config)
    : model_(std::move(state.model)),
      reference_(std::move(state.reference)),
      config_(std::move(config)),
      optimizer_(config_.optimizer),
      iteration_(state.iteration) {
  config_.validate();
  optimizer_.state() = std::move(state.optimizer);
}

TUTELAGE_INLINE std::vector<nn::Generation> PPOTrainer::generate(const std::vector<TokenIds>& prompts, const RunOptions& run) const {
  nn::GenerateOptions options;
  options.max_new_tokens = config_.max_new_tokens;
  options.temperature = config_.temperature;
  options.stop_ids = config_.stop_ids;
  options.seed = config_.seed;
  options.step = static_cast<std::uint32_t>(iteration_);
  return nn::generate(model_.policy, prompts, options, {}, run);
}

TUTELAGE_INLINE PPOStats PPOTrainer::step(const std::vector<TokenIds>& prompts, const std::vector<nn::Generation>& responses,
                                          std::span<const double> scores, std::span<const text::Example> rehearsal, double lr_factor) {
  const FpStateGuard guard;
  const auto n = static_cast<std::int64_t>(prompts.size());
  if (n == 0) detail::fail<ValueError>("PPOTrainer::step", "no prompt", "0", "at least one");
  if (responses.size() != prompts.size() || scores.size() != prompts.size())
    detail::fail<ShapeError>("PPOTrainer::step", "lists differ in length",
                             detail::str(responses.size()) + " responses, " + detail::str(scores.size()) + " scores", detail::str(n) + " of each");
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    if (prompts[i].empty() || responses[i].ids.empty())
      detail::fail<ValueError>("PPOTrainer::step", "prompt or answer of sample " + detail::str(i) + " is empty", "no token", "at least one");
    if (!std::isfinite(scores[i]))
      detail::fail<ValueError>("PPOTrainer::step", "score of sample " + detail::str(i) + " is not finite", detail::str(scores[i]), "a finite number");
    if (responses[i].logprobs.size() != responses[i].ids.size())
      detail::fail<ShapeError>("PPOTrainer::step", "sample " + detail::str(i) + " lacks the sampler's log-probs",
                               detail::str(responses[i].logprobs.size()), detail::str(responses[i].ids.size()), "Pass what generate() returned.");
  }

  // 1. Values, reference log-probs, rewards and advantages, an episode after the other.
  PPOStats stats;
  detail_::Rollout rollout;
  std::vector<double> kls;
  detail_::Below below(model_.policy);
  const bool same_reference = detail_::same_below(model_.policy, reference_, below.layer());
  detail_::micro_batches(n, config_.micro_batch_size > 0 ? config_.micro_batch_size : 32, [&](std::int64_t begin, std::int64_t end) {
    detail_::AnswerBatch batch;
    for (std::int64_t i = begin; i < end; ++i) batch.add(prompts[static_cast<std::size_t>(i)], responses[static_cast<std::size_t>(i)].ids);
    const Tensor start = below.add(model_.policy, batch.tokens);
    const Tensor values = model_.value_head(ops::rows(below.hidden(model_.policy, start, batch.tokens), batch.positions));
    const Tensor reference = same_reference ? below.hidden(reference_, start, batch.tokens) : reference_.hidden(batch.tokens);
    const Tensor ref = ops::linear_logprobs(ops::rows(reference, batch.positions), reference_.output_weight(), batch.targets, config_.temperature);
    std::int64_t at = 0;
    for (std::int64_t i = begin; i < end; ++i) {
      const auto& answer = responses[static_cast<std::size_t>(i)];
      const auto length = static_cast<std::int64_t>(answer.ids.size());
      const Tensor old = Tensor::from({1, length}, answer.logprobs);
      const Tensor mask = Tensor::full({1, length}, 1.0f);
      const Tensor v = ops::slice_rows(values, at, at + length).reshaped({1, length});
      const Tensor kl = rl::kl_estimate(old, ops::slice_rows(ref, at, at + length).reshaped({1, length}), config_.kl_estimator);
      const double score = scores[static_cast<std::size_t>(i)] - (answer.stop_reason == nn::StopReason::kLength ? config_.missing_eos_penalty : 0.0);
      const Tensor rewards = rl::token_rewards(Tensor::full({1}, static_cast<float>(score)), kl, mask, config_.kl_coef);
      const auto gae = rl::gae(rewards, v, config_.gamma, config_.gae_lambda);
      for (std::int64_t t = 0; t < length; ++t) {
        rollout.old_logprobs.push_back(answer.logprobs[static_cast<std::size_t>(t)]);
        rollout.values.push_back(v.data()[t]);
        rollout.advantages.push_back(gae.advantages.data()[t]);
        rollout.returns.push_back(gae.returns.data()[t]);
      }
      double drift = 0;
      for (std::int64_t t = 0; t < length; ++t) drift = drift + (static_cast<double>(old.data()[t]) - static_cast<double>(ref.data()[at + t]));
      kls.push_back(drift);
      rollout.offsets.push_back(rollout.offsets.back() + length);
      at += length;
    }
  });
  const std::int64_t tokens = rollout.offsets.back();
  stats.reward = detail_::mean_of(std::vector<double>(scores.begin(), scores.end()));
  stats.kl = detail_::mean_of(kls);
  stats.response_length = static_cast<double>(tokens) / static_cast<double>(n);
  if (config_.whiten_advantages && tokens > 1) {
    const Tensor white = rl::whiten(detail_::slice(rollout.advantages, 0, tokens));
    rollout.advantages.assign(white.span().begin(), white.span().end());
  }

  // 2. Clipped updates. What fails half-way restores the start of the iteration.
  const PolicyAndValue model_before = model_;
  const auto state_before = optimizer_.state();
  std::vector<double> policy_losses, value_losses, ptx_losses, clip_fractions, approx_kls, norms;
  const std::int64_t rehearsed = answer_tokens(rehearsal);
  bool first = true;
  try {
    for (std::int64_t epoch = 0; epoch < config_.num_epochs; ++epoch) {
      const auto order = detail_::shuffled(n, config_.seed, iteration_ * config_.num_epochs + epoch);
      detail_::micro_batches(n, config_.mini_batch_size, [&](std::int64_t mini_begin, std::int64_t mini_end) {
        std::int64_t count = 0;
        for (std::int64_t k = mini_begin; k < mini_end; ++k)
          count += rollout.offsets[static_cast<std::size_t>(order[static_cast<std::size_t>(k)]) + 1] -
                   rollout.offsets[static_cast<std::size_t>(order[static_cast<std::size_t>(k)])];
        const double weight = 1.0 / static_cast<double>(count);
        std::vector<float> policy_terms, value_terms, ptx_terms;
        double clipped = 0;
        std::vector<double> log_ratios;  // summed once a step, so that the cut does not show
        GradAccumulator<float, PolicyAndValue> acc(model_);
        detail_::micro_batches(mini_end - mini_begin, config_.micro_batch_size, [&](std::int64_t begin, std::int64_t end) {
          detail_::AnswerBatch batch;
          std::vector<float> old, advantages, values, returns;
          for (std::int64_t k = mini_begin + begin; k < mini_begin + end; ++k) {
            const auto i = static_cast<std::size_t>(order[static_cast<std::size_t>(k)]);
            batch.add(prompts[i], responses[i].ids);
            const auto from = static_cast<std::ptrdiff_t>(rollout.offsets[i]), to = static_cast<std::ptrdiff_t>(rollout.offsets[i + 1]);
            old.insert(old.end(), rollout.old_logprobs.begin() + from, rollout.old_logprobs.begin() + to);
            advantages.insert(advantages.end(), rollout.advantages.begin() + from, rollout.advantages.begin() + to);
            values.insert(values.end(), rollout.values.begin() + from, rollout.values.begin() + to);
            returns.insert(returns.end(), rollout.returns.begin() + from, rollout.returns.begin() + to);
          }
          const auto m = static_cast<std::int64_t>(old.size());
          const Tensor start =
              below.of(std::span(order).subspan(static_cast<std::size_t>(mini_begin + begin), static_cast<std::size_t>(end - begin)));
          acc.add(
              [&](const PolicyAndValue& p, const detail_::AnswerBatch& b) {
                const Tensor rows = ops::rows(below.hidden(p.policy, start, b.tokens), b.positions);
                const Tensor logprobs = ops::linear_logprobs(rows, p.policy.output_weight(), b.targets, config_.temperature);
                if (first)
                  for (std::int64_t t = 0; t < m; ++t) {
                    const double ratio = math::exp(logprobs.data()[t] - old[static_cast<std::size_t>(t)]);
                    stats.first_ratio_min = std::min(stats.first_ratio_min, ratio);
                    stats.first_ratio_max = std::max(stats.first_ratio_max, ratio);
                  }
                const auto policy =
                    rl::policy_terms(logprobs, detail_::slice(old, 0, m), detail_::slice(advantages, 0, m), weight, config_.clip_range);
                const auto value = rl::value_terms(p.value_head(rows), detail_::slice(values, 0, m), detail_::slice(returns, 0, m), weight,
                                                   config_.clip_range_value);
                policy_terms.insert(policy_terms.end(), policy.terms.span().begin(), policy.terms.span().end());
                value_terms.insert(value_terms.end(), value.terms.span().begin(), value.terms.span().end());
                clipped += policy.clipped;
                log_ratios.insert(log_ratios.end(), policy.log_ratios.begin(), policy.log_ratios.end());
                return ops::add(policy.terms, ops::affine(value.terms, config_.vf_coef, 0.0));
              },
              batch);
        });
        if (rehearsed > 0 && config_.ptx_coef > 0)
          acc.add(
              [&](const PolicyAndValue& p, std::span<const text::Example> items) {
                const Tensor terms = sft_terms(p.policy, items, config_.ptx_coef / static_cast<double>(rehearsed));
                ptx_terms.assign(terms.span().begin(), terms.span().end());
                return terms;
              },
              rehearsal);
        const auto result = acc.finish();
        norms.push_back(optimizer_.step(model_, result.grads, lr_factor));
        policy_losses.push_back(kernels::sum16_double(policy_terms.data(), static_cast<std::int64_t>(policy_terms.size())));
        value_losses.push_back(kernels::sum16_double(value_terms.data(), static_cast<std::int64_t>(value_terms.size())));
        ptx_losses.push_back(kernels::sum16_double(ptx_terms.data(), static_cast<std::int64_t>(ptx_terms.size())));
        clip_fractions.push_back(clipped / static_cast<double>(count));
        approx_kls.push_back(0.5 * kernels::sum16_square(log_ratios.data(), static_cast<std::int64_t>(log_ratios.size())) /
                             static_cast<double>(count));
        first = false;
      });
    }
  } catch (...) {
    model_ = model_before;
    optimizer_.state() = state_before;
    throw;
  }
  ++iteration_;
  stats.policy_loss = detail_::mean_of(policy_losses);
  stats.value_loss = detail_::mean_of(value_losses);
  stats.ptx_loss = detail_::mean_of(ptx_losses);
  stats.clip_fraction = detail_::mean_of(clip_fractions);
  stats.approx_kl = detail_::mean_of(approx_kls);
  stats.grad_norm = detail_::mean_of(norms);
  return stats;
}

TUTELAGE_INLINE PPOStats PPOTrainer::train(const std::vector<TokenIds>& prompts, const reward::RewardFunction& reward, std::int64_t iterations,
                                           const RunOptions& run) {
  const FpStateGuard guard;
  PPOStats stats;
  Alarms watch(config_.alarms);
  for (std::int64_t k = 0; k < iterations; ++k) {
    if (run.stop_requested()) break;
    const auto responses = generate(prompts, run);
    std::vector<reward::Episode> episodes;
    for (std::size_t i = 0; i < prompts.size(); ++i)
      episodes.push_back({prompts[i], responses[i].ids, {}, {}, responses[i].stop_reason == nn::StopReason::kStopId});
    const auto scores = reward::checked_rewards(reward, episodes);
    std::vector<TokenIds> answers;
    for (const auto& r : responses) answers.push_back(r.ids);
    auto alarms = std::move(stats.alarms);
    for (auto& a : watch.observe({scores, {}, prompts, answers})) alarms.push_back(std::move(a));
    stats = step(prompts, responses, scores);
    stats.alarms = std::move(alarms);
    run.report({"ppo", k + 1, iterations, {{"reward", stats.reward}, {"kl", stats.kl}}});
  }
  return stats;
}

}  // namespace train

TUTELAGE_END
