#pragma once
#include <optional>
#include <string>

#include "tutelage/tensor/tensor.hpp"

TUTELAGE_BEGIN

namespace rl {

/// The loss's terms, one a token, each times weight; the sums are over the tokens, to be divided by the step's count.
template <class T>
struct LossTerms {
  BasicTensor<T> terms;    // (n), differentiable
  double clipped = 0;      // tokens where the clipped term is the larger
  double approx_kl = 0;    // sum of (logprobs - old_logprobs)^2 / 2
  double ratio_sum = 0, ratio_max = 0;
  std::int64_t clamped = 0;  // log-ratios beyond +-20
};

/// weight * max(-A r, -A clip(r, 1 - clip_range, 1 + high)), r = exp(logprobs - old_logprobs); with dual_clip c and A < 0: at most -A c.
/// All (n), no padding. The inner form of ppo_policy_loss. Source: arXiv 1707.06347, eq. 7; dual clip: arXiv 1912.09729.
template <class T>
LossTerms<T> policy_terms(const BasicTensor<T>& logprobs, const BasicTensor<T>& old_logprobs, const BasicTensor<T>& advantages, double weight, double clip_range = 0.2,
                          std::optional<double> clip_range_high = {}, std::optional<double> dual_clip = {});

/// weight * max((V - R)^2, (V_old + clip(V - V_old, +-clip_range_value) - R)^2) / 2. All (n).
template <class T>
LossTerms<T> value_terms(const BasicTensor<T>& values, const BasicTensor<T>& old_values, const BasicTensor<T>& returns, double weight, double clip_range_value = 0.2);

}  // namespace rl

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/rl/ppo_loss.ipp"
#endif
