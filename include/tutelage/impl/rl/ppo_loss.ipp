#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <vector>

#include "tutelage/base/parallel.hpp"
#include "tutelage/autograd/ops.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/impl/rl/kl.ipp"
#include "tutelage/rl/ppo_loss.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace rl {

template <class T>
LossTerms<T> policy_terms(const BasicTensor<T>& logprobs, const BasicTensor<T>& old_logprobs, const BasicTensor<T>& advantages, double weight,
                          double clip_range, std::optional<double> clip_range_high, std::optional<double> dual_clip) {
  const FpStateGuard guard;
  detail_::same_shape("policy_terms", "old_logprobs", old_logprobs, logprobs);
  detail_::same_shape("policy_terms", "advantages", advantages, logprobs);
  if (!(clip_range >= 0)) detail::fail<ValueError>("policy_terms", "clip_range is out of range", detail::str(clip_range), "0 or more");
  if (clip_range_high && !(*clip_range_high >= 0))
    detail::fail<ValueError>("policy_terms", "clip_range_high is out of range", detail::str(*clip_range_high), "0 or more");
  if (dual_clip && !(*dual_clip > 1)) detail::fail<ValueError>("policy_terms", "dual_clip is out of range", detail::str(*dual_clip), "more than 1");
  const T low = static_cast<T>(1.0 - clip_range), high = static_cast<T>(1.0 + clip_range_high.value_or(clip_range)), w = static_cast<T>(weight);
  LossTerms<T> out;
  auto value = BasicTensor<T>::uninitialized(logprobs.shape()), derivative = BasicTensor<T>::uninitialized(logprobs.shape());
  T *y = value.mutable_data(), *d = derivative.mutable_data();
  std::vector<double> ratios;
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
    out.log_ratios.push_back(static_cast<double>(x));
    ratios.push_back(static_cast<double>(ratio));
    out.ratio_max = std::max(out.ratio_max, static_cast<double>(ratio));
    out.clamped += x > T(20) || x < T(-20);
  }
  out.approx_kl = 0.5 * kernels::sum16_square(out.log_ratios.data(), logprobs.size());
  out.ratio_sum = kernels::sum16_double(ratios.data(), logprobs.size());
  out.terms = ops::with_derivatives(std::move(value), std::span(&logprobs, 1), std::span<const BasicTensor<T>>(&derivative, 1));
  return out;
}

template <class T>
LossTerms<T> value_terms(const BasicTensor<T>& values, const BasicTensor<T>& old_values, const BasicTensor<T>& returns, double weight,
                         double clip_range_value) {
  const FpStateGuard guard;
  detail_::same_shape("value_terms", "old_values", old_values, values);
  detail_::same_shape("value_terms", "returns", returns, values);
  if (!(clip_range_value >= 0))
    detail::fail<ValueError>("value_terms", "clip_range_value is out of range", detail::str(clip_range_value), "0 or more");
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

namespace detail_ {

/// The real tokens of a (B, T) mask and what each weighs.
template <class T> struct RealTokens {
  std::vector<std::int64_t> index;
  std::vector<T> weight;
};

template <class T>
RealTokens<T> real_tokens(const char* function, const BasicTensor<T>& mask, const std::string& mode, std::optional<double> max_length,
                          std::optional<double> count) {
  if (mask.rank() != 2) detail::fail<ShapeError>(function, "mask has the wrong shape", mask.shape().str(), "(B, T)");
  static const std::array<std::string, 4> known{"token-mean", "seq-mean-token-mean", "seq-mean-token-sum", "seq-mean-token-sum-norm"};
  if (std::find(known.begin(), known.end(), mode) == known.end()) {
    const std::string near = detail::nearest(mode, known.data(), known.size());
    detail::fail<ConfigError>(function, "unknown aggregation", mode, "token-mean, seq-mean-token-mean, seq-mean-token-sum or seq-mean-token-sum-norm",
                              near.empty() ? "" : "Did you mean " + near + "?");
  }
  if (mode == known[3] && !(max_length && *max_length > 0))
    detail::fail<ConfigError>(function, "aggregation needs max_length", "none", "more than 0 tokens");
  const std::int64_t b = mask.dim(0), t = mask.dim(1);
  RealTokens<T> real;
  std::vector<std::int64_t> lengths;
  double sequences = 0;
  for (std::int64_t i = 0; i < b; ++i) {
    std::int64_t n = 0;
    for (std::int64_t j = 0; j < t; ++j)
      if (mask.data()[i * t + j] != 0) {
        real.index.push_back(i * t + j);
        ++n;
      }
    lengths.push_back(n);
    sequences += n > 0;
  }
  if (count && !(*count > 0)) detail::fail<ValueError>(function, "count is out of range", detail::str(*count), "more than 0");
  const double whole = count.value_or(mode == known[0] ? static_cast<double>(real.index.size()) : sequences);
  for (auto at : real.index) {
    double w = 1.0 / whole;
    if (mode == known[1]) w = w / static_cast<double>(lengths[static_cast<std::size_t>(at / t)]);
    if (mode == known[3]) w = w / *max_length;
    real.weight.push_back(static_cast<T>(w));
  }
  return real;
}

/// The real elements of (B, T), flat.
template <class T> BasicTensor<T> compact(const BasicTensor<T>& x, const RealTokens<T>& real) {
  return ops::rows(ops::reshape(x, {x.size()}), real.index);
}

template <class T> BasicTensor<T> weighted_sum(const BasicTensor<T>& terms, const RealTokens<T>& real) {
  return ops::sum(ops::mul(terms, BasicTensor<T>::from(terms.shape(), real.weight)));
}

}  // namespace detail_

template <class T>
BasicTensor<T> aggregate(const BasicTensor<T>& loss, const BasicTensor<T>& mask, const std::string& mode, std::optional<double> max_length,
                         std::optional<double> count) {
  detail_::same_shape("aggregate", "mask", mask, loss);
  const auto real = detail_::real_tokens("aggregate", mask, mode, max_length, count);
  return detail_::weighted_sum(detail_::compact(loss, real), real);
}

template <class T>
PolicyLoss<T> ppo_policy_loss(const BasicTensor<T>& logprobs, const BasicTensor<T>& old_logprobs, const BasicTensor<T>& advantages,
                              const BasicTensor<T>& mask, const PolicyLossOptions& o) {
  const FpStateGuard guard;
  for (const auto* x : {&old_logprobs, &advantages, &mask}) detail_::same_shape("ppo_policy_loss", "old_logprobs, advantages or mask", *x, logprobs);
  const auto real = detail_::real_tokens("ppo_policy_loss", mask, o.aggregation, o.max_length, o.count);
  if (real.index.empty() && !o.count) detail::fail<ValueError>("ppo_policy_loss", "no token is real", "an all-zero mask", "at least one");
  const auto t = policy_terms(detail_::compact(logprobs, real), detail_::compact(old_logprobs, real), detail_::compact(advantages, real), 1.0,
                              o.clip_range, o.clip_range_high, o.dual_clip);
  const double n = std::max(1.0, static_cast<double>(real.index.size()));
  return {detail_::weighted_sum(t.terms, real), t.clipped / n, t.approx_kl / n, t.ratio_sum / n, t.ratio_max, t.clamped};
}

template <class T>
ValueLoss<T> ppo_value_loss(const BasicTensor<T>& values, const BasicTensor<T>& old_values, const BasicTensor<T>& returns, const BasicTensor<T>& mask,
                            double clip_range_value, std::optional<double> count) {
  const FpStateGuard guard;
  for (const auto* x : {&old_values, &returns, &mask}) detail_::same_shape("ppo_value_loss", "old_values, returns or mask", *x, values);
  const auto real = detail_::real_tokens("ppo_value_loss", mask, "token-mean", {}, count);
  if (real.index.empty() && !count) detail::fail<ValueError>("ppo_value_loss", "no token is real", "an all-zero mask", "at least one");
  const auto t =
      value_terms(detail_::compact(values, real), detail_::compact(old_values, real), detail_::compact(returns, real), 1.0, clip_range_value);
  return {detail_::weighted_sum(t.terms, real), t.clipped / std::max(1.0, static_cast<double>(real.index.size()))};
}

}  // namespace rl

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
