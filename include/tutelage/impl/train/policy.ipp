#pragma once
#include <algorithm>
#include <cmath>
#include <numeric>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/train/policy.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace train {

namespace detail_ {
inline double mean_of(const std::vector<double>& v) {
  return v.empty() ? 0.0 : kernels::sum16_double(v.data(), static_cast<std::int64_t>(v.size())) / static_cast<double>(v.size());
}

/// Sum of (x - mean)^2.
inline double squares_of(std::vector<double> v, double mean) {
  for (double& x : v) x = x - mean;
  return kernels::sum16_square(v.data(), static_cast<std::int64_t>(v.size()));
}
}  // namespace detail_

TUTELAGE_INLINE void PolicyConfig::validate(const char* name) const {
  const auto need = [name](bool ok, const char* field, double got, const char* expected) {
    if (!ok || !std::isfinite(got)) detail::fail<ConfigError>(name, std::string(field) + " is out of range", detail::str(got), expected);
  };
  const auto one_of = [name](const char* field, const std::string& got, std::initializer_list<const char*> known) {
    std::string all;
    for (const char* k : known) {
      if (got == k) return;
      all += (all.empty() ? "" : ", ") + std::string(k);
    }
    detail::fail<ConfigError>(name, std::string(field) + " is unknown", got, "one of " + all);
  };
  const auto number = [](std::int64_t x) { return static_cast<double>(x); };
  need(batch_size >= 0, "batch_size", number(batch_size), "0 or more");
  need(num_generations >= 1, "num_generations", number(num_generations), "1 or more");
  need(max_new_tokens >= 1, "max_new_tokens", number(max_new_tokens), "1 or more");
  need(min_new_tokens >= 0 && min_new_tokens <= max_new_tokens, "min_new_tokens", number(min_new_tokens), "0 to max_new_tokens");
  need(temperature > 0, "temperature", temperature, "more than 0");
  one_of("normalize_rewards", normalize_rewards, {"none", "batch", "running"});
  need(true, "reward_scale", reward_scale, "a finite number");
  need(reward_clip >= 0, "reward_clip", reward_clip, "0 (off) or more");
  one_of("missing_eos", missing_eos, {"subtract", "set"});
  need(true, "missing_eos_penalty", missing_eos_penalty, "a finite number");
  need(kl_coef >= 0, "kl_coef", kl_coef, "0 or more");
  one_of("kl_estimator", kl_estimator, {"k1", "k2", "k3", "abs", "full"});
  one_of("kl_in", kl_in, {"reward", "loss"});
  need(kl_target >= 0, "kl_target", kl_target, "0 (off) or more");
  if (kl_target > 0) need(kl_coef > 0, "kl_coef", kl_coef, "more than 0, where it follows kl_target");
  need(kl_horizon > 0, "kl_horizon", kl_horizon, "more than 0");
  one_of("kl_per", kl_per, {"sequence", "token"});
  need(num_epochs >= 1, "num_epochs", number(num_epochs), "1 or more");
  need(mini_batch_size >= 0, "mini_batch_size", number(mini_batch_size), "0 or more");
  need(micro_batch_size >= 0, "micro_batch_size", number(micro_batch_size), "0 or more");
  need(clip_range > 0, "clip_range", clip_range, "more than 0");
  if (clip_range_high) need(*clip_range_high > 0, "clip_range_high", *clip_range_high, "more than 0");
  if (dual_clip) need(*dual_clip > 1, "dual_clip", *dual_clip, "more than 1");
  need(true, "entropy_coef", entropy_coef, "a finite number");
  need(target_kl >= 0, "target_kl", target_kl, "0 (off) or more");
  one_of("aggregation", aggregation, {"token-mean", "seq-mean-token-mean", "seq-mean-token-sum", "seq-mean-token-sum-norm"});
  if (kl_in == "loss" && kl_estimator == "k1" && kl_coef > 0)
    detail::fail<ConfigError>(name, "k1 in the loss teaches nothing", "kl_estimator k1, kl_in loss", "k2, k3, abs or full in the loss",
                              "The mean of its gradient is zero; k2's is that of the reverse KL.");
  optimizer.validate();
}

TUTELAGE_INLINE std::vector<std::pair<std::string, double>> PolicyStats::metrics() const {
  return {{"reward", reward},
          {"reward_std", reward_std},
          {"frac_reward_zero_std", frac_reward_zero_std},
          {"kl", kl},
          {"kl_coef", kl_coef},
          {"entropy", entropy},
          {"response_length", response_length},
          {"frac_ended", frac_ended},
          {"policy_loss", policy_loss},
          {"value_loss", value_loss},
          {"kl_loss", kl_loss},
          {"ptx_loss", ptx_loss},
          {"clip_fraction", clip_fraction},
          {"value_clip_fraction", value_clip_fraction},
          {"approx_kl", approx_kl},
          {"grad_norm", grad_norm},
          {"explained_variance", explained_variance},
          {"first_ratio_min", first_ratio_min},
          {"first_ratio_max", first_ratio_max},
          {"clamped", static_cast<double>(clamped)},
          {"updates", static_cast<double>(updates)}};
}

TUTELAGE_INLINE void RunningMoments::add(std::span<const double> values) {
  if (values.empty()) return;
  const std::vector<double> all(values.begin(), values.end());
  const double n = static_cast<double>(all.size()), m = detail_::mean_of(all), s = detail_::squares_of(all, m), delta = m - mean, total = count + n;
  squares = squares + s + delta * delta * count * n / total;
  mean = mean + delta * n / total;
  count = total;
}

TUTELAGE_INLINE double RunningMoments::std() const {
  const double s = count > 0 ? std::sqrt(squares / count) : 0.0;
  return s > 0 ? s : 1.0;
}

TUTELAGE_INLINE std::vector<std::string> Watch::look(const PolicyStats& s, std::span<const double> scores, std::span<const double> kl_sums,
                                                     bool can_end, bool grouped) {
  std::vector<std::string> out;
  const auto tell = [&](const char* kind, const std::string& text) {
    if (told_.insert(kind).second) out.push_back(std::string(kind) + ": " + text);
  };
  const double n = static_cast<double>(scores.size());
  if (s.first_ratio_min != 1 || s.first_ratio_max != 1)
    tell("ratio not 1 at the start", "the first ratios are " + detail::str(s.first_ratio_min) + " to " + detail::str(s.first_ratio_max) +
                                         ". The answers were not drawn from this policy as it is: they are older than the last step, were sampled "
                                         "elsewhere or with another temperature, or their log-probs were computed otherwise.");
  const double spread = n > 1 ? std::sqrt(detail_::squares_of({kl_sums.begin(), kl_sums.end()}, s.kl) / (n - 1) / n) : 0.0;
  if (n > 1 && s.kl < -3 * spread && s.kl < -1e-3)
    tell("negative KL", "its mean is " + detail::str(s.kl) + " nats an answer, further below 0 than chance explains (standard error " +
                            detail::str(spread) +
                            "). A KL is never negative: the answers do not come from the policy whose log-probs they carry "
                            "(truncated sampling, a forced length, another temperature), or policy and reference were mixed up.");
  bool constant = n > 1;
  for (const double r : scores) constant = constant && r == scores[0];
  if (constant)
    tell("constant reward", "all " + detail::str(scores.size()) + " answers scored " + detail::str(scores[0]) +
                                ". Nothing can be learnt from it: the reward function may look for what never occurs, or read the wrong argument.");
  else if (grouped && s.frac_reward_zero_std > 0.5)
    tell("groups without variance", detail::str(100 * s.frac_reward_zero_std) +
                                        " % of the prompts have answers that all scored the same, and teach "
                                        "nothing. Raise num_generations or temperature, grade the reward finer, or leave out prompts that are always "
                                        "or never solved.");
  answers_ += static_cast<std::int64_t>(scores.size());
  ended_ += static_cast<std::int64_t>(s.frac_ended * n + 0.5);
  if (can_end && n > 1 && s.frac_ended == 0) {
    tell("all answers cut", "none of " + detail::str(scores.size()) +
                                " answers ended before max_new_tokens. Raise it, set missing_eos_penalty, or "
                                "check that stop_ids are the ids with which this model ends an answer.");
    if (ended_ == 0 && answers_ >= 256)
      tell("EOS never produced", "none of the " + detail::str(answers_) +
                                     " answers so far ended with a stop id. The model may never have learnt to "
                                     "end (does its SFT data hold the end token?), or stop_ids are not its own.");
  }
  return out;
}

TUTELAGE_INLINE std::vector<std::int64_t> prompt_places(std::int64_t n, std::int64_t batch_size, std::int64_t iteration, std::uint64_t seed) {
  std::vector<std::int64_t> places(static_cast<std::size_t>(n)), order = places;
  std::iota(places.begin(), places.end(), 0);
  if (batch_size <= 0 || n <= 0) return places;
  places.clear();
  for (std::int64_t k = iteration * batch_size; k < (iteration + 1) * batch_size; ++k) {
    if (places.empty() || k % n == 0) {
      std::iota(order.begin(), order.end(), 0);
      Rng(seed, Purpose::kShuffle, 1, static_cast<std::uint32_t>(k / n)).shuffle(order);
    }
    places.push_back(order[static_cast<std::size_t>(k % n)]);
  }
  return places;
}

TUTELAGE_INLINE std::vector<nn::Generation> sample_answers(const nn::Transformer& policy, const PolicyConfig& config,
                                                           const std::vector<TokenIds>& prompts, std::int64_t iteration, const RunOptions& run) {
  nn::GenerateOptions options;
  options.max_new_tokens = config.max_new_tokens;
  options.min_new_tokens = config.min_new_tokens;
  options.temperature = config.temperature;
  options.stop_ids = config.stop_ids;
  options.num_samples = config.num_generations;
  options.seed = config.seed;
  options.step = static_cast<std::uint32_t>(iteration);
  return nn::generate(policy, prompts, options, {}, run);
}

TUTELAGE_INLINE reward::Scores score_answers(const reward::Reward& reward, const std::vector<TokenIds>& prompts,
                                             const std::vector<nn::Generation>& responses, const text::Tokenizer* tokenizer) {
  const FpStateGuard guard;
  if (prompts.empty() || responses.empty() || responses.size() % prompts.size() != 0)
    detail::fail<ShapeError>("score_answers", "not as many responses to each prompt", detail::str(responses.size()) + " responses",
                             "one or more to each of " + detail::str(prompts.size()) + " prompts, the same number");
  const std::size_t group = responses.size() / prompts.size();
  std::vector<std::string> asked, said;
  if (tokenizer) {
    for (const auto& p : prompts) asked.push_back(tokenizer->decode_text(p));
    for (const auto& r : responses) said.push_back(tokenizer->decode_text(r.ids));
  }
  std::vector<reward::Episode> episodes;
  for (std::size_t i = 0; i < responses.size(); ++i) {
    reward::Episode e{prompts[i / group], responses[i].ids, {}, {}, responses[i].stop_reason == nn::StopReason::kStopId};
    if (tokenizer) e.prompt = asked[i / group], e.response = said[i];
    episodes.push_back(e);
  }
  return reward(episodes);
}

}  // namespace train

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
