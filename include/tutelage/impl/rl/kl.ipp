#pragma once
#include <algorithm>
#include <cmath>

#include "tutelage/autograd/ops.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/rl/kl.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace rl {

namespace detail_ {
/// @throws ShapeError
template <class T>
void same_shape(const char* function, const char* name, const BasicTensor<T>& x, const BasicTensor<T>& like) {
  if (!(x.shape() == like.shape())) detail::fail<ShapeError>(function, std::string(name) + " has the wrong shape", x.shape().str(), like.shape().str());
}
}  // namespace detail_

template <class T>
BasicTensor<T> kl_estimate(const BasicTensor<T>& logprobs, const BasicTensor<T>& ref_logprobs, const std::string& estimator) {
  detail_::same_shape("kl_estimate", "ref_logprobs", ref_logprobs, logprobs);
  auto out = BasicTensor<T>::uninitialized(logprobs.shape());
  T* y = out.mutable_data();
  const T *l = logprobs.data(), *r = ref_logprobs.data();
  const int kind = estimator == "k1" ? 1 : estimator == "k2" ? 2 : estimator == "k3" ? 3 : estimator == "abs" ? 4 : 0;
  if (!kind) detail::fail<ConfigError>("kl_estimate", "unknown estimator", estimator, "k1, k2, k3 or abs");
  for (std::int64_t i = 0; i < out.size(); ++i) {
    const T x = l[i] - r[i];
    switch (kind) {
      case 1: y[i] = x; break;
      case 2: y[i] = T(0.5) * x * x; break;
      case 3: y[i] = math::expm1(-std::clamp(x, T(-20), T(20))) + x; break;
      default: y[i] = x < 0 ? -x : x;
    }
  }
  return out;
}

template <class T>
BasicTensor<T> full_kl(const BasicTensor<T>& logits, const BasicTensor<T>& ref_logits) {
  detail_::same_shape("full_kl", "ref_logits", ref_logits, logits);
  const auto p = ops::log_softmax(logits);
  const auto kl = ops::sum_last(ops::mul(ops::exp(p), ops::sub(p, ops::log_softmax(ref_logits))));
  return ops::maximum(kl, BasicTensor<T>::scalar(0));
}

TUTELAGE_INLINE AdaptiveKL::AdaptiveKL(double init, double target, double horizon, std::string per) : value_(init), target_(target), horizon_(horizon), per_(std::move(per)) {
  if (!(init >= 0)) detail::fail<ConfigError>("AdaptiveKL", "init is out of range", detail::str(init), "0 or more");
  if (!(target > 0)) detail::fail<ConfigError>("AdaptiveKL", "target is out of range", detail::str(target), "more than 0, in nats");
  if (!(horizon > 0)) detail::fail<ConfigError>("AdaptiveKL", "horizon is out of range", detail::str(horizon), "more than 0, in samples");
  if (per_ != "sequence" && per_ != "token") detail::fail<ConfigError>("AdaptiveKL", "unknown unit", per_, "sequence or token");
}

TUTELAGE_INLINE double AdaptiveKL::update(double kl, double n) {
  if (!std::isfinite(kl)) detail::fail<ValueError>("AdaptiveKL::update", "kl is not finite", detail::str(kl), "a finite number");
  value_ = value_ * (1.0 + std::clamp(kl / target_ - 1.0, -0.2, 0.2) * n / horizon_);
  return value_;
}

template <class T>
BasicTensor<T> token_rewards(const BasicTensor<T>& scores, const BasicTensor<T>& kl, const BasicTensor<T>& mask, double kl_coef, const BasicTensor<T>& ended,
                             const std::string& missing_eos, double missing_eos_value) {
  if (kl.rank() != 2) detail::fail<ShapeError>("token_rewards", "kl has the wrong shape", kl.shape().str(), "(B, T)");
  detail_::same_shape("token_rewards", "mask", mask, kl);
  const std::int64_t b = kl.dim(0), t = kl.dim(1);
  if (!(scores.shape() == Shape{b})) detail::fail<ShapeError>("token_rewards", "scores has the wrong shape", scores.shape().str(), Shape{b}.str());
  if (ended.size() && !(ended.shape() == Shape{b})) detail::fail<ShapeError>("token_rewards", "ended has the wrong shape", ended.shape().str(), Shape{b}.str());
  if (missing_eos != "keep" && missing_eos != "set" && missing_eos != "subtract") detail::fail<ConfigError>("token_rewards", "unknown missing_eos", missing_eos, "keep, set or subtract");
  BasicTensor<T> rewards({b, t});
  T* r = rewards.mutable_data();
  for (std::int64_t i = 0; i < b; ++i) {
    std::int64_t last = -1;
    for (std::int64_t j = 0; j < t; ++j)
      if (mask.data()[i * t + j] != 0) {
        r[i * t + j] = static_cast<T>(-kl_coef) * kl.data()[i * t + j];
        last = j;
      }
    if (last < 0) continue;
    T score = scores.data()[i];
    if (ended.size() && ended.data()[i] == 0) {
      if (missing_eos == "set") score = static_cast<T>(missing_eos_value);
      if (missing_eos == "subtract") score = score - static_cast<T>(missing_eos_value);
    }
    r[i * t + last] = r[i * t + last] + score;
  }
  return rewards;
}

}  // namespace rl

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
