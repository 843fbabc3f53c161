#pragma once
// What is known of the answers of a step before anything is learnt from them; shared by PPO, RLOO and GRPO.
#include <algorithm>
#include <cmath>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/impl/nn/sampler.ipp"
#include "tutelage/impl/train/below.hpp"
#include "tutelage/impl/train/finite.hpp"
#include "tutelage/impl/train/policy.ipp"
#include "tutelage/impl/train/sft.ipp"
#include "tutelage/rl/kl.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace train {
namespace detail_ {

inline Tensor slice(const std::vector<float>& v, std::int64_t begin, std::int64_t end) {
  if (v.empty()) return {};
  return Tensor::from({end - begin}, std::span<const float>(v).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)));
}

/// @throws ConfigError
inline void check_reference(const char* trainer, const nn::Transformer& policy, const nn::Transformer& reference) {
  if (reference.config.vocab_size != policy.config.vocab_size || reference.blocks.empty())
    detail::fail<ConfigError>(trainer, "the reference has another vocabulary, or is none", detail::str(reference.config.vocab_size),
                              detail::str(policy.config.vocab_size) + " as the policy has");
}

inline void append(std::vector<float>& to, const Tensor& terms) { to.insert(to.end(), terms.span().begin(), terms.span().end()); }
inline void append(std::vector<double>& to, const Tensor& terms) { to.insert(to.end(), terms.span().begin(), terms.span().end()); }

/// Prompts with their answers, `group` to each, and where their tokens stand in the step.
struct Answers {
  const std::vector<TokenIds>& prompts;
  const std::vector<nn::Generation>& responses;
  std::size_t group;
  const TokenIds& prompt(std::size_t i) const { return prompts[i / group]; }
  std::int64_t size() const { return static_cast<std::int64_t>(responses.size()); }
};

/// @throws ValueError, ShapeError
inline Answers checked_answers(const char* function, const PolicyConfig& c, const nn::Transformer& policy, const std::vector<TokenIds>& prompts,
                               const std::vector<nn::Generation>& responses, std::span<const double> scores,
                               const std::vector<std::vector<double>>& token_scores) {
  const auto group = static_cast<std::size_t>(c.num_generations);
  if (prompts.empty()) detail::fail<ValueError>(function, "no prompt", "0", "at least one");
  for (const auto id : c.stop_ids)
    if (id < 0 || id >= policy.config.vocab_size)
      detail::fail<IndexError>(function, "a stop id is out of range", detail::str(id), "0 to " + detail::str(policy.config.vocab_size - 1));
  if (responses.size() != prompts.size() * group || scores.size() != responses.size())
    detail::fail<ShapeError>(function, "lists differ in length",
                             detail::str(responses.size()) + " responses, " + detail::str(scores.size()) + " scores",
                             detail::str(prompts.size() * group) + " of each");
  if (!token_scores.empty() && token_scores.size() != responses.size())
    detail::fail<ShapeError>(function, "token_scores are not one list an answer", detail::str(token_scores.size()), detail::str(responses.size()));
  for (std::size_t i = 0; i < responses.size(); ++i) {
    const auto& r = responses[i];
    if (prompts[i / group].empty() || r.ids.empty())
      detail::fail<ValueError>(function, "prompt or answer of sample " + detail::str(i) + " is empty", "no token", "at least one");
    if (!std::isfinite(scores[i]))
      detail::fail<ValueError>(function, "score of sample " + detail::str(i) + " is not finite", detail::str(scores[i]), "a finite number");
    if (r.logprobs.size() != r.ids.size())
      detail::fail<ShapeError>(function, "sample " + detail::str(i) + " lacks the sampler's log-probs", detail::str(r.logprobs.size()),
                               detail::str(r.ids.size()), "Pass what generate() returned.");
    if (!finite(r.logprobs))
      detail::fail<ValueError>(function, "a log-prob of sample " + detail::str(i) + " is not finite", "NaN or infinity", "what the sampler recorded");
    if (!token_scores.empty() && token_scores[i].size() != r.ids.size())
      detail::fail<ShapeError>(function, "token scores of sample " + detail::str(i) + " are not one a token", detail::str(token_scores[i].size()),
                               detail::str(r.ids.size()));
    if (!token_scores.empty())
      for (const double x : token_scores[i])
        if (!std::isfinite(x))
          detail::fail<ValueError>(function, "a token score of sample " + detail::str(i) + " is not finite", detail::str(x), "a finite number");
  }
  return {prompts, responses, group};
}

/// Whole sequences (prompt, then answer) and where the answers' tokens are predicted.
struct AnswerBatch {
  nn::TokenBatch tokens;
  const Below* kept = nullptr;  // of the step, and `below` of these tokens
  Tensor below;
  std::vector<std::int64_t> positions;   // of the token before each answer token
  std::vector<std::int64_t> offsets{0};  // of each answer in positions
  std::vector<std::int32_t> targets;
  std::vector<std::int64_t> early;  // answer tokens that hold no stop id

  void add(const TokenIds& prompt, std::span<const std::int32_t> answer, std::int64_t min_new_tokens = 0) {
    const std::int64_t start = tokens.tokens();
    TokenIds whole = prompt;
    whole.insert(whole.end(), answer.begin(), answer.end());
    tokens.add(whole);
    for (std::size_t t = 0; t < answer.size(); ++t) {
      if (static_cast<std::int64_t>(t) < min_new_tokens) early.push_back(static_cast<std::int64_t>(targets.size()));
      positions.push_back(start + static_cast<std::int64_t>(prompt.size() + t) - 1);
      targets.push_back(answer[t]);
    }
    offsets.push_back(static_cast<std::int64_t>(targets.size()));
  }
  /// Hidden states before each answer token.
  Tensor rows(const nn::Transformer& model) const { return ops::rows(hidden(model), positions); }
  Tensor hidden(const nn::Transformer& model) const { return kept ? kept->hidden(model, below, tokens) : model.hidden(tokens); }
  std::int64_t last(std::size_t i) const { return tokens.offsets[i + 1] - 1; }  // of the last token of answer i
};

/// Logits of the distributions that answers are drawn from, before the temperature: stop ids are out where min_new_tokens forbids them.
inline Tensor answer_logits(const nn::Transformer& model, const Tensor& rows, const AnswerBatch& b, const PolicyConfig& c) {
  const Tensor logits = ops::linear(rows, model.output_weight(), Tensor());
  if (b.early.empty() || c.stop_ids.empty()) return logits;
  Tensor lowered(logits.shape());
  float* x = lowered.mutable_data();
  for (const auto row : b.early)
    for (const auto id : c.stop_ids) x[row * logits.dim(1) + id] = -nn::detail_::kForbidden;
  return ops::add(logits, lowered);
}

/// Log-probs of the answers' tokens, bit for bit as the sampler recorded them. rows: hidden states at b.positions.
inline Tensor answer_logprobs(const nn::Transformer& model, const Tensor& rows, const AnswerBatch& b, const PolicyConfig& c) {
  if (b.early.empty() || c.stop_ids.empty()) return ops::linear_logprobs(rows, model.output_weight(), b.targets, c.temperature);
  return ops::token_logprobs(answer_logits(model, rows, b, c), b.targets, c.temperature);
}

/// KL over the whole vocabulary at each answer token.
inline Tensor answer_full_kl(const nn::Transformer& policy, const Tensor& rows, const nn::Transformer& reference, const Tensor& ref_rows,
                             const AnswerBatch& b, const PolicyConfig& c) {
  const double inverse = 1.0 / c.temperature;
  return rl::full_kl(ops::affine(answer_logits(policy, rows, b, c), inverse, 0.0),
                     ops::affine(answer_logits(reference, ref_rows, b, c), inverse, 0.0));
}

/// Log-probs under the reference, KL, scores and token rewards. more(batch, begin, end) is called with each run of answers, in order.
template <class More>
Rollout look_at(const PolicyConfig& c, const nn::Transformer& policy, const nn::Transformer& reference, const Answers& answers, Below& below,
                double kl_coef, std::span<const double> scores, const std::vector<std::vector<double>>& token_scores, RunningMoments& moments,
                const More& more) {
  Rollout r;
  micro_batches(answers.size(), c.micro_batch_size > 0 ? c.micro_batch_size : 32, [&](std::int64_t begin, std::int64_t end) {
    AnswerBatch batch;
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      const auto& answer = answers.responses[i];
      batch.add(answers.prompt(i), answer.ids, c.min_new_tokens);
      r.old_logprobs.insert(r.old_logprobs.end(), answer.logprobs.begin(), answer.logprobs.end());
      r.offsets.push_back(r.offsets.back() + static_cast<std::int64_t>(answer.ids.size()));
    }
    batch.kept = &below, batch.below = below.add(batch.tokens);
    const Tensor ref_rows = batch.rows(reference);
    const Tensor ref = answer_logprobs(reference, ref_rows, batch, c);
    const std::int64_t at = r.offsets[static_cast<std::size_t>(begin)];
    const Tensor old = Tensor::from({ref.size()}, std::span<const float>(r.old_logprobs).subspan(static_cast<std::size_t>(at)));
    const Tensor kl = c.kl_estimator == "full" ? answer_full_kl(policy, batch.rows(policy), reference, ref_rows, batch, c)
                                               : rl::kl_estimate(old, ref, c.kl_estimator);
    r.ref_logprobs.insert(r.ref_logprobs.end(), ref.span().begin(), ref.span().end());
    r.kl.insert(r.kl.end(), kl.span().begin(), kl.span().end());
    more(batch, begin, end);
  });
  r.scores.assign(scores.begin(), scores.end());
  if (c.normalize_rewards != "none") {
    RunningMoments of;
    if (c.normalize_rewards == "batch") {
      of.add(scores);
    } else {
      moments.add(scores);
      of = moments;
    }
    for (double& s : r.scores) s = (s - of.mean) / of.std();
  }
  for (double& s : r.scores) {
    s = s * c.reward_scale;
    if (c.reward_clip > 0) s = std::clamp(s, -c.reward_clip, c.reward_clip);
  }
  for (std::size_t i = 0; i < r.scores.size(); ++i) {
    const std::int64_t begin = r.offsets[i], end = r.offsets[i + 1];
    double drift = 0, score = r.scores[i];
    if (answers.responses[i].stop_reason == nn::StopReason::kLength)
      score = c.missing_eos == "set" ? -c.missing_eos_penalty : score - c.missing_eos_penalty;
    for (auto t = static_cast<std::size_t>(begin); t < static_cast<std::size_t>(end); ++t) {
      drift = drift + (static_cast<double>(r.old_logprobs[t]) - static_cast<double>(r.ref_logprobs[t]));
      float reward = c.kl_in == "reward" ? static_cast<float>(-kl_coef) * r.kl[t] : 0.0f;
      if (!token_scores.empty()) reward = reward + static_cast<float>(token_scores[i][t - static_cast<std::size_t>(begin)]);
      if (static_cast<std::int64_t>(t) + 1 == end) reward = reward + static_cast<float>(score);
      r.rewards.push_back(reward);
    }
    r.kl_sums.push_back(drift);
  }
  return r;
}

/// What an answer earned in all: its tokens' rewards together.
inline std::vector<double> totals(const Rollout& r) {
  std::vector<double> all;
  for (std::size_t i = 0; i + 1 < r.offsets.size(); ++i) {
    const std::vector<double> rewards(r.rewards.begin() + r.offsets[i], r.rewards.begin() + r.offsets[i + 1]);
    all.push_back(kernels::sum16_double(rewards.data(), static_cast<std::int64_t>(rewards.size())));
  }
  return all;
}

/// The group of each answer: its prompt.
inline std::vector<std::int64_t> groups_of(const Answers& answers) {
  std::vector<std::int64_t> groups;
  for (std::size_t i = 0; i < answers.responses.size(); ++i) groups.push_back(static_cast<std::int64_t>(i / answers.group));
  return groups;
}

/// Numbers in double as a tensor.
inline Tensor to_tensor(const std::vector<double>& v) {
  Tensor t({static_cast<std::int64_t>(v.size())});
  for (std::size_t i = 0; i < v.size(); ++i) t.mutable_data()[i] = static_cast<float>(v[i]);
  return t;
}

/// What the answers say before anything is learnt from them.
inline PolicyStats stats_of(const Rollout& r, const Answers& answers, std::span<const double> scores, double kl_coef) {
  PolicyStats s;
  const std::vector<double> given(scores.begin(), scores.end());
  const auto n = static_cast<double>(given.size());
  s.reward = mean_of(given);
  s.reward_std = n > 1 ? std::sqrt(squares_of(given, s.reward) / (n - 1)) : 0.0;
  double same = 0, ended = 0;
  for (std::size_t g = 0; g + answers.group <= given.size(); g += answers.group)
    same += std::all_of(given.begin() + static_cast<std::ptrdiff_t>(g), given.begin() + static_cast<std::ptrdiff_t>(g + answers.group),
                        [&](double x) { return x == given[g]; });
  for (const auto& a : answers.responses) ended += a.stop_reason == nn::StopReason::kStopId;
  s.frac_reward_zero_std = answers.group > 1 ? same / static_cast<double>(answers.prompts.size()) : 0.0;
  s.frac_ended = ended / n;
  s.kl = mean_of(r.kl_sums);
  s.kl_coef = kl_coef;
  const auto tokens = static_cast<double>(r.offsets.back());
  s.entropy = -kernels::sum16_double(r.old_logprobs.data(), r.offsets.back()) / tokens;
  s.response_length = tokens / n;
  return s;
}

/// The next iteration's coefficient. @throws ValueError where the step is so large that AdaptiveKL would turn it negative
inline double next_kl_coef(const char* function, const PolicyConfig& c, const PolicyStats& s, std::int64_t answers, double kl_coef) {
  if (c.kl_target <= 0) return kl_coef;
  if (static_cast<double>(answers) >= 5 * c.kl_horizon)
    detail::fail<ValueError>(function, "the step is too large for kl_horizon", detail::str(answers) + " answers",
                             "fewer than 5 kl_horizon = " + detail::str(5 * c.kl_horizon), "kl_coef would turn 0 or negative.");
  rl::AdaptiveKL adaptive(kl_coef, c.kl_target, c.kl_horizon, c.kl_per);
  return adaptive.update(c.kl_per == "token" ? s.kl / s.response_length : s.kl, static_cast<double>(answers));
}

}  // namespace detail_
}  // namespace train

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
