#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

#include "tutelage/impl/prefs/fits.ipp"
#include "tutelage/prefs/strengths.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace prefs {

TUTELAGE_INLINE Tensor64 fit_strengths(std::span<const Comparison> comparisons, std::int64_t n_items, double l2) {
  ItemFitConfig config;
  config.l2 = l2;
  return fit_items({{comparisons.begin(), comparisons.end()}, {}, {}}, n_items, config).strengths;
}

TUTELAGE_INLINE void AnnotatorFitConfig::validate() const {
  const auto need = [](bool ok, const char* field, double got, const char* expected) {
    if (!ok) detail::fail<ConfigError>("AnnotatorFitConfig", std::string(field) + " is out of range", detail::str(got), expected);
  };
  need(l2 > 0 && std::isfinite(l2), "l2", l2, "more than 0");
  need(prior_wrong >= 1, "prior_wrong", prior_wrong, "1 or more");
  need(prior_right > prior_wrong && std::isfinite(prior_right), "prior_right", prior_right, "more than prior_wrong");
  need(start > 0.5 && start < 1, "start", start, "between 0.5 and 1");
  need(one_sided_answers >= 0, "one_sided_answers", static_cast<double>(one_sided_answers), "0 or more");
  need(one_sided_share > 0.5 && one_sided_share <= 1, "one_sided_share", one_sided_share, "above 0.5, at most 1");
  need(max_iterations >= 1, "max_iterations", static_cast<double>(max_iterations), "1 or more");
  need(tolerance > 0, "tolerance", tolerance, "more than 0");
}

namespace detail_ {

/// The objective of fit_annotators over x = strengths, then log-odds phi of reliabilities. Second derivatives by phi are a diagonal: Newton's
/// equations are solved for the strengths first (Schur complement), each annotator adding a matrix over the items that he saw.
class CrowdObjective {
 public:
  CrowdObjective(std::span<const Comparison> comparisons, std::span<const std::int64_t> annotators, const std::vector<bool>& used, std::size_t items,
                 const AnnotatorFitConfig& config)
      : config_(config), items_(items), people_(used.size()), offsets_(people_ + 1, 0) {
    for (std::size_t i = 0; i < comparisons.size(); ++i)
      if (used[static_cast<std::size_t>(annotators[i])]) ++offsets_[static_cast<std::size_t>(annotators[i]) + 1];
    for (std::size_t k = 0; k < people_; ++k) offsets_[k + 1] = offsets_[k + 1] + offsets_[k];
    answers_.resize(offsets_.back());
    auto at = offsets_;
    for (std::size_t i = 0; i < comparisons.size(); ++i) {
      const auto& c = comparisons[i];
      const auto k = static_cast<std::size_t>(annotators[i]);
      if (used[k]) answers_[at[k]++] = {static_cast<std::size_t>(c.winner), static_cast<std::size_t>(c.loser), c.weight};
    }
    curve_.resize(items_ * items_);
    coupling_.assign(items_, 0.0);
    seen_.assign(items_, 0);
  }

  double value(const std::vector<double>& x) const {
    terms_.clear();
    for (std::size_t k = 0; k < people_; ++k) {
      const double phi = x[items_ + k], honest = math::softplus(-phi), wrong = math::softplus(phi);  // -log eta, -log(1 - eta)
      const double eta = math::sigmoid(phi), other = math::sigmoid(-phi);
      for (std::size_t i = offsets_[k]; i < offsets_[k + 1]; ++i) {
        const auto& a = answers_[i];
        const double d = x[a.winner] - x[a.loser], e = math::exp(-std::abs(d)), q = d >= 0 ? eta + other * e : eta * e + other;
        terms_.push_back(-a.weight * (math::log(q) - math::log1p(e)));
      }
      terms_.push_back((config_.prior_right - 1.0) * honest + (config_.prior_wrong - 1.0) * wrong);
    }
    for (std::size_t i = 0; i < items_; ++i) terms_.push_back(0.5 * config_.l2 * x[i] * x[i]);
    return kernels::sum16_double(terms_.data(), static_cast<std::int64_t>(terms_.size()));
  }

  /// One step of expectation-maximisation: the M step of strengths is one of Newton, no longer than 1. Returns the largest change of a reliability,
  /// or a tenth of that of a strength.
  double expect(std::vector<double>& x) {
    start(x);
    double most = 0;
    for (std::size_t k = 0; k < people_; ++k) {
      const double eta = math::sigmoid(x[items_ + k]);
      double honest = config_.prior_right - 1.0, all = config_.prior_right + config_.prior_wrong - 2.0;
      for (std::size_t i = offsets_[k]; i < offsets_[k + 1]; ++i) {
        const auto& a = answers_[i];
        const auto [s, o] = sides(x[a.winner] - x[a.loser]);
        const double up = eta * s, p = up / (up + (1.0 - eta) * o);
        honest = honest + a.weight * p;
        all = all + a.weight;
        add(a, a.weight * ((1.0 - p) * s - p * o), a.weight * (s * o));
      }
      const double next = std::min(honest / all, 1.0 - 1e-12);
      most = std::max(most, std::abs(next - eta));
      x[items_ + k] = math::log(next) - math::log(1.0 - next);
    }
    factor_damped(cholesky_, curve_, items_);
    cholesky_.solve(slope_.data());
    double longest = 0;
    for (std::size_t i = 0; i < items_; ++i) longest = std::max(longest, std::abs(slope_[i]));
    for (std::size_t i = 0; i < items_; ++i) x[i] = x[i] - slope_[i] / std::max(1.0, longest);
    return std::max(most, 0.1 * longest);
  }

  /// Newton's step at x and its slope along the gradient. Where a second derivative by phi is not positive, the square of first derivatives stands
  /// in.
  double newton(const std::vector<double>& x, std::vector<double>& step) {
    start(x);
    phi_slope_.assign(people_, 0.0);
    phi_curve_.assign(people_, 0.0);
    rows_.clear();
    row_ends_.assign(1, 0);
    gradient_.assign(items_, 0.0);
    std::vector<std::size_t> touched;
    for (std::size_t k = 0; k < people_; ++k) {
      const double eta = math::sigmoid(x[items_ + k]), spread = eta * (1.0 - eta), lean = 2.0 * eta - 1.0;
      const double pulled = (config_.prior_right + config_.prior_wrong - 2.0) * spread;
      double slope = (config_.prior_wrong - 1.0) * eta - (config_.prior_right - 1.0) * (1.0 - eta), curve = pulled, squares = pulled;
      touched.clear();
      for (std::size_t i = offsets_[k]; i < offsets_[k + 1]; ++i) {
        const auto& a = answers_[i];
        const auto [s, o] = sides(x[a.winner] - x[a.loser]);
        const double q = o + eta * (s - o), so = s * o, by_d = -lean * so / q, by_phi = -(s - o) * spread / q;
        slope = slope + a.weight * by_phi;
        curve = curve + a.weight * (by_phi * by_phi + by_phi * (1.0 - 2.0 * eta));
        squares = squares + a.weight * (by_phi * by_phi);
        add(a, a.weight * by_d, a.weight * (by_d * by_d + by_d * (o - s)));
        const double mixed = a.weight * (by_d * by_phi - 2.0 * so * spread / q);
        for (auto item : {a.winner, a.loser})
          if (!seen_[item]) seen_[item] = 1, touched.push_back(item);
        coupling_[a.winner] = coupling_[a.winner] + mixed;
        coupling_[a.loser] = coupling_[a.loser] - mixed;
      }
      std::sort(touched.begin(), touched.end());
      phi_slope_[k] = slope;
      phi_curve_[k] = curve > 1e-6 * squares ? curve : squares;
      for (auto item : touched) {
        rows_.push_back({item, coupling_[item]});
        coupling_[item] = 0, seen_[item] = 0;
      }
      row_ends_.push_back(rows_.size());
    }
    for (std::size_t i = 0; i < items_; ++i) gradient_[i] = slope_[i];
    for (std::size_t k = 0; k < people_; ++k)
      for (std::size_t a = row_ends_[k]; a < row_ends_[k + 1]; ++a) {
        const double share = rows_[a].value / phi_curve_[k];
        slope_[rows_[a].item] = slope_[rows_[a].item] - share * phi_slope_[k];
        double* row = &curve_[rows_[a].item * items_];
        for (std::size_t b = row_ends_[k]; b <= a; ++b) row[rows_[b].item] = row[rows_[b].item] - share * rows_[b].value;
      }
    factor_damped(cholesky_, curve_, items_);
    cholesky_.solve(slope_.data());
    step.resize(items_ + people_);
    double along = 0;
    for (std::size_t i = 0; i < items_; ++i) {
      step[i] = -slope_[i];
      along = along + gradient_[i] * step[i];
    }
    for (std::size_t k = 0; k < people_; ++k) {
      double sum = phi_slope_[k];
      for (std::size_t a = row_ends_[k]; a < row_ends_[k + 1]; ++a) sum = sum + rows_[a].value * step[rows_[a].item];
      step[items_ + k] = -sum / phi_curve_[k];
      along = along + phi_slope_[k] * step[items_ + k];
    }
    double longest = 1.0;  // the quadratic tells nothing of what is farther away
    for (double v : step) longest = std::max(longest, std::abs(v));
    for (double& v : step) v = v / longest;
    return along / longest;
  }

  /// Variances of strengths and of phi, after newton() at the optimum.
  std::vector<double> variances() const {
    const auto inverse = cholesky_.inverse();
    std::vector<double> out(items_ + people_);
    for (std::size_t i = 0; i < items_; ++i) out[i] = inverse[i * items_ + i];
    for (std::size_t k = 0; k < people_; ++k) {
      double sum = 0;
      for (std::size_t a = row_ends_[k]; a < row_ends_[k + 1]; ++a)
        for (std::size_t b = row_ends_[k]; b < row_ends_[k + 1]; ++b)
          sum = sum + rows_[a].value * inverse[rows_[a].item * items_ + rows_[b].item] * rows_[b].value;
      out[items_ + k] = 1.0 / phi_curve_[k] + sum / (phi_curve_[k] * phi_curve_[k]);
    }
    return out;
  }

 private:
  struct Answer {
    std::size_t winner, loser;
    double weight;
  };
  struct Sides {
    double s, o;  // sigma(d), sigma(-d)
  };
  struct Entry {
    std::size_t item;
    double value;
  };

  static Sides sides(double d) {
    const double e = math::exp(-std::abs(d)), inv = 1.0 / (1.0 + e);
    return d >= 0 ? Sides{inv, e * inv} : Sides{e * inv, inv};
  }
  void start(const std::vector<double>& x) {
    std::fill(curve_.begin(), curve_.end(), 0.0);
    slope_.resize(items_);
    for (std::size_t i = 0; i < items_; ++i) {
      slope_[i] = config_.l2 * x[i];
      curve_[i * items_ + i] = config_.l2;
    }
  }
  void add(const Answer& a, double slope, double curve) {
    slope_[a.winner] = slope_[a.winner] + slope;
    slope_[a.loser] = slope_[a.loser] - slope;
    double *w = &curve_[a.winner * items_ + a.winner], *l = &curve_[a.loser * items_ + a.loser];
    double* both = &curve_[std::max(a.winner, a.loser) * items_ + std::min(a.winner, a.loser)];  // the lower triangle is all that is read
    *w = *w + curve;
    *l = *l + curve;
    *both = *both - curve;
  }

  const AnnotatorFitConfig& config_;
  std::size_t items_, people_;
  std::vector<std::size_t> offsets_, row_ends_;
  std::vector<Answer> answers_;  // by annotator
  std::vector<double> curve_, slope_, gradient_, coupling_, phi_slope_, phi_curve_;
  std::vector<std::uint8_t> seen_;
  std::vector<Entry> rows_;  // second derivatives by phi of each annotator and strengths
  mutable std::vector<double> terms_;
  Cholesky cholesky_;
};

/// Who picked one side in (nearly) all of his answers.
inline std::vector<std::int64_t> one_sided(std::span<const Comparison> comparisons, std::span<const std::int64_t> annotators, std::size_t people,
                                           const AnnotatorFitConfig& config) {
  std::vector<std::int64_t> first(people, 0), second(people, 0), unknown(people, 0), found;
  for (std::size_t i = 0; i < comparisons.size(); ++i) {
    auto& count = comparisons[i].side == Side::kFirst ? first : comparisons[i].side == Side::kSecond ? second : unknown;
    ++count[static_cast<std::size_t>(annotators[i])];
  }
  for (std::size_t k = 0; k < people && config.one_sided_answers > 0; ++k) {
    const auto all = first[k] + second[k];
    if (unknown[k] == 0 && all >= config.one_sided_answers &&
        static_cast<double>(std::max(first[k], second[k])) >= config.one_sided_share * static_cast<double>(all))
      found.push_back(static_cast<std::int64_t>(k));
  }
  return found;
}

}  // namespace detail_

TUTELAGE_INLINE AnnotatorFit fit_annotators(std::span<const Comparison> comparisons, std::span<const std::int64_t> annotators, std::int64_t n_items,
                                            const AnnotatorFitConfig& config) {
  const FpStateGuard guard;
  config.validate();
  const char* name = "fit_annotators";
  detail_::check_items(name, n_items);
  if (annotators.size() != comparisons.size())
    detail::fail<ShapeError>(name, "not one annotator a comparison", detail::str(annotators.size()), detail::str(comparisons.size()));
  std::size_t people = 0;
  for (std::size_t i = 0; i < comparisons.size(); ++i) {
    const auto& c = comparisons[i];
    detail_::check_comparison(name, c, i, n_items);
    if (c.tie || c.probability != 1 || c.margin != 0 || c.error_rate != 0)
      detail::fail<ValueError>(name, "comparison " + detail::str(i) + " is no plain choice",
                               c.tie ? "a tie" : "a soft label, a margin or an error rate", "a winner and a loser",
                               "Leave ties out: they say nothing of who is honest.");
    if (annotators[i] < 0 || annotators[i] >= (std::int64_t{1} << 24))
      detail::fail<IndexError>(name, "annotator is out of range", detail::str(annotators[i]), "0 to 16777215, without gaps");
    people = std::max(people, static_cast<std::size_t>(annotators[i]) + 1);
  }

  AnnotatorFit fit;
  fit.left_out = detail_::one_sided(comparisons, annotators, people, config);
  std::vector<bool> used(people, true);
  for (auto k : fit.left_out) used[static_cast<std::size_t>(k)] = false;
  const auto items = static_cast<std::size_t>(n_items);
  detail_::CrowdObjective objective(comparisons, annotators, used, items, config);
  std::vector<double> x(items, 0.0), step;
  x.resize(items + people, math::log(config.start) - math::log(1.0 - config.start));
  constexpr int kWarmUp = 30;  // steps at most; from there Newton finds the same optimum
  for (int k = 0; k < kWarmUp; ++k)
    if (objective.expect(x) < 0.01) break;

  double value = objective.value(x);
  const auto improve = [&](std::vector<double>& y, double& at) {  // one step; returns the largest change of a strength or reliability
    const double slope = objective.newton(y, step);
    const auto before = y;
    detail_::line_search([&](const auto& z) { return objective.value(z); }, y, step, slope, at);
    double change = 0;
    for (std::size_t i = 0; i < items; ++i) change = std::max(change, std::abs(y[i] - before[i]));
    for (std::size_t k = items; k < y.size(); ++k) change = std::max(change, std::abs(math::sigmoid(y[k]) - math::sigmoid(before[k])));
    return change;
  };
  while (fit.iterations < config.max_iterations && !fit.converged) {
    ++fit.iterations;
    fit.converged = improve(x, value) <= config.tolerance;
    if (!fit.converged) continue;
    auto mirror = x;
    for (double& v : mirror) v = -v;
    double other = objective.value(mirror);
    for (int k = 0; k < 3; ++k) improve(mirror, other);  // near the optimum, where the prior pulls the other way
    fit.mirror_gap = other - value;
    if (other < value) {
      x = mirror;
      value = other;
      fit.converged = false;
    }
  }
  objective.newton(x, step);
  const auto variance = objective.variances();
  std::vector<double> errors(items), eta(people, 0.5), eta_errors(people, 0.5), low(people, 0.0), high(people, 1.0);
  for (std::size_t i = 0; i < items; ++i) errors[i] = std::sqrt(variance[i]);
  for (std::size_t k = 0; k < people; ++k) {
    if (!used[k]) continue;
    const double phi = x[items + k], spread = std::sqrt(variance[items + k]);
    eta[k] = math::sigmoid(phi);
    eta_errors[k] = eta[k] * math::sigmoid(-phi) * spread;
    low[k] = math::sigmoid(phi - 1.959963984540054 * spread);
    high[k] = math::sigmoid(phi + 1.959963984540054 * spread);
  }
  fit.objective = -value;
  x.resize(items);
  fit.strengths = detail_::to_tensor(x);
  fit.standard_errors = detail_::to_tensor(errors);
  fit.reliability = detail_::to_tensor(eta);
  fit.reliability_errors = detail_::to_tensor(eta_errors);
  fit.low = detail_::to_tensor(low);
  fit.high = detail_::to_tensor(high);
  return fit;
}

}  // namespace prefs

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
