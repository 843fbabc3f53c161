#pragma once
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "tutelage/autograd/ops.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/impl/base/cholesky.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/reward/linear_reward.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace reward {

namespace detail_ {

/// Differences of features and what was said of them.
class LinearObjective {
 public:
  struct Answer {
    double probability, weight, error_rate;
  };
  LinearObjective(std::vector<double> x, std::vector<Answer> answers, std::size_t c, double l2)
      : x_(std::move(x)), answers_(std::move(answers)), c_(c), l2_(l2) {}

  double value(const std::vector<double>& theta) const {
    std::vector<double> terms;
    for (std::size_t i = 0; i < answers_.size(); ++i) {
      const Answer& a = answers_[i];
      const double d = dot(i, theta);
      double win = math::softplus(-d), lose = math::softplus(d);
      if (a.error_rate > 0) {
        const double q = chance(a, d);
        win = -math::log(q), lose = -math::log(1.0 - q);
      }
      terms.push_back(a.weight * (a.probability * win + (1.0 - a.probability) * lose));
    }
    return kernels::sum16_double(terms.data(), static_cast<std::int64_t>(terms.size())) +
           0.5 * l2_ * kernels::sum16_square(theta.data(), static_cast<std::int64_t>(theta.size()));
  }
  /// The gradient at theta, and the expected second derivative (lower triangle).
  void derivatives(const std::vector<double>& theta, std::vector<double>& gradient, std::vector<double>& information) const {
    gradient.assign(c_, 0.0), information.assign(c_ * c_, 0.0);
    for (std::size_t k = 0; k < c_; ++k) gradient[k] = l2_ * theta[k], information[k * c_ + k] = l2_;
    for (std::size_t i = 0; i < answers_.size(); ++i) {
      const Answer& a = answers_[i];
      const double d = dot(i, theta), s = math::sigmoid(d) * math::sigmoid(-d), q = chance(a, d);
      // k = q' / (q (1 - q)) is 1 without errors
      const double slope = (1.0 - 2.0 * a.error_rate) * s, k = a.error_rate > 0 ? slope / (q * (1.0 - q)) : 1.0;
      const double pull = a.weight * (q - a.probability) * k, curve = a.weight * slope * k;
      for (std::size_t r = 0; r < c_; ++r) {
        gradient[r] = std::fma(pull, x_[i * c_ + r], gradient[r]);
        for (std::size_t j = 0; j <= r; ++j) information[r * c_ + j] = std::fma(curve * x_[i * c_ + r], x_[i * c_ + j], information[r * c_ + j]);
      }
    }
  }

 private:
  double dot(std::size_t i, const std::vector<double>& theta) const {
    double d = 0;
    for (std::size_t k = 0; k < c_; ++k) d = std::fma(theta[k], x_[i * c_ + k], d);
    return d;
  }
  static double chance(const Answer& a, double d) {
    const double s = math::sigmoid(d);
    return (1.0 - a.error_rate) * s + a.error_rate * (1.0 - s);
  }
  std::vector<double> x_;
  std::vector<Answer> answers_;
  std::size_t c_;
  double l2_;
};

inline LinearObjective linear_objective(const Tensor64& first, const Tensor64& second, const Tensor64& probability, const Tensor64& weight,
                                        const Tensor64& error_rate, double l2) {
  const char* name = "fit_linear_reward";
  if (first.rank() != 2 || first.dim(1) < 1 || !(first.shape() == second.shape()))
    detail::fail<ShapeError>(name, "features do not fit", first.shape().str() + " and " + second.shape().str(), "(N, C) twice");
  if (!(l2 > 0 && std::isfinite(l2))) detail::fail<ValueError>(name, "l2 is out of range", detail::str(l2), "more than 0");
  const std::int64_t n = first.dim(0), c = first.dim(1);
  std::vector<double> x;
  for (std::int64_t i = 0; i < n * c; ++i) {
    x.push_back(first.data()[i] - second.data()[i]);
    if (!std::isfinite(x.back()))
      detail::fail<ValueError>(name, "features of judgement " + detail::str(i / c) + " are not finite", detail::str(x.back()), "finite numbers");
  }
  const auto number = [&](const char* what, const Tensor64& t, std::int64_t i, double otherwise, double most, const char* expected) {
    if (t.size() == 0) return otherwise;
    if (!(t.shape() == Shape{n}))
      detail::fail<ShapeError>(name, std::string(what) + " has the wrong shape", t.shape().str(), "(" + detail::str(n) + ")");
    const double v = t.data()[i];
    if (!(v >= 0 && v <= most) || !std::isfinite(v))
      detail::fail<ValueError>(name, std::string(what) + " of judgement " + detail::str(i) + " is out of range", detail::str(v), expected);
    return v;
  };
  std::vector<LinearObjective::Answer> answers;
  for (std::int64_t i = 0; i < n; ++i)
    answers.push_back({number("probability", probability, i, 1.0, 1.0, "0 to 1"), number("weight", weight, i, 1.0, 1e300, "0 or more"),
                       number("error_rate", error_rate, i, 0.0, std::nextafter(0.5, 0.0), "0 to below 0.5")});
  return {std::move(x), std::move(answers), static_cast<std::size_t>(c), l2};
}

}  // namespace detail_

TUTELAGE_INLINE LinearReward fit_linear_reward(const Tensor64& first, const Tensor64& second, const Tensor64& probability, const Tensor64& weight,
                                               const Tensor64& error_rate, double l2) {
  const FpStateGuard guard;
  const auto objective = detail_::linear_objective(first, second, probability, weight, error_rate, l2);
  const auto c = static_cast<std::size_t>(first.dim(1));
  std::vector<double> theta(c, 0.0), gradient, information, next(c);
  LinearReward fit;
  double value = objective.value(theta);
  for (double change = 1; change > 1e-10 && fit.iterations < 200; ++fit.iterations) {
    objective.derivatives(theta, gradient, information);
    const detail::Cholesky factor("fit_linear_reward", information, c);
    std::vector<double> step = gradient;
    factor.forward(step);
    factor.backward(step);
    change = 0;
    for (double length = 1.0; length > 1e-10; length = 0.5 * length) {
      double largest = 0;
      for (std::size_t k = 0; k < c; ++k) {
        next[k] = theta[k] - length * step[k];
        largest = std::max(largest, std::abs(next[k] - theta[k]));
      }
      const double reached = objective.value(next);
      if (reached > value && largest > 1e-9) continue;  // so near, rounding hides the descent
      theta = next, value = reached, change = largest;
      break;
    }
  }
  objective.derivatives(theta, gradient, information);
  const detail::Cholesky factor("fit_linear_reward", information, c);
  const auto size = static_cast<std::int64_t>(c);
  fit.weights = Tensor64::from({size}, theta);
  fit.covariance = Tensor64({size, size});
  for (std::size_t k = 0; k < c; ++k) {
    std::vector<double> column(c, 0.0);
    column[k] = 1.0;
    factor.forward(column);
    factor.backward(column);
    for (std::size_t r = 0; r < c; ++r) fit.covariance.mutable_data()[r * c + k] = column[r];
  }
  return fit;
}

TUTELAGE_INLINE Tensor64 LinearReward::score(const Tensor64& features) const {
  const FpStateGuard guard;
  const std::int64_t c = weights.size();
  if (features.rank() != 2 || features.dim(1) != c)
    detail::fail<ShapeError>("LinearReward::score", "features have the wrong shape", features.shape().str(), "(N, " + detail::str(c) + ")");
  return ops::matmul(features, weights.reshaped({c, 1})).reshaped({features.dim(0)});
}

TUTELAGE_INLINE Tensor64 LinearReward::members(std::int64_t count, std::uint64_t seed) const {
  const FpStateGuard guard;
  if (count < 1) detail::fail<ValueError>("LinearReward::members", "count is out of range", detail::str(count), "1 or more");
  const auto c = static_cast<std::size_t>(weights.size());
  const detail::Cholesky factor("LinearReward::members", {covariance.data(), covariance.data() + covariance.size()}, c);
  Tensor64 out({count, weights.size()});
  for (std::int64_t m = 0; m < count; ++m) {
    Rng rng(seed, Purpose::kEnsemble, static_cast<std::uint32_t>(m), 0, 1);
    std::vector<double> z;
    for (std::size_t k = 0; k < c; ++k) z.push_back(rng.normal());
    const auto away = factor.times(z);
    for (std::size_t k = 0; k < c; ++k) out.mutable_data()[static_cast<std::size_t>(m) * c + k] = weights.data()[k] + away[k];
  }
  return out;
}

TUTELAGE_INLINE Tensor64 LinearReward::member_scores(const Tensor64& features, std::int64_t count, std::uint64_t seed) const {
  const FpStateGuard guard;
  if (features.rank() != 2 || features.dim(1) != weights.size())
    detail::fail<ShapeError>("LinearReward::member_scores", "features have the wrong shape", features.shape().str(),
                             "(N, " + detail::str(weights.size()) + ")");
  return ops::matmul(members(count, seed), ops::transpose(features));
}

}  // namespace reward

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
