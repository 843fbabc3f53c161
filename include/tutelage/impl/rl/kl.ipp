#pragma once
#include <algorithm>
#include <cmath>
#include <span>

#include "tutelage/base/parallel.hpp"
#include "tutelage/autograd/ops.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/rl/kl.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace rl {

namespace detail_ {
/// @throws ShapeError
template <class T> void same_shape(const char* function, const char* name, const BasicTensor<T>& x, const BasicTensor<T>& like) {
  if (!(x.shape() == like.shape()))
    detail::fail<ShapeError>(function, std::string(name) + " has the wrong shape", x.shape().str(), like.shape().str());
}
}  // namespace detail_

template <class T> BasicTensor<T> kl_estimate(const BasicTensor<T>& logprobs, const BasicTensor<T>& ref_logprobs, const std::string& estimator) {
  const FpStateGuard guard;
  detail_::same_shape("kl_estimate", "ref_logprobs", ref_logprobs, logprobs);
  auto value = BasicTensor<T>::uninitialized(logprobs.shape()), slope = BasicTensor<T>::uninitialized(logprobs.shape());
  T *y = value.mutable_data(), *d = slope.mutable_data();
  const T *l = logprobs.data(), *r = ref_logprobs.data();
  const int kind = estimator == "k1" ? 1 : estimator == "k2" ? 2 : estimator == "k3" ? 3 : estimator == "abs" ? 4 : 0;
  if (!kind) detail::fail<ConfigError>("kl_estimate", "unknown estimator", estimator, "k1, k2, k3 or abs");
  for (std::int64_t i = 0; i < value.size(); ++i) {
    const T x = l[i] - r[i];
    switch (kind) {
      case 1:
        y[i] = x, d[i] = 1;
        break;
      case 2:
        y[i] = T(0.5) * x * x, d[i] = x;
        break;
      case 3: {
        const T at = std::clamp(x, T(-20), T(20)), e = math::expm1(-at);
        y[i] = e + x, d[i] = x == at ? -e : T(1);
        break;
      }
      default:
        y[i] = x < 0 ? -x : x, d[i] = x < 0 ? T(-1) : x > 0 ? T(1) : T(0);
    }
  }
  if (!logprobs.tracked() && !ref_logprobs.tracked()) return value;
  const BasicTensor<T> inputs[2] = {logprobs, ref_logprobs}, slopes[2] = {slope, ops::neg(slope)};
  return ops::with_derivatives(std::move(value), std::span<const BasicTensor<T>>(inputs), std::span<const BasicTensor<T>>(slopes));
}

template <class T> std::int64_t count_clamped(const BasicTensor<T>& logprobs, const BasicTensor<T>& ref_logprobs) {
  const FpStateGuard guard;
  detail_::same_shape("count_clamped", "ref_logprobs", ref_logprobs, logprobs);
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < logprobs.size(); ++i) {
    const T x = logprobs.data()[i] - ref_logprobs.data()[i];
    count += x > T(20) || x < T(-20);
  }
  return count;
}

template <class T> BasicTensor<T> full_kl(const BasicTensor<T>& logits, const BasicTensor<T>& ref_logits) {
  const FpStateGuard guard;
  detail_::same_shape("full_kl", "ref_logits", ref_logits, logits);
  const BasicTensor<T> inputs[2] = {ops::log_softmax(logits), ops::log_softmax(ref_logits)};
  BasicTensor<T> value(logits.shape()), slopes[2] = {BasicTensor<T>(logits.shape()), BasicTensor<T>(logits.shape())};
  T *y = value.mutable_data(), *dl = slopes[0].mutable_data(), *dr = slopes[1].mutable_data();
  const T *a = inputs[0].data(), *b = inputs[1].data();
  parallel_for(value.size(), 4096, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const T p = math::exp(a[i]);
      if (p == 0) continue;  // 0 log 0
      const T x = a[i] - b[i];
      y[i] = p * x;
      dl[i] = p * x + p;
      dr[i] = -p;
    }
  });
  const auto terms = ops::with_derivatives(std::move(value), std::span<const BasicTensor<T>>(inputs), std::span<const BasicTensor<T>>(slopes));
  const auto kl = ops::sum_last(terms);
  return ops::maximum(kl, BasicTensor<T>(kl.shape()));
}

TUTELAGE_INLINE AdaptiveKL::AdaptiveKL(double init, double target, double horizon, std::string per)
    : value_(init), target_(target), horizon_(horizon), per_(std::move(per)) {
  if (!(init >= 0)) detail::fail<ConfigError>("AdaptiveKL", "init is out of range", detail::str(init), "0 or more");
  if (!(target > 0)) detail::fail<ConfigError>("AdaptiveKL", "target is out of range", detail::str(target), "more than 0, in nats");
  if (!(horizon > 0)) detail::fail<ConfigError>("AdaptiveKL", "horizon is out of range", detail::str(horizon), "more than 0, in samples");
  if (per_ != "sequence" && per_ != "token") detail::fail<ConfigError>("AdaptiveKL", "unknown unit", per_, "sequence or token");
}

TUTELAGE_INLINE double AdaptiveKL::update(double kl, double n) {
  const FpStateGuard guard;
  if (!std::isfinite(kl)) detail::fail<ValueError>("AdaptiveKL::update", "kl is not finite", detail::str(kl), "a finite number");
  if (!(n >= 0 && std::isfinite(n))) detail::fail<ValueError>("AdaptiveKL::update", "n is out of range", detail::str(n), "0 or more samples");
  value_ = value_ * (1.0 + std::clamp(kl / target_ - 1.0, -0.2, 0.2) * n / horizon_);
  return value_;
}

template <class T>
BasicTensor<T> token_rewards(const BasicTensor<T>& scores, const BasicTensor<T>& kl, const BasicTensor<T>& mask, double kl_coef,
                             const BasicTensor<T>& ended, const std::string& missing_eos, double missing_eos_value) {
  const FpStateGuard guard;
  if (kl.rank() != 2) detail::fail<ShapeError>("token_rewards", "kl has the wrong shape", kl.shape().str(), "(B, T)");
  detail_::same_shape("token_rewards", "mask", mask, kl);
  const std::int64_t b = kl.dim(0), t = kl.dim(1);
  if (!(scores.shape() == Shape{b})) detail::fail<ShapeError>("token_rewards", "scores has the wrong shape", scores.shape().str(), Shape{b}.str());
  if (ended.size() && !(ended.shape() == Shape{b}))
    detail::fail<ShapeError>("token_rewards", "ended has the wrong shape", ended.shape().str(), Shape{b}.str());
  if (missing_eos != "keep" && missing_eos != "set" && missing_eos != "subtract")
    detail::fail<ConfigError>("token_rewards", "unknown missing_eos", missing_eos, "keep, set or subtract");
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
