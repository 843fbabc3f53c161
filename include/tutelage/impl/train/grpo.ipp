#pragma once
#include "tutelage/base/fail.hpp"
#include "tutelage/impl/train/group.ipp"
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

namespace detail_ {

/// Over the mean of the group.
template <> inline Tensor group_advantages(const GRPOConfig& c, const Rollout& r, const Answers& answers) {
  return rl::grpo_advantages(to_tensor(totals(r)), std::span<const std::int64_t>(groups_of(answers)), c.scale_rewards);
}

/// A ratio a token.
template <> inline Tensor group_terms(const GRPOConfig& c, const Tensor& logprobs, const Part& part, Terms& terms, PolicyStats& stats) {
  return clipped_terms(c, logprobs, part, terms, stats);
}

}  // namespace detail_
}  // namespace train

TUTELAGE_END
