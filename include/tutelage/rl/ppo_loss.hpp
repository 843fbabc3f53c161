#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tutelage/tensor/tensor.hpp"

TUTELAGE_BEGIN

namespace rl {

/// The loss's terms, one a token, each times weight; the sums are over the tokens, to be divided by the step's count.
template <class T> struct LossTerms {
  BasicTensor<T> terms;            // (n), differentiable
  std::vector<double> log_ratios;  // policy_terms: (n) before clamping, so that a trainer can sum a whole step's at once
  double clipped = 0;              // tokens where the clipped term is the larger
  double approx_kl = 0;            // sum of (logprobs - old_logprobs)^2 / 2
  double ratio_sum = 0, ratio_max = 0;
  std::int64_t clamped = 0;  // log-ratios beyond +-20
};

/// weight * max(-A r, -A clip(r, 1 - clip_range, 1 + high)), r = exp(logprobs - old_logprobs); with dual_clip c and A < 0: at most -A c.
/// All (n), no padding. The inner form of ppo_policy_loss. Source: arXiv 1707.06347, eq. 7; dual clip: arXiv 1912.09729.
template <class T>
LossTerms<T> policy_terms(const BasicTensor<T>& logprobs, const BasicTensor<T>& old_logprobs, const BasicTensor<T>& advantages, double weight,
                          double clip_range = 0.2, std::optional<double> clip_range_high = {}, std::optional<double> dual_clip = {});

/// weight * max((V - R)^2, (V_old + clip(V - V_old, +-clip_range_value) - R)^2) / 2. All (n).
template <class T>
LossTerms<T> value_terms(const BasicTensor<T>& values, const BasicTensor<T>& old_values, const BasicTensor<T>& returns, double weight,
                         double clip_range_value = 0.2);

/// One number of masked terms. loss, mask (B, T).
///   token-mean: sum / tokens; seq-mean-token-mean: the mean over sequences of their means; seq-mean-token-sum: of their sums;
///   seq-mean-token-sum-norm: sum / (sequences * max_length)
/// Sequences without a real token are left out; no real token at all gives 0. `count` is the step's number of tokens (token-mean) or
/// sequences (else) where this call sees a part of the step. @throws ShapeError, ConfigError for an unknown mode or a missing max_length
template <class T>
BasicTensor<T> aggregate(const BasicTensor<T>& loss, const BasicTensor<T>& mask, const std::string& mode = "token-mean",
                         std::optional<double> max_length = {}, std::optional<double> count = {});

template <class T> struct PolicyLoss {
  BasicTensor<T> loss;       // a scalar
  double clip_fraction = 0;  // share of real tokens where the clipped term is the larger
  double approx_kl = 0;      // mean of (logprobs - old_logprobs)^2 / 2, nats
  double ratio_mean = 0, ratio_max = 0;
  std::int64_t clamped = 0;  // log-ratios beyond +-20
};

struct PolicyLossOptions {
  double clip_range = 0.2;
  std::optional<double> clip_range_high;   // default: clip_range
  std::optional<double> dual_clip;         // largest loss of a token with A < 0, in units of -A
  std::string aggregation = "token-mean";  // see aggregate()
  std::optional<double> max_length;        // of seq-mean-token-sum-norm
  std::optional<double> count;             // the step's tokens or sequences, where this call sees a part of it
};

/// PPO's clipped policy loss over real tokens: aggregate of policy_terms. logprobs, old_logprobs, advantages, mask: (B, T). Statistics are
/// of the tokens that this call sees. Differs from the paper: the maximum is taken per token, not per episode.
/// @throws ShapeError; ValueError where no token is real and no count is given. Cost: O(BT).
/// Source: arXiv 1707.06347, eq. 7; modes: arXiv 2503.14476, 2503.20783. Checked by: test_ppo_loss.cpp.
template <class T>
PolicyLoss<T> ppo_policy_loss(const BasicTensor<T>& logprobs, const BasicTensor<T>& old_logprobs, const BasicTensor<T>& advantages,
                              const BasicTensor<T>& mask, const PolicyLossOptions& options = {});

template <class T> struct ValueLoss {
  BasicTensor<T> loss;  // a scalar
  double clip_fraction = 0;
};

/// Half the masked mean of the larger of the plain and the clipped squared error. values, old_values, returns, mask: (B, T).
/// `count`: the step's tokens, where this call sees a part. @throws ShapeError; ValueError where no token is real and no count is given.
/// Cost: O(BT). Source: arXiv 1909.08593 and its code. Checked by: test_ppo_loss.cpp.
template <class T>
ValueLoss<T> ppo_value_loss(const BasicTensor<T>& values, const BasicTensor<T>& old_values, const BasicTensor<T>& returns, const BasicTensor<T>& mask,
                            double clip_range_value = 0.2, std::optional<double> count = {});

}  // namespace rl

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/rl/ppo_loss.ipp"
#endif
