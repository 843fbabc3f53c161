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

/// One number of masked terms. loss, mask (B, T).
///   token-mean: sum / tokens; seq-mean-token-mean: the mean over sequences of their means; seq-mean-token-sum: of their sums;
///   seq-mean-token-sum-norm: sum / (sequences * max_length)
/// Sequences without a real token are left out; no real token at all gives 0. `count` is the step's number of tokens (token-mean) or
/// sequences (else) where this call sees a part of the step. @throws ShapeError, ConfigError for an unknown mode or a missing max_length
template <class T>
BasicTensor<T> aggregate(const BasicTensor<T>& loss, const BasicTensor<T>& mask, const std::string& mode = "token-mean", std::optional<double> max_length = {},
                         std::optional<double> count = {});

template <class T>
struct PolicyLoss {
  BasicTensor<T> loss;  // a scalar
  double clip_fraction = 0, approx_kl = 0, ratio_mean = 0, ratio_max = 0;
  std::int64_t clamped = 0;
};

struct PolicyLossOptions {
  double clip_range = 0.2;
  std::optional<double> clip_range_high, dual_clip;
  std::string aggregation = "token-mean";
  std::optional<double> max_length, count;
};

/// PPO's clipped policy loss over real tokens: aggregate of policy_terms. logprobs, old_logprobs, advantages, mask: (B, T).
/// @throws ShapeError, ValueError where no token is real. Checked by: test_rl.cpp and the published values there.
template <class T>
PolicyLoss<T> ppo_policy_loss(const BasicTensor<T>& logprobs, const BasicTensor<T>& old_logprobs, const BasicTensor<T>& advantages, const BasicTensor<T>& mask,
                              const PolicyLossOptions& options = {});

template <class T>
struct ValueLoss {
  BasicTensor<T> loss;  // a scalar
  double clip_fraction = 0;
};

/// Half the masked mean of the larger of the plain and the clipped squared error. values, old_values, returns, mask: (B, T).
template <class T>
ValueLoss<T> ppo_value_loss(const BasicTensor<T>& values, const BasicTensor<T>& old_values, const BasicTensor<T>& returns, const BasicTensor<T>& mask, double clip_range_value = 0.2,
                            std::optional<double> count = {});

}  // namespace rl

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/rl/ppo_loss.ipp"
#endif
