#pragma once
#include <cmath>
#include <map>
#include <vector>

#include "tutelage/base/parallel.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/impl/rl/kl.ipp"
#include "tutelage/rl/advantages.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace rl {

template <class T>
Advantages<T> gae(const BasicTensor<T>& rewards, const BasicTensor<T>& values, double gamma, double gae_lambda, const GaeEnds<T>& ends) {
  const FpStateGuard guard;
  if (rewards.rank() != 2) detail::fail<ShapeError>("gae", "rewards has the wrong shape", rewards.shape().str(), "(B, T)");
  detail_::same_shape("gae", "values", values, rewards);
  for (const auto* x : {&ends.mask, &ends.terminated, &ends.truncated})
    if (x->size()) detail_::same_shape("gae", "mask, terminated or truncated", *x, rewards);
  if (!(gamma >= 0 && gamma <= 1)) detail::fail<ValueError>("gae", "gamma is out of range", detail::str(gamma), "0 to 1");
  if (!(gae_lambda >= 0 && gae_lambda <= 1)) detail::fail<ValueError>("gae", "gae_lambda is out of range", detail::str(gae_lambda), "0 to 1");
  const std::int64_t b = rewards.dim(0), t = rewards.dim(1);
  const bool per_step = ends.bootstrap.rank() == 2;
  if (ends.bootstrap.size() && !(ends.bootstrap.shape() == Shape{b}) && !(ends.bootstrap.shape() == rewards.shape()))
    detail::fail<ShapeError>("gae", "bootstrap has the wrong shape", ends.bootstrap.shape().str(), Shape{b}.str() + " or " + rewards.shape().str());
  Advantages<T> out{BasicTensor<T>({b, t}), BasicTensor<T>({b, t})};
  T *adv = out.advantages.mutable_data(), *ret = out.returns.mutable_data();
  const T g = static_cast<T>(gamma), gl = static_cast<T>(gamma * gae_lambda);
  for (std::int64_t i = 0; i < b; ++i) {
    bool last = true, used = false;
    T next_value = 0, next_advantage = 0;
    for (std::int64_t j = t - 1; j >= 0; --j) {
      const std::int64_t at = i * t + j;
      if (ends.mask.size() && ends.mask.data()[at] == 0) continue;
      const bool terminated = ends.terminated.size() && ends.terminated.data()[at] != 0;
      const bool truncated = ends.truncated.size() && ends.truncated.data()[at] != 0;
      if (last || terminated || truncated) {
        next_advantage = 0;
        next_value = 0;
        if (!terminated && ends.bootstrap.size()) {
          if (used && !per_step)
            detail::fail<ValueError>("gae", "row " + detail::str(i) + " has several ends to bootstrap", "bootstrap " + ends.bootstrap.shape().str(),
                                     "(B, T), a value behind each", "An unmarked last step is such an end too: a terminated one is not.");
          next_value = per_step ? ends.bootstrap.data()[at] : ends.bootstrap.data()[i];
          used = true;
        } else if (!terminated && truncated) {
          detail::fail<ValueError>("gae", "step " + detail::str(j) + " of row " + detail::str(i) + " is truncated", "no bootstrap",
                                   "the value behind it", "A time limit is not an end.");
        }
        last = false;
      }
      const T v = values.data()[at];
      next_advantage = std::fma(gl, next_advantage, std::fma(g, next_value, rewards.data()[at]) - v);
      adv[at] = next_advantage;
      ret[at] = next_advantage + v;
      next_value = v;
    }
  }
  return out;
}

template <class T> BasicTensor<T> whiten(const BasicTensor<T>& x, const BasicTensor<T>& mask, bool keep_mean, int ddof, double eps) {
  const FpStateGuard guard;
  if (mask.size()) detail_::same_shape("whiten", "mask", mask, x);
  std::vector<double> kept;
  for (std::int64_t i = 0; i < x.size(); ++i)
    if (!mask.size() || mask.data()[i] != 0) kept.push_back(static_cast<double>(x.data()[i]));
  const auto n = static_cast<std::int64_t>(kept.size());
  if (n <= ddof || n == 0)
    detail::fail<ValueError>("whiten", "too few values", detail::str(n) + " unmasked", "more than ddof = " + detail::str(ddof));
  const double mean = kernels::sum16_double(kept.data(), n) / static_cast<double>(n);
  for (double& v : kept) v = v - mean;
  const double variance = kernels::sum16_square(kept.data(), n) / static_cast<double>(n - ddof);
  const double scale = 1.0 / std::sqrt(variance + eps);
  BasicTensor<T> out(x.shape());
  T* y = out.mutable_data();
  std::size_t k = 0;
  for (std::int64_t i = 0; i < x.size(); ++i)
    if (!mask.size() || mask.data()[i] != 0) {
      const double v = kept[k++] * scale;
      y[i] = static_cast<T>(keep_mean ? v + mean : v);
    }
  return out;
}

namespace detail_ {
/// Members of each group, in order; groups by rising id.
template <class T>
std::map<std::int64_t, std::vector<std::int64_t>> members(const char* function, const BasicTensor<T>& rewards, std::span<const std::int64_t> groups) {
  if (rewards.rank() != 1 || rewards.size() != static_cast<std::int64_t>(groups.size()))
    detail::fail<ShapeError>(function, "not one group a reward", detail::str(groups.size()) + " groups, rewards " + rewards.shape().str(),
                             "(N) and N");
  std::map<std::int64_t, std::vector<std::int64_t>> of;
  for (std::size_t i = 0; i < groups.size(); ++i) of[groups[i]].push_back(static_cast<std::int64_t>(i));
  return of;
}

template <class T> double group_sum(const BasicTensor<T>& rewards, const std::vector<std::int64_t>& of) {
  std::vector<double> r;
  for (auto i : of) r.push_back(static_cast<double>(rewards.data()[i]));
  return kernels::sum16_double(r.data(), static_cast<std::int64_t>(r.size()));
}
}  // namespace detail_

template <class T> BasicTensor<T> rloo_advantages(const BasicTensor<T>& rewards, std::span<const std::int64_t> groups) {
  const FpStateGuard guard;
  BasicTensor<T> out(rewards.shape());
  T* a = out.mutable_data();
  for (const auto& [id, of] : detail_::members("rloo_advantages", rewards, groups)) {
    if (of.size() < 2) continue;
    const double sum = detail_::group_sum(rewards, of);
    for (auto i : of) {
      const double r = static_cast<double>(rewards.data()[i]);
      a[i] = static_cast<T>(r - (sum - r) / static_cast<double>(of.size() - 1));
    }
  }
  return out;
}

template <class T> BasicTensor<T> grpo_advantages(const BasicTensor<T>& rewards, std::span<const std::int64_t> groups, const std::string& scale) {
  const FpStateGuard guard;
  if (scale != "group" && scale != "none") detail::fail<ConfigError>("grpo_advantages", "unknown scale", scale, "group or none");
  BasicTensor<T> out(rewards.shape());
  T* a = out.mutable_data();
  for (const auto& [id, of] : detail_::members("grpo_advantages", rewards, groups)) {
    const double n = static_cast<double>(of.size()), mean = detail_::group_sum(rewards, of) / n;
    std::vector<double> d;
    for (auto i : of) d.push_back(static_cast<double>(rewards.data()[i]) - mean);
    double divisor = 1;
    if (scale == "group")
      divisor = of.size() < 2 ? 1 : std::sqrt(kernels::sum16_square(d.data(), static_cast<std::int64_t>(d.size())) / (n - 1)) + 1e-4;
    for (std::size_t k = 0; k < of.size(); ++k) a[of[k]] = static_cast<T>(d[k] / divisor);
  }
  return out;
}

}  // namespace rl

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
