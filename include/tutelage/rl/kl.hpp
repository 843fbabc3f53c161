#pragma once
#include <cstdint>
#include <string>

#include "tutelage/tensor/tensor.hpp"

TUTELAGE_BEGIN

namespace rl {

/// Estimates of KL(policy || reference) from samples of the policy, per token, in nats; x = logprobs - ref_logprobs.
///   k1: x; k2: x^2 / 2; k3: exp(-x) - 1 + x; abs: |x|.  Differentiable by both.
/// In a reward (no gradient passes) all but abs have the KL as their mean, k2 approximately. As a loss on samples of the policy, k2's
/// gradient is that of the reverse KL, k3's that of the forward KL, and k1's is zero in expectation: do not train on it.
/// Both of any one shape; x is clamped to +-20 before exp. @throws ShapeError, ConfigError for an unknown estimator. Cost: O(size).
/// Source: Schulman, "Approximating KL Divergence" (2020). Checked by: test_kl.cpp.
template <class T>
BasicTensor<T> kl_estimate(const BasicTensor<T>& logprobs, const BasicTensor<T>& ref_logprobs, const std::string& estimator = "k1");

/// Log-ratios beyond +-20, which kl_estimate clamps; NaN is not one.
template <class T> std::int64_t count_clamped(const BasicTensor<T>& logprobs, const BasicTensor<T>& ref_logprobs);

/// KL(softmax(logits) || softmax(ref_logits)) over the last axis, never negative, differentiable: (..., V) -> (...). Logits of -infinity are
/// left out (top-k, top-p); infinite where only the reference leaves one out. Cost: O(size). Checked by: test_kl.cpp.
template <class T> BasicTensor<T> full_kl(const BasicTensor<T>& logits, const BasicTensor<T>& ref_logits);

/// A KL coefficient that follows a target (Ziegler et al. 2019, section 2.2).
///   e = clip(kl / target - 1, -0.2, 0.2); coef = coef (1 + e n / horizon)
class AdaptiveKL {
 public:
  /// `per` says what kl and target count: "sequence" (sums over tokens) or "token" (means). @throws ConfigError
  AdaptiveKL(double init, double target, double horizon, std::string per = "sequence");
  /// After a step of n samples with mean KL `kl`. Returns the new coefficient. @throws ValueError where kl is not finite or n is below 0
  double update(double kl, double n);
  double value() const { return value_; }
  const std::string& per() const { return per_; }

 private:
  double value_, target_, horizon_;
  std::string per_;
};

/// What PPO is rewarded with: -kl_coef * kl at each real token, plus the score at the last one. (B), (B, T), (B, T) -> (B, T); masked places 0.
/// `ended` (B, 0 or 1; empty: all ended) with missing_eos "set" puts missing_eos_value in the place of the score of a cut answer,
/// "subtract" takes it off, "keep" leaves it. @throws ShapeError, ConfigError
template <class T>
BasicTensor<T> token_rewards(const BasicTensor<T>& scores, const BasicTensor<T>& kl, const BasicTensor<T>& mask, double kl_coef,
                             const BasicTensor<T>& ended = {}, const std::string& missing_eos = "keep", double missing_eos_value = 0.0);

}  // namespace rl

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/rl/kl.ipp"
#endif
