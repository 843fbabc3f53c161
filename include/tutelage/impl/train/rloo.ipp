#pragma once
#include <cmath>

#include "tutelage/base/fail.hpp"
#include "tutelage/impl/train/group.ipp"
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

namespace detail_ {

/// The KL penalty is taken off each answer's score, then what the others to its prompt have on average.
template <> inline Tensor group_advantages(const RLOOConfig& c, const Rollout& r, const Answers& answers) {
  const Tensor advantages = rl::rloo_advantages(to_tensor(totals(r)), std::span<const std::int64_t>(groups_of(answers)));
  if (!c.normalize_advantages) return advantages;
  std::vector<double> a(advantages.span().begin(), advantages.span().end());
  const double mean = mean_of(a), std = std::sqrt(squares_of(a, mean) / (static_cast<double>(a.size()) - 1.0));
  for (double& x : a) x = (x - mean) / (std + 1e-4);
  return to_tensor(a);
}

/// The ratio is of the whole answer, the loss a mean over answers.
template <> inline Tensor group_terms(const RLOOConfig& c, const Tensor& logprobs, const Part& part, Terms& terms, PolicyStats& stats) {
  const std::span<const std::int64_t> runs(part.batch.offsets);
  const Tensor advantages = ops::rows(part.advantages, {runs.begin(), runs.end() - 1});  // of each answer's first token
  const auto answer = rl::policy_terms(ops::sum_runs(logprobs, runs), ops::sum_runs(part.old_logprobs, runs), advantages, 1.0 / part.sequences,
                                       c.clip_range, c.clip_range_high, c.dual_clip);
  note_clipped(answer, answer.terms, terms, stats);
  return answer.terms;
}

}  // namespace detail_
}  // namespace train

TUTELAGE_END
