#pragma once
// The loop of clipped updates that PPO, RLOO and GRPO share.
#include <functional>

#include "tutelage/base/math.hpp"
#include "tutelage/impl/train/finite.hpp"
#include "tutelage/impl/train/rollout.ipp"
#include "tutelage/rl/ppo_loss.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace train {
namespace detail_ {

/// Some answers of an update: what one micro-batch computes.
struct Part {
  AnswerBatch batch;
  Tensor old_logprobs, ref_logprobs, advantages, values, returns;  // (tokens); values and returns where the rollout has them
  double tokens = 0, sequences = 0;                                // of the whole update
  bool first = false;                                              // of the iteration: the policy is as it sampled

  /// What a token's term is divided by, but for its answer's length.
  double weight(const PolicyConfig& c) const {
    if (c.aggregation == "token-mean") return 1.0 / tokens;
    return 1.0 / (c.aggregation == "seq-mean-token-sum-norm" ? sequences * static_cast<double>(c.max_new_tokens) : sequences);
  }
  /// Terms (tokens), divided by the length of their answers where the mean of each is asked for.
  Tensor by_length(const PolicyConfig& c, const Tensor& terms) const {
    if (c.aggregation != "seq-mean-token-mean") return terms;
    Tensor shares(terms.shape());
    float* x = shares.mutable_data();
    for (std::size_t i = 0; i + 1 < batch.offsets.size(); ++i)
      for (auto t = batch.offsets[i]; t < batch.offsets[i + 1]; ++t)
        x[t] = static_cast<float>(1.0 / static_cast<double>(batch.offsets[i + 1] - batch.offsets[i]));
    return ops::mul(terms, shares);
  }
};

/// Numbers of one update, kept in item order and summed once, so that no cut shows.
struct Terms {
  std::vector<float> policy, value, kl, ptx;
  std::vector<double> log_ratios;
  double clipped = 0, value_clipped = 0;
};

inline void note_first_ratios(PolicyStats& stats, const Tensor& logprobs, const Tensor& old) {
  for (std::int64_t t = 0; t < logprobs.size(); ++t) {
    const double ratio = math::exp(logprobs.data()[t] - old.data()[t]);
    stats.first_ratio_min = std::min(stats.first_ratio_min, ratio);
    stats.first_ratio_max = std::max(stats.first_ratio_max, ratio);
  }
}

inline void note_clipped(const rl::LossTerms<float>& policy, const Tensor& out, Terms& terms, PolicyStats& stats) {
  append(terms.policy, out);
  terms.clipped += policy.clipped;
  terms.log_ratios.insert(terms.log_ratios.end(), policy.log_ratios.begin(), policy.log_ratios.end());
  stats.clamped += policy.clamped;
}

/// The clipped loss of each token, in units of the whole update's loss.
inline Tensor clipped_terms(const PolicyConfig& c, const Tensor& logprobs, const Part& part, Terms& terms, PolicyStats& stats) {
  const auto policy = rl::policy_terms(logprobs, part.old_logprobs, part.advantages, part.weight(c), c.clip_range, c.clip_range_high, c.dual_clip);
  const Tensor out = part.by_length(c, policy.terms);
  note_clipped(policy, out, terms, stats);
  return out;
}

/// What may stand beside the clipped loss: the KL to the reference where it is in the loss, and the entropy bonus. (tokens), or empty.
inline Tensor regular_terms(const PolicyConfig& c, const nn::Transformer& policy, const nn::Transformer& reference, const Tensor& rows,
                            const Tensor& logprobs, const Part& part, double kl_coef, Terms& terms) {
  Tensor out;
  if (c.kl_in == "loss" && kl_coef > 0) {
    const Tensor kl = c.kl_estimator == "full" ? answer_full_kl(policy, rows, reference, part.batch.rows(reference), part.batch, c)
                                               : rl::kl_estimate(logprobs, part.ref_logprobs, c.kl_estimator);
    out = part.by_length(c, ops::affine(kl, kl_coef * part.weight(c), 0.0));
    append(terms.kl, out);
  }
  if (c.entropy_coef != 0) {
    const Tensor entropy = ops::token_entropy(answer_logits(policy, rows, part.batch, c), c.temperature);
    const Tensor bonus = part.by_length(c, ops::affine(entropy, -c.entropy_coef * part.weight(c), 0.0));
    out = out.size() ? ops::add(out, bonus) : bonus;
  }
  return out;
}

/// What an algorithm may do around the updates.
template <class Params> struct Hooks {
  std::function<void(std::vector<float>&)> advantages;                // of an update, before it is cut
  std::function<void(GradAccumulator<float, Params>&, Terms&)> more;  // other terms, once an update
  std::function<void(Params&)> after;                                 // each optimiser step
};

/// num_epochs passes over the answers in seeded order, an optimiser step for each mini-batch. loss(params, part, terms) gives the terms of a part.
/// What fails half-way restores parameters and optimiser.
template <class Params, class Loss>
void update_policy(const char* function, const PolicyConfig& c, const Answers& answers, const Below& below, const Rollout& rollout,
                   std::int64_t iteration, double lr_factor, Params& params, optim::AdamW<float, Params>& optimizer, PolicyStats& stats,
                   const Loss& loss, const Hooks<Params>& hooks = {}) {
  const Params params_before = params;
  const auto state_before = optimizer.state();
  std::vector<double> policy_losses, value_losses, kl_losses, ptx_losses, clip_fractions, value_clip_fractions, approx_kls, norms;
  bool first = true, far = false;
  const auto one_update = [&](std::span<const std::int64_t> items) {
    std::vector<float> old, reference, advantages, values, returns;
    std::vector<std::int64_t> offsets{0};
    for (const auto item : items) {
      const auto i = static_cast<std::size_t>(item);
      const auto copy = [&](const std::vector<float>& from, std::vector<float>& to) {
        if (!from.empty()) to.insert(to.end(), from.begin() + rollout.offsets[i], from.begin() + rollout.offsets[i + 1]);
      };
      copy(rollout.old_logprobs, old), copy(rollout.ref_logprobs, reference), copy(rollout.advantages, advantages);
      copy(rollout.values, values), copy(rollout.returns, returns);
      offsets.push_back(offsets.back() + rollout.length(i));
    }
    if (hooks.advantages) hooks.advantages(advantages);
    const double count = static_cast<double>(offsets.back()), sequences = static_cast<double>(items.size());
    Terms terms;
    GradAccumulator<float, Params> acc(params);
    micro_batches(static_cast<std::int64_t>(items.size()), c.micro_batch_size, [&](std::int64_t begin, std::int64_t end) {
      Part part;
      part.tokens = count, part.sequences = sequences, part.first = first;
      for (auto k = static_cast<std::size_t>(begin); k < static_cast<std::size_t>(end); ++k) {
        const auto i = static_cast<std::size_t>(items[k]);
        part.batch.add(answers.prompt(i), answers.responses[i].ids, c.min_new_tokens);
      }
      part.batch.kept = &below;
      part.batch.below = below.of(items.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)));
      const auto from = offsets[static_cast<std::size_t>(begin)], to = offsets[static_cast<std::size_t>(end)];
      part.old_logprobs = slice(old, from, to), part.ref_logprobs = slice(reference, from, to), part.advantages = slice(advantages, from, to);
      part.values = slice(values, from, to), part.returns = slice(returns, from, to);
      acc.add([&](const Params& p, const Part& of) { return loss(p, of, terms); }, part);
    });
    if (hooks.more) hooks.more(acc, terms);
    const auto n = static_cast<std::int64_t>(terms.log_ratios.size());
    const double approx_kl = 0.5 * kernels::sum16_square(terms.log_ratios.data(), n) / static_cast<double>(n);
    approx_kls.push_back(approx_kl);
    if (c.target_kl > 0 && approx_kl > c.target_kl) {
      far = true;
      return;
    }
    const auto sum = [](const std::vector<float>& v) { return kernels::sum16_double(v.data(), static_cast<std::int64_t>(v.size())); };
    const auto result = acc.finish();
    norms.push_back(finite_step(function, optimizer, params, result, lr_factor));
    if (hooks.after) hooks.after(params);
    policy_losses.push_back(sum(terms.policy)), value_losses.push_back(sum(terms.value));
    kl_losses.push_back(sum(terms.kl)), ptx_losses.push_back(sum(terms.ptx));
    clip_fractions.push_back(terms.clipped / static_cast<double>(n)), value_clip_fractions.push_back(terms.value_clipped / count);
    first = false;
  };
  try {
    for (std::int64_t epoch = 0; epoch < c.num_epochs && !far; ++epoch) {
      const auto order = shuffled(answers.size(), c.seed, iteration * c.num_epochs + epoch);
      micro_batches(answers.size(), c.mini_batch_size, [&](std::int64_t begin, std::int64_t end) {
        if (!far) one_update(std::span(order).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)));
      });
    }
  } catch (...) {
    params = params_before;
    optimizer.state() = state_before;
    throw;
  }
  stats.policy_loss = mean_of(policy_losses), stats.value_loss = mean_of(value_losses);
  stats.kl_loss = mean_of(kl_losses), stats.ptx_loss = mean_of(ptx_losses);
  stats.clip_fraction = mean_of(clip_fractions), stats.value_clip_fraction = mean_of(value_clip_fractions);
  stats.approx_kl = mean_of(approx_kls), stats.grad_norm = mean_of(norms);
  stats.updates = static_cast<std::int64_t>(norms.size());
}

/// The loop of train(): step(prompts, responses, scores) learns.
template <class Trainer, class Step>
PolicyStats policy_loop(const char* stage, Trainer& trainer, const std::vector<TokenIds>& prompts, const reward::Reward& reward,
                        std::int64_t iterations, const text::Tokenizer* tokenizer, const RunOptions& run, const Step& step) {
  const FpStateGuard guard;
  PolicyStats stats;
  Alarms watch(trainer.config().alarms);
  for (std::int64_t k = 0; k < iterations; ++k) {
    if (run.stop_requested()) break;
    std::vector<TokenIds> asked;
    const auto& c = trainer.config();
    for (const auto place : prompt_places(static_cast<std::int64_t>(prompts.size()), c.batch_size, trainer.iteration(), c.seed))
      asked.push_back(prompts[static_cast<std::size_t>(place)]);
    std::vector<nn::Generation> responses;
    try {
      responses = trainer.generate(asked, run);
    } catch (const Stopped&) {
      if (k == 0) throw;
      break;  // what the iterations before gave is kept
    }
    const auto scores = score_answers(reward, asked, responses, tokenizer);
    const std::size_t group = responses.size() / asked.size();
    std::vector<TokenIds> prompts_of_answers, answers;
    for (std::size_t i = 0; i < responses.size(); ++i) prompts_of_answers.push_back(asked[i / group]), answers.push_back(responses[i].ids);
    auto alarms = std::move(stats.alarms);
    for (auto& alarm : watch.observe({scores.sequence, {}, prompts_of_answers, answers})) alarms.push_back(std::move(alarm));
    stats = step(asked, responses, scores);
    stats.alarms = std::move(alarms);
    run.report({stage, k + 1, iterations, stats.metrics(), stats.warnings});
  }
  return stats;
}

}  // namespace detail_
}  // namespace train

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
