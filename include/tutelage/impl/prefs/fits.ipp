#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/impl/prefs/fit_terms.hpp"
#include "tutelage/impl/prefs/newton.hpp"
#include "tutelage/prefs/fits.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace prefs {

TUTELAGE_INLINE void ItemFitConfig::validate() const {
  const auto need = [](bool ok, const std::string& what, const std::string& got, const char* expected, const char* hint = "") {
    if (!ok) detail::fail<ConfigError>("ItemFitConfig", what, got, expected, hint);
  };
  need(l2 > 0 && std::isfinite(l2), "l2 is out of range", detail::str(l2), "more than 0", "Without it an item that always wins is infinitely strong.");
  need(tie_l2 > 0 && std::isfinite(tie_l2), "tie_l2 is out of range", detail::str(tie_l2), "more than 0");
  need(ties == "half" || ties == "rao_kupper" || ties == "davidson", "unknown ties", ties, "half, rao_kupper or davidson");
  need(error_form == "mixture" || error_form == "uniform" || error_form == "smoothing" || error_form == "unbiased", "unknown error_form", error_form,
       "mixture, uniform, smoothing or unbiased");
  need(ranking == "plackett_luce" || ranking == "all_pairs", "unknown ranking", ranking, "plackett_luce or all_pairs");
  need(max_iterations >= 1, "max_iterations is out of range", detail::str(max_iterations), "1 or more");
  need(tolerance > 0, "tolerance is out of range", detail::str(tolerance), "more than 0");
}

namespace detail_ {

constexpr std::int64_t kMostItems = 4096;
constexpr std::size_t kLargestTie = 12;

inline void check_items(const char* function, std::int64_t n_items) {
  if (n_items < 1 || n_items > kMostItems)
    detail::fail<ValueError>(function, "n_items is out of range", detail::str(n_items), "1 to " + detail::str(kMostItems),
                             "Memory grows with its square, time with its cube.");
}
inline std::size_t checked_item(const char* function, const std::string& what, std::int64_t item, std::int64_t n_items) {
  if (item < 0 || item >= n_items) detail::fail<IndexError>(function, "item of " + what + " is out of range", detail::str(item), "0 to " + detail::str(n_items - 1));
  return static_cast<std::size_t>(item);
}
inline void check_range(const char* function, const char* field, const std::string& what, double x, double low, double high, const char* expected) {
  if (!(x >= low && x <= high && std::isfinite(x))) detail::fail<ValueError>(function, std::string(field) + " of " + what + " is out of range", detail::str(x), expected);
}
inline void check_comparison(const char* function, const Comparison& c, std::size_t number, std::int64_t n_items) {
  const std::string what = "comparison " + detail::str(number);
  checked_item(function, what, c.winner, n_items);
  checked_item(function, what, c.loser, n_items);
  if (c.winner == c.loser) detail::fail<ValueError>(function, what + " is of an item with itself", detail::str(c.winner), "two items");
  check_range(function, "weight", what, c.weight, 0, INFINITY, "0 or more");
  check_range(function, "probability", what, c.probability, 0, 1, "0 to 1");
  check_range(function, "margin", what, c.margin, -INFINITY, INFINITY, "a finite number");
  check_range(function, "error_rate", what, c.error_rate, 0, 0.5 - 1e-9, "0 to below 0.5");
}

/// The objective of fit_items over x = strengths, then the bar, then psi, as far as there are any.
class ItemObjective {
 public:
  ItemObjective(const ItemJudgements& said, std::int64_t n_items, const ItemFitConfig& config) : config_(config), size_(static_cast<std::size_t>(n_items)) {
    form_ = config.error_form == "uniform"     ? ErrorForm::kUniform
            : config.error_form == "smoothing" ? ErrorForm::kSmoothing
            : config.error_form == "unbiased"  ? ErrorForm::kUnbiased
                                               : ErrorForm::kMixture;
    linear_.assign(size_, 0.0);
    if (!said.verdicts.empty()) bar = size_++;
    if (config.ties != "half") psi = size_++;
    for (std::size_t i = 0; i < said.comparisons.size(); ++i) add(said.comparisons[i], i, n_items);
    for (std::size_t i = 0; i < said.rankings.size(); ++i) add(said.rankings[i], i, n_items);
    for (std::size_t i = 0; i < said.verdicts.size(); ++i) {
      const auto& v = said.verdicts[i];
      const std::string what = "verdict " + detail::str(i);
      const auto item = checked_item("fit_items", what, v.item, n_items);
      check_range("fit_items", "weight", what, v.weight, 0, INFINITY, "0 or more");
      check_range("fit_items", "error_rate", what, v.error_rate, 0, 0.5 - 1e-9, "0 to below 0.5");
      pairs_.push_back({item, bar, v.weight, v.right ? 1.0 : 0.0, 0.0, v.error_rate});
    }
  }

  std::size_t size() const { return size_; }
  std::size_t bar = kNone, psi = kNone;

  double value(const std::vector<double>& x) const {
    std::vector<double> terms;
    terms.reserve(pairs_.size() + weights_.size() + 2 * size_);
    for (const auto& p : pairs_) terms.push_back(p.weight * term(p, x).value);
    std::vector<double> shares;
    for (std::size_t s = 0; s < weights_.size(); ++s) terms.push_back(weights_[s] * softmax(s, x, shares));
    for (std::size_t i = 0; i < size_; ++i) {
      terms.push_back(0.5 * penalty(i) * x[i] * x[i]);
      if (i < linear_.size()) terms.push_back(linear_[i] * x[i]);
    }
    return kernels::sum16_double(terms.data(), static_cast<std::int64_t>(terms.size()));
  }

  void derivatives(const std::vector<double>& x, std::vector<double>& gradient, std::vector<double>& hessian) const {
    const std::size_t n = size_;
    gradient.assign(n, 0.0);
    hessian.assign(n * n, 0.0);
    const auto add = [&](std::size_t i, std::size_t k, double h) {
      double& at = hessian[std::max(i, k) * n + std::min(i, k)];  // the lower triangle is all that is read
      at = at + h;
    };
    for (std::size_t i = 0; i < n; ++i) {
      gradient[i] = penalty(i) * x[i] + (i < linear_.size() ? linear_[i] : 0.0);
      add(i, i, penalty(i));
    }
    for (const auto& p : pairs_) {
      const Term t = term(p, x);
      gradient[p.first] = gradient[p.first] + p.weight * t.d;
      gradient[p.second] = gradient[p.second] - p.weight * t.d;
      add(p.first, p.first, p.weight * t.dd);
      add(p.second, p.second, p.weight * t.dd);
      add(p.first, p.second, -p.weight * t.dd);
      if (psi == kNone || p.second == bar) continue;
      gradient[psi] = gradient[psi] + p.weight * t.psi;
      add(psi, psi, p.weight * t.psi_psi);
      add(psi, p.first, p.weight * t.d_psi);
      add(psi, p.second, -p.weight * t.d_psi);
    }
    std::vector<double> shares;
    for (std::size_t s = 0; s < weights_.size(); ++s) {
      softmax(s, x, shares);
      const auto set = members(s);
      for (std::size_t a = 0; a < set.size(); ++a) {
        gradient[set[a]] = gradient[set[a]] + weights_[s] * shares[a];
        add(set[a], set[a], weights_[s] * shares[a] * (1.0 - shares[a]));
        for (std::size_t b = 0; b < a; ++b) add(set[a], set[b], -weights_[s] * shares[a] * shares[b]);
      }
    }
  }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  struct Pair {
    std::size_t first, second;
    double weight, probability, margin, error_rate;
    bool tie = false;
  };

  double penalty(std::size_t i) const { return i == psi ? config_.tie_l2 : config_.l2; }

  Term term(const Pair& p, const std::vector<double>& x) const {
    const double d = x[p.first] - x[p.second] - p.margin;
    if (psi != kNone && p.second != bar) {
      const Outcome outcome = p.tie ? Outcome::kTie : p.probability == 1 ? Outcome::kWin : Outcome::kLoss;
      return config_.ties == "davidson" ? davidson_term(d, x[psi], outcome) : rao_kupper_term(d, x[psi], outcome);
    }
    if (p.probability == 1) return with_errors(d, p.error_rate, form_);
    return combine(p.probability, with_errors(d, p.error_rate, form_), 1.0 - p.probability, with_errors(-d, p.error_rate, form_));
  }

  std::span<const std::size_t> members(std::size_t set) const { return std::span(members_).subspan(offsets_[set], offsets_[set + 1] - offsets_[set]); }

  /// Returns the logsumexp of a set's strengths.
  double softmax(std::size_t set, const std::vector<double>& x, std::vector<double>& shares) const {
    const auto items = members(set);
    double high = x[items[0]], sum = 0;
    for (auto i : items) high = std::max(high, x[i]);
    shares.clear();
    for (auto i : items) {
      shares.push_back(math::exp(x[i] - high));
      sum = sum + shares.back();
    }
    for (double& s : shares) s = s / sum;
    return high + math::log(sum);
  }

  void add(const Comparison& c, std::size_t number, std::int64_t n_items) {
    check_comparison("fit_items", c, number, n_items);
    const bool plain = (c.probability == 0 || c.probability == 1) && c.error_rate == 0;
    if (psi != kNone && !c.tie && !plain)
      detail::fail<ValueError>("fit_items", "comparison " + detail::str(number) + " is unsure, where ties have their own probability",
                               "probability " + detail::str(c.probability) + ", error_rate " + detail::str(c.error_rate), "0 or 1, and 0", "Set ties to half.");
    pairs_.push_back({static_cast<std::size_t>(c.winner), static_cast<std::size_t>(c.loser), c.weight, c.tie ? 0.5 : c.probability, c.margin, c.error_rate, c.tie});
  }

  void add(const ItemRanking& r, std::size_t number, std::int64_t n_items) {
    const std::string what = "ranking " + detail::str(number);
    check_range("fit_items", "weight", what, r.weight, 0, INFINITY, "0 or more");
    std::vector<std::vector<std::size_t>> tiers;
    std::vector<std::size_t> all;
    for (const auto& tier : r.tiers) {
      tiers.emplace_back();
      for (auto item : tier) tiers.back().push_back(checked_item("fit_items", what, item, n_items));
      all.insert(all.end(), tiers.back().begin(), tiers.back().end());
      if (tier.empty()) detail::fail<ValueError>("fit_items", what + " has an empty tier", "no item", "at least one");
    }
    auto sorted = all;
    std::sort(sorted.begin(), sorted.end());
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
    if (twice != sorted.end()) detail::fail<ValueError>("fit_items", what + " contradicts itself", "item " + detail::str(*twice) + " twice", "each item once");
    if (all.size() < 2) detail::fail<ValueError>("fit_items", what + " is too short", detail::str(all.size()), "two items or more");
    if (config_.ranking == "all_pairs")
      add_pairs(tiers, r);
    else
      add_stages(tiers, r, what);
  }

  void add_pairs(const std::vector<std::vector<std::size_t>>& tiers, const ItemRanking& r) {
    std::vector<Pair> found;
    for (std::size_t t = 0; t < tiers.size(); ++t)
      for (std::size_t a = 0; a < tiers[t].size(); ++a) {
        const bool known = !(r.rest_unranked && t + 1 == tiers.size());
        for (std::size_t b = a + 1; known && b < tiers[t].size(); ++b) found.push_back({tiers[t][a], tiers[t][b], 0, 0.5, 0, 0, true});
        for (std::size_t u = t + 1; u < tiers.size(); ++u)
          for (auto lower : tiers[u]) found.push_back({tiers[t][a], lower, 0, 1.0, 0, 0});
      }
    for (auto& p : found) {
      p.weight = r.weight / static_cast<double>(found.size());
      pairs_.push_back(p);
    }
  }

  /// Each stage chooses the best of what is left. Of t tied items, a set of u of them is what is left in one of binomial(t, u) orders.
  void add_stages(const std::vector<std::vector<std::size_t>>& tiers, const ItemRanking& r, const std::string& what) {
    std::vector<std::size_t> rest;
    for (std::size_t t = tiers.size(); t-- > 0;) {
      const auto& tier = tiers[t];
      if (!(r.rest_unranked && t + 1 == tiers.size())) {
        if (tier.size() > kLargestTie) detail::fail<ValueError>("fit_items", what + " has too large a tie", detail::str(tier.size()), "at most " + detail::str(kLargestTie));
        for (std::size_t set = 1; set < std::size_t{1} << tier.size(); ++set) {
          auto left = rest;
          for (std::size_t i = 0; i < tier.size(); ++i)
            if (set >> i & 1) left.push_back(tier[i]);
          const std::size_t u = left.size() - rest.size();
          if (left.size() < 2) continue;  // the last one: no choice, and its strength cancels
          double orders = 1;
          for (std::size_t i = 0; i < u; ++i) orders = orders * static_cast<double>(tier.size() - i) / static_cast<double>(i + 1);
          members_.insert(members_.end(), left.begin(), left.end());
          offsets_.push_back(members_.size());
          weights_.push_back(r.weight / orders);
          for (std::size_t i = 0; i < tier.size(); ++i)  // each of the set is as likely the one that is chosen
            if (set >> i & 1) linear_[tier[i]] = linear_[tier[i]] - r.weight / (orders * static_cast<double>(u));
        }
      }
      rest.insert(rest.end(), tier.begin(), tier.end());
    }
  }

  const ItemFitConfig& config_;
  std::size_t size_;
  ErrorForm form_;
  std::vector<Pair> pairs_;
  std::vector<std::size_t> members_, offsets_{0};  // sets of which one was chosen
  std::vector<double> weights_, linear_;
};

inline Tensor64 to_tensor(const std::vector<double>& v) { return Tensor64::from({static_cast<std::int64_t>(v.size())}, v); }

}  // namespace detail_

TUTELAGE_INLINE ItemFit fit_items(const ItemJudgements& said, std::int64_t n_items, const ItemFitConfig& config) {
  const FpStateGuard guard;
  config.validate();
  detail_::check_items("fit_items", n_items);
  const detail_::ItemObjective objective(said, n_items, config);
  const std::size_t n = objective.size(), items = static_cast<std::size_t>(n_items);
  std::vector<double> x(n, 0.0), gradient, hessian;
  detail_::Cholesky cholesky;
  ItemFit fit;
  fit.objective = objective.value(x);
  while (fit.iterations < config.max_iterations && !fit.converged) {
    ++fit.iterations;
    objective.derivatives(x, gradient, hessian);
    detail_::factor_damped(cholesky, hessian, n);
    auto step = gradient;
    for (double& g : step) g = -g;
    cholesky.solve(step.data());
    double slope = 0;
    for (std::size_t i = 0; i < n; ++i) slope = slope + gradient[i] * step[i];
    fit.converged = detail_::line_search([&](const auto& y) { return objective.value(y); }, x, step, slope, fit.objective) <= config.tolerance;
  }
  objective.derivatives(x, gradient, hessian);
  detail_::factor_damped(cholesky, hessian, n);
  const auto inverse = cholesky.inverse();
  std::vector<double> errors(n), covariance;
  for (std::size_t i = 0; i < n; ++i) errors[i] = std::sqrt(inverse[i * n + i]);
  for (std::size_t i = 0; i < items; ++i) covariance.insert(covariance.end(), &inverse[i * n], &inverse[i * n] + items);
  if (objective.bar < n) fit.bar = x[objective.bar], fit.bar_error = errors[objective.bar];
  if (objective.psi < n) {
    const double power = math::exp(x[objective.psi]);
    fit.tie = config.ties == "davidson" ? power : math::exp(power);
    fit.tie_error = errors[objective.psi];
  }
  x.resize(items), errors.resize(items);
  fit.strengths = detail_::to_tensor(x);
  fit.standard_errors = detail_::to_tensor(errors);
  fit.covariance = Tensor64::from({n_items, n_items}, covariance);
  return fit;
}

}  // namespace prefs

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
