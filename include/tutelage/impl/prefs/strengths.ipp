#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

#include "tutelage/base/parallel.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/prefs/strengths.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace prefs {

namespace detail_ {

/// Solves A x = b for a symmetric positive definite A (n, n), which is overwritten by its factor; b becomes x. One order on every machine.
inline void cholesky_solve(std::vector<double>& a, std::vector<double>& b) {
  const std::size_t n = b.size();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double s = a[i * n + j];
      for (std::size_t k = 0; k < j; ++k) s = std::fma(-a[i * n + k], a[j * n + k], s);
      if (i != j) {
        a[i * n + j] = s / a[j * n + j];
      } else {
        if (!(s > 0))
          detail::fail<NumericError>("fit_strengths", "the Hessian is not positive definite", detail::str(s), "a pivot above 0", "Raise l2.");
        a[i * n + i] = std::sqrt(s);
      }
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    double s = b[i];
    for (std::size_t k = 0; k < i; ++k) s = std::fma(-a[i * n + k], b[k], s);
    b[i] = s / a[i * n + i];
  }
  for (std::size_t i = n; i-- > 0;) {
    double s = b[i];
    for (std::size_t k = i + 1; k < n; ++k) s = std::fma(-a[k * n + i], b[k], s);
    b[i] = s / a[i * n + i];
  }
}

/// A comparison that was answered rightly with probability p.
struct SoftComparison {
  std::size_t winner, loser;
  double weight, p;
};

class StrengthObjective {
 public:
  StrengthObjective(std::vector<SoftComparison> data, double l2) : data_(std::move(data)), l2_(l2) {}
  std::vector<SoftComparison>& data() { return data_; }

  double value(const std::vector<double>& th) const {
    std::vector<double> terms;
    for (const auto& c : data_) {
      const double d = th[c.winner] - th[c.loser];
      terms.push_back(c.weight * (c.p * math::softplus(-d) + (1.0 - c.p) * math::softplus(d)));
    }
    return kernels::sum16_double(terms.data(), size(terms)) + 0.5 * l2_ * kernels::sum16_square(th.data(), size(th));
  }
  /// Newton's step at th, and its slope along the gradient (not above 0).
  double newton(const std::vector<double>& th, std::vector<double>& step) const {
    const std::size_t n = th.size();
    std::vector<double> hessian(n * n, 0.0), gradient(n);
    for (std::size_t i = 0; i < n; ++i) {
      gradient[i] = l2_ * th[i];
      hessian[i * n + i] = l2_;
    }
    for (const auto& c : data_) {
      const double d = th[c.winner] - th[c.loser], s = math::sigmoid(d), other = math::sigmoid(-d);
      const double slope = c.weight * ((1.0 - c.p) * s - c.p * other), curve = c.weight * (s * other);
      gradient[c.winner] = gradient[c.winner] + slope;
      gradient[c.loser] = gradient[c.loser] - slope;
      hessian[c.winner * n + c.winner] = hessian[c.winner * n + c.winner] + curve;
      hessian[c.loser * n + c.loser] = hessian[c.loser * n + c.loser] + curve;
      const std::size_t low = std::max(c.winner, c.loser) * n + std::min(c.winner, c.loser);  // the lower triangle is all that is read
      hessian[low] = hessian[low] - curve;
    }
    step.resize(n);
    for (std::size_t i = 0; i < n; ++i) step[i] = -gradient[i];
    cholesky_solve(hessian, step);
    double along = 0;
    for (std::size_t i = 0; i < n; ++i) along = std::fma(gradient[i], step[i], along);
    return along;
  }
  /// One step with backtracking; returns its largest change.
  double improve(std::vector<double>& th) const {
    std::vector<double> step, next(th.size());
    const double along = newton(th, step), before = value(th);
    for (double length = 1.0; length > 1e-10; length = 0.5 * length) {
      double change = 0;
      for (std::size_t i = 0; i < th.size(); ++i) {
        next[i] = th[i] + length * step[i];
        change = std::max(change, std::abs(next[i] - th[i]));
      }
      if (value(next) <= before + 1e-4 * length * along || change < 1e-9) {  // so near, rounding hides the descent
        th = next;
        return change;
      }
    }
    return 0;
  }

 private:
  static std::int64_t size(const std::vector<double>& v) { return static_cast<std::int64_t>(v.size()); }
  std::vector<SoftComparison> data_;
  double l2_;
};

inline std::vector<SoftComparison> checked_comparisons(const char* function, std::span<const Comparison> comparisons, std::int64_t n_items,
                                                       double l2) {
  if (n_items < 1) detail::fail<ValueError>(function, "n_items is out of range", detail::str(n_items), "1 or more");
  if (!(l2 > 0 && std::isfinite(l2)))
    detail::fail<ValueError>(function, "l2 is out of range", detail::str(l2), "more than 0",
                             "Without it an item that always wins is infinitely strong.");
  std::vector<SoftComparison> data;
  for (std::size_t i = 0; i < comparisons.size(); ++i) {
    const auto& c = comparisons[i];
    for (auto item : {c.winner, c.loser})
      if (item < 0 || item >= n_items)
        detail::fail<IndexError>(function, "item of comparison " + detail::str(i) + " is out of range", detail::str(item),
                                 "0 to " + detail::str(n_items - 1));
    if (c.winner == c.loser)
      detail::fail<ValueError>(function, "comparison " + detail::str(i) + " is of an item with itself", detail::str(c.winner), "two items");
    if (!(c.weight >= 0 && std::isfinite(c.weight)))
      detail::fail<ValueError>(function, "weight of comparison " + detail::str(i) + " is out of range", detail::str(c.weight), "0 or more");
    data.push_back({static_cast<std::size_t>(c.winner), static_cast<std::size_t>(c.loser), c.weight, 1.0});
  }
  return data;
}

inline Tensor64 to_tensor(const std::vector<double>& v) { return Tensor64::from({static_cast<std::int64_t>(v.size())}, v); }

}  // namespace detail_

TUTELAGE_INLINE Tensor64 fit_strengths(std::span<const Comparison> comparisons, std::int64_t n_items, double l2) {
  const FpStateGuard guard;
  const detail_::StrengthObjective objective(detail_::checked_comparisons("fit_strengths", comparisons, n_items, l2), l2);
  std::vector<double> th(static_cast<std::size_t>(n_items), 0.0);
  for (int k = 0; k < 200; ++k)
    if (objective.improve(th) < 1e-9) break;  // what is left is the square of the last step
  return detail_::to_tensor(th);
}

TUTELAGE_INLINE void AnnotatorFitConfig::validate() const {
  const auto need = [](bool ok, const char* field, double got, const char* expected) {
    if (!ok) detail::fail<ConfigError>("AnnotatorFitConfig", std::string(field) + " is out of range", detail::str(got), expected);
  };
  need(prior_wrong >= 1, "prior_wrong", prior_wrong, "1 or more");
  need(prior_right > prior_wrong, "prior_right", prior_right, "more than prior_wrong");
  need(start > 0.5 && start < 1, "start", start, "between 0.5 and 1");
  need(one_sided_answers >= 0, "one_sided_answers", static_cast<double>(one_sided_answers), "0 or more");
  need(max_iterations >= 1, "max_iterations", static_cast<double>(max_iterations), "1 or more");
  need(tolerance > 0, "tolerance", tolerance, "more than 0");
}

TUTELAGE_INLINE AnnotatorFit fit_annotators(std::span<const Comparison> comparisons, std::span<const std::int64_t> annotators, std::int64_t n_items,
                                            const AnnotatorFitConfig& config) {
  const FpStateGuard guard;
  config.validate();
  const char* name = "fit_annotators";
  const auto all = detail_::checked_comparisons(name, comparisons, n_items, config.l2);
  if (annotators.size() != all.size())
    detail::fail<ShapeError>(name, "not one annotator a comparison", detail::str(annotators.size()), detail::str(all.size()));
  std::size_t people = 0;
  for (auto k : annotators) {
    if (k < 0 || k >= (std::int64_t{1} << 24))
      detail::fail<IndexError>(name, "annotator is out of range", detail::str(k), "0 to 16777215, without gaps");
    people = std::max(people, static_cast<std::size_t>(k) + 1);
  }

  AnnotatorFit fit;
  std::vector<std::int64_t> first(people, 0), second(people, 0), unknown(people, 0);
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto& count = comparisons[i].side == Side::kFirst ? first : comparisons[i].side == Side::kSecond ? second : unknown;
    ++count[static_cast<std::size_t>(annotators[i])];
  }
  std::vector<bool> used(people, true);
  for (std::size_t k = 0; k < people; ++k)
    if (config.one_sided_answers > 0 && unknown[k] == 0 && first[k] + second[k] >= config.one_sided_answers && (first[k] == 0 || second[k] == 0)) {
      used[k] = false;
      fit.left_out.push_back(static_cast<std::int64_t>(k));
    }
  std::vector<detail_::SoftComparison> data;
  std::vector<std::size_t> by;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (const auto k = static_cast<std::size_t>(annotators[i]); used[k]) {
      data.push_back(all[i]);
      by.push_back(k);
    }

  detail_::StrengthObjective objective(std::move(data), config.l2);
  std::vector<double> th(static_cast<std::size_t>(n_items), 0.0), eta(people, config.start);
  while (fit.iterations < config.max_iterations && !fit.converged) {
    ++fit.iterations;
    std::vector<double> honest(people, config.prior_right - 1.0), answers(people, config.prior_right + config.prior_wrong - 2.0);
    for (std::size_t i = 0; i < by.size(); ++i) {
      auto& c = objective.data()[i];
      const double d = th[c.winner] - th[c.loser], e = eta[by[i]], up = e * math::sigmoid(d), down = (1.0 - e) * math::sigmoid(-d);
      c.p = up + down > 0 ? up / (up + down) : 0.5;
      honest[by[i]] = honest[by[i]] + c.weight * c.p;
      answers[by[i]] = answers[by[i]] + c.weight;
    }
    double change = objective.improve(th);
    for (std::size_t k = 0; k < people; ++k) {
      const double next = used[k] ? honest[k] / answers[k] : 0.5;
      change = std::max(change, std::abs(next - eta[k]));
      eta[k] = next;
    }
    fit.converged = change <= config.tolerance;
  }
  std::vector<double> terms;
  for (std::size_t i = 0; i < by.size(); ++i) {
    const auto& c = objective.data()[i];
    const double d = th[c.winner] - th[c.loser], e = eta[by[i]];
    terms.push_back(c.weight * math::log(e * math::sigmoid(d) + (1.0 - e) * math::sigmoid(-d)));
  }
  for (std::size_t k = 0; k < people; ++k) {
    terms.push_back((config.prior_right - 1.0) * math::log(eta[k]));
    if (config.prior_wrong > 1.0) terms.push_back((config.prior_wrong - 1.0) * math::log(1.0 - eta[k]));
  }
  for (double x : th) terms.push_back(-0.5 * config.l2 * x * x);
  fit.objective = kernels::sum16_double(terms.data(), static_cast<std::int64_t>(terms.size()));
  fit.strengths = detail_::to_tensor(th);
  fit.reliability = detail_::to_tensor(eta);
  return fit;
}

}  // namespace prefs

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
