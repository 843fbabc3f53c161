#pragma once
#include <algorithm>
#include <cmath>
#include <span>

#include "tutelage/autograd/ops.hpp"
#include "tutelage/impl/rl/kl.ipp"
#include "tutelage/rl/ppo_loss.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace rl {

template <class T>
LossTerms<T> policy_terms(const BasicTensor<T>& logprobs, const BasicTensor<T>& old_logprobs, const BasicTensor<T>& advantages, double weight, double clip_range,
                          std::optional<double> clip_range_high, std::optional<double> dual_clip) {
  detail_::same_shape("policy_terms", "old_logprobs", old_logprobs, logprobs);
  detail_::same_shape("policy_terms", "advantages", advantages, logprobs);
  if (!(clip_range > 0)) detail::fail<ValueError>("policy_terms", "clip_range is out of range", detail::str(clip_range), "more than 0");
  if (dual_clip && !(*dual_clip > 1)) detail::fail<ValueError>("policy_terms", "dual_clip is out of range", detail::str(*dual_clip), "more than 1");
  const T low = static_cast<T>(1.0 - clip_range), high = static_cast<T>(1.0 + clip_range_high.value_or(clip_range)), w = static_cast<T>(weight);
  LossTerms<T> out;
  auto value = BasicTensor<T>::uninitialized(logprobs.shape()), derivative = BasicTensor<T>::uninitialized(logprobs.shape());
  T *y = value.mutable_data(), *d = derivative.mutable_data();
  for (std::int64_t i = 0; i < logprobs.size(); ++i) {
    const T x = logprobs.data()[i] - old_logprobs.data()[i], at = std::clamp(x, T(-20), T(20)), a = advantages.data()[i];
    const T ratio = math::exp(at), plain = -a * ratio, clipped = -a * std::clamp(ratio, low, high);
    T loss = plain, slope = x == at ? plain : T(0);  // d(-A r) / d logprob = -A r
    if (clipped > plain) {
      loss = clipped, slope = 0;
      out.clipped += 1;
    }
    if (dual_clip && a < 0 && loss > -a * static_cast<T>(*dual_clip)) loss = -a * static_cast<T>(*dual_clip), slope = 0;
    y[i] = w * loss;
    d[i] = w * slope;
    out.approx_kl = out.approx_kl + 0.5 * static_cast<double>(x) * static_cast<double>(x);
    out.ratio_sum = out.ratio_sum + static_cast<double>(ratio);
    out.ratio_max = std::max(out.ratio_max, static_cast<double>(ratio));
    out.clamped += x != at;
  }
  out.terms = ops::with_derivatives(std::move(value), std::span(&logprobs, 1), std::span<const BasicTensor<T>>(&derivative, 1));
  return out;
}

template <class T>
LossTerms<T> value_terms(const BasicTensor<T>& values, const BasicTensor<T>& old_values, const BasicTensor<T>& returns, double weight, double clip_range_value) {
  detail_::same_shape("value_terms", "old_values", old_values, values);
  detail_::same_shape("value_terms", "returns", returns, values);
  if (!(clip_range_value > 0)) detail::fail<ValueError>("value_terms", "clip_range_value is out of range", detail::str(clip_range_value), "more than 0");
  const T c = static_cast<T>(clip_range_value), w = static_cast<T>(weight);
  LossTerms<T> out;
  auto value = BasicTensor<T>::uninitialized(values.shape()), derivative = BasicTensor<T>::uninitialized(values.shape());
  T *y = value.mutable_data(), *d = derivative.mutable_data();
  for (std::int64_t i = 0; i < values.size(); ++i) {
    const T v = values.data()[i], old = old_values.data()[i], r = returns.data()[i], move = v - old, kept = std::clamp(move, -c, c);
    const T plain = v - r, clipped = (old + kept) - r;
    T loss = plain * plain, slope = plain;
    if (clipped * clipped > loss) {
      loss = clipped * clipped, slope = move == kept ? clipped : T(0);
      out.clipped += 1;
    }
    y[i] = w * (T(0.5) * loss);
    d[i] = w * slope;
  }
  out.terms = ops::with_derivatives(std::move(value), std::span(&values, 1), std::span<const BasicTensor<T>>(&derivative, 1));
  return out;
}

}  // namespace rl

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
