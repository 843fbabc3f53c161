#pragma once
#include <algorithm>
#include <cmath>
#include <numeric>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/impl/reward/products.hpp"
#include "tutelage/reward/calibration.hpp"
#include "tutelage/train/linear_reward.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace train {

namespace detail_ {
using Doubles = std::vector<double>;

/// The rows with the columns that hold anything, scaled if asked for, and the same by columns.
struct CompactRows {
  reward::SparseRows x, transposed;  // transposed: a row a column of x
  std::vector<std::int32_t> used;    // of each column, its number in the given rows
  std::vector<float> scale;          // of each column

  CompactRows(const reward::SparseRows& given, bool scaled) {
    std::vector<std::int64_t> count(static_cast<std::size_t>(given.width), 0);
    for (const auto c : given.columns) ++count[static_cast<std::size_t>(c)];
    std::vector<std::int32_t> number(static_cast<std::size_t>(given.width), 0);
    for (std::int64_t c = 0; c < given.width; ++c)
      if (count[static_cast<std::size_t>(c)] > 0) {
        number[static_cast<std::size_t>(c)] = static_cast<std::int32_t>(used.size());
        used.push_back(static_cast<std::int32_t>(c));
        transposed.offsets.push_back(transposed.offsets.back() + count[static_cast<std::size_t>(c)]);
      }
    x = given;
    x.width = static_cast<std::int64_t>(used.size());
    for (auto& c : x.columns) c = number[static_cast<std::size_t>(c)];
    scale.assign(used.size(), 1.0f);
    if (scaled) scale_columns();
    transposed.width = x.rows();
    transposed.columns.resize(x.columns.size());
    transposed.values.resize(x.values.size());
    auto next = transposed.offsets;
    for (std::int64_t i = 0; i < x.rows(); ++i)
      for (auto k = static_cast<std::size_t>(x.offsets[static_cast<std::size_t>(i)]);
           k < static_cast<std::size_t>(x.offsets[static_cast<std::size_t>(i) + 1]); ++k) {
        const auto to = static_cast<std::size_t>(next[static_cast<std::size_t>(x.columns[k])]++);
        transposed.columns[to] = static_cast<std::int32_t>(i);
        transposed.values[to] = x.values[k];
      }
  }

 private:
  void scale_columns() {
    Doubles sum(used.size(), 0.0), squares(used.size(), 0.0);
    const auto n = static_cast<double>(x.rows());
    for (std::size_t k = 0; k < x.values.size(); ++k) {
      const auto c = static_cast<std::size_t>(x.columns[k]);
      sum[c] = sum[c] + static_cast<double>(x.values[k]);
    }
    Doubles zeros(used.size(), n);
    for (std::size_t k = 0; k < x.values.size(); ++k) {
      const auto c = static_cast<std::size_t>(x.columns[k]);
      const double d = static_cast<double>(x.values[k]) - sum[c] / n;
      squares[c] = squares[c] + d * d;
      zeros[c] = zeros[c] - 1.0;
    }
    for (std::size_t c = 0; c < scale.size(); ++c) {
      const double mean = sum[c] / n, deviation = std::sqrt((squares[c] + zeros[c] * mean * mean) / n);
      scale[c] = deviation > 1e-12 ? static_cast<float>(1.0 / deviation) : 0.0f;  // one that is always the same tells nothing
    }
    for (std::size_t k = 0; k < x.values.size(); ++k) x.values[k] = x.values[k] * scale[static_cast<std::size_t>(x.columns[k])];
  }
};

/// The objective of all members, each with its own weights of the pairs.
class LinearObjective {
 public:
  LinearObjective(const CompactRows& rows, std::span<const RowPair> pairs, Doubles weights, std::int64_t members, double l2)
      : rows_(rows), pairs_(pairs), weights_(std::move(weights)), m_(static_cast<std::size_t>(members)), l2_(l2) {
    Doubles total(m_, 0.0);
    for (std::size_t k = 0; k < weights_.size(); ++k) total[k % m_] = total[k % m_] + weights_[k];
    for (std::size_t k = 0; k < weights_.size(); ++k) weights_[k] = weights_[k] / total[k % m_];
  }
  std::size_t size() const { return rows_.used.size() * m_; }
  Doubles scores(const Doubles& v) const { return reward::detail_::products(rows_.x, v, static_cast<std::int64_t>(m_)); }
  Doubles dots(const Doubles& a, const Doubles& b) const {
    Doubles out(m_, 0.0);
    for (std::size_t k = 0; k < a.size(); k += m_)
      for (std::size_t m = 0; m < m_; ++m) out[m] = out[m] + a[k + m] * b[k + m];
    return out;
  }
  /// Without the penalty, of scores + step * more.
  Doubles losses(const Doubles& scores, const Doubles& more, const Doubles& step) const {
    Doubles out(m_, 0.0);
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      const std::size_t a = static_cast<std::size_t>(pairs_[i].chosen) * m_, b = static_cast<std::size_t>(pairs_[i].rejected) * m_;
      for (std::size_t m = 0; m < m_; ++m) {
        const double d = scores[a + m] - scores[b + m] + step[m] * (more[a + m] - more[b + m]), p = pairs_[i].probability;
        out[m] = out[m] + weights_[i * m_ + m] * (p * math::softplus(-d) + (1.0 - p) * math::softplus(d));
      }
    }
    return out;
  }
  /// The gradient at v, whose scores are given.
  Doubles gradient(const Doubles& v, const Doubles& scores) const {
    return pulled(v, [&](std::size_t i, std::size_t m, std::size_t a, std::size_t b) {
      return weights_[i * m_ + m] * (math::sigmoid(scores[a] - scores[b]) - pairs_[i].probability);
    });
  }
  /// The Hessian at the point with these scores, times v.
  Doubles curved(const Doubles& v, const Doubles& scores) const {
    const Doubles along = this->scores(v);
    return pulled(v, [&](std::size_t i, std::size_t m, std::size_t a, std::size_t b) {
      const double s = math::sigmoid(scores[a] - scores[b]);
      return weights_[i * m_ + m] * s * (1.0 - s) * (along[a] - along[b]);
    });
  }
  double l2() const { return l2_; }
  std::size_t members() const { return m_; }

 private:
  /// sum over pairs of slope (x_chosen - x_rejected), plus l2 v.
  template <class Slope> Doubles pulled(const Doubles& v, const Slope& slope) const {
    Doubles at(static_cast<std::size_t>(rows_.x.rows()) * m_, 0.0);
    for (std::size_t i = 0; i < pairs_.size(); ++i)
      for (std::size_t m = 0; m < m_; ++m) {
        const std::size_t a = static_cast<std::size_t>(pairs_[i].chosen) * m_ + m, b = static_cast<std::size_t>(pairs_[i].rejected) * m_ + m;
        const double s = slope(i, m, a, b);
        at[a] = at[a] + s;
        at[b] = at[b] - s;
      }
    Doubles out = reward::detail_::products(rows_.transposed, at, static_cast<std::int64_t>(m_));
    for (std::size_t k = 0; k < out.size(); ++k) out[k] = out[k] + l2_ * v[k];
    return out;
  }

  const CompactRows& rows_;
  std::span<const RowPair> pairs_;
  Doubles weights_;  // (pairs, members), each member's sum 1
  std::size_t m_;
  double l2_;
};

/// The Newton step of every member, to a precision that suffices far from the minimum and grows near it.
inline Doubles newton_step(const LinearObjective& f, const Doubles& scores, const Doubles& gradient, const Doubles& norms) {
  const std::size_t members = f.members();
  Doubles step(gradient.size(), 0.0), rest(gradient.size()), direction(gradient.size());
  for (std::size_t k = 0; k < rest.size(); ++k) direction[k] = rest[k] = -gradient[k];
  Doubles squares = f.dots(rest, rest), goal(members);
  for (std::size_t m = 0; m < members; ++m) goal[m] = squares[m] * std::min(0.01, norms[m]);
  for (int round = 0; round < 100; ++round) {
    bool done = true;
    for (std::size_t m = 0; m < members; ++m) done = done && squares[m] <= goal[m];
    if (done) break;
    const Doubles curved = f.curved(direction, scores), along = f.dots(direction, curved);
    Doubles alpha(members), beta(members);
    for (std::size_t m = 0; m < members; ++m) alpha[m] = squares[m] > goal[m] && along[m] > 0 ? squares[m] / along[m] : 0.0;
    for (std::size_t k = 0; k < step.size(); ++k) {
      step[k] = step[k] + alpha[k % members] * direction[k];
      rest[k] = rest[k] - alpha[k % members] * curved[k];
    }
    const Doubles next = f.dots(rest, rest);
    for (std::size_t m = 0; m < members; ++m) beta[m] = alpha[m] > 0 ? next[m] / squares[m] : 0.0;
    for (std::size_t k = 0; k < step.size(); ++k) direction[k] = rest[k] + beta[k % members] * direction[k];
    squares = next;
  }
  return step;
}

/// The weights at the minimum, and whether it was reached.
inline std::pair<Doubles, bool> minimise(const LinearObjective& f, const LinearRewardConfig& config, const RunOptions& run) {
  const std::size_t members = f.members();
  Doubles w(f.size(), 0.0), scores = f.scores(w), start;
  for (std::int64_t k = 0; k < config.max_iterations && !run.stop_requested(); ++k) {
    const Doubles gradient = f.gradient(w, scores);
    Doubles norms = f.dots(gradient, gradient);
    if (k == 0) start = norms;
    bool done = true;
    for (std::size_t m = 0; m < members; ++m) {
      norms[m] = start[m] > 0 ? std::sqrt(norms[m] / start[m]) : 0.0;
      done = done && norms[m] <= config.tolerance;
    }
    if (done) return {w, true};
    const Doubles step = newton_step(f, scores, gradient, norms), more = f.scores(step), slope = f.dots(gradient, step);
    const Doubles size = f.dots(w, w), along = f.dots(w, step), length = f.dots(step, step), before = f.losses(scores, more, Doubles(members, 0.0));
    Doubles t(members, 1.0);
    for (int halving = 0; halving < 30; ++halving) {
      const Doubles after = f.losses(scores, more, t);
      bool fell = true;
      for (std::size_t m = 0; m < members; ++m) {
        const double penalty = 0.5 * f.l2() * (2.0 * t[m] * along[m] + t[m] * t[m] * length[m]);
        if (after[m] + penalty <= before[m] + 1e-4 * t[m] * slope[m] + 1e-14) continue;
        t[m] = 0.5 * t[m];
        fell = false;
      }
      if (fell) break;
    }
    for (std::size_t i = 0; i < w.size(); ++i) w[i] = w[i] + t[i % members] * step[i];
    for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = scores[i] + t[i % members] * more[i];
  }
  return {w, false};
}

/// Numbers of pairs to hold out: of groups that hang together by their rows, drawn at random until there are enough, none larger than what is
/// missing.
inline std::vector<bool> held_out_pairs(std::span<const RowPair> pairs, std::int64_t rows, double share, std::uint64_t seed) {
  std::vector<std::int64_t> parent(static_cast<std::size_t>(rows));
  std::iota(parent.begin(), parent.end(), std::int64_t{0});
  const auto root = [&](std::int64_t i) {
    while (parent[static_cast<std::size_t>(i)] != i)
      i = parent[static_cast<std::size_t>(i)] = parent[static_cast<std::size_t>(parent[static_cast<std::size_t>(i)])];
    return i;
  };
  for (const auto& p : pairs) parent[static_cast<std::size_t>(root(p.chosen))] = root(p.rejected);
  std::vector<std::vector<std::size_t>> groups(static_cast<std::size_t>(rows));
  for (std::size_t i = 0; i < pairs.size(); ++i) groups[static_cast<std::size_t>(root(pairs[i].chosen))].push_back(i);
  std::erase_if(groups, [](const auto& g) { return g.empty(); });
  Rng rng(seed, Purpose::kShuffle, 0);
  for (std::size_t i = groups.size(); i > 1; --i) std::swap(groups[i - 1], groups[rng.below(i)]);
  const auto wanted = static_cast<std::size_t>(std::max(1.0, share * static_cast<double>(pairs.size())));
  std::vector<bool> held(pairs.size(), false);
  std::size_t count = 0;
  for (const auto& g : groups)
    if (count + g.size() <= wanted)
      for (const std::size_t i : g) held[i] = true, ++count;
  for (std::size_t i = 0; i < pairs.size() && count == 0; ++i)  // all hang together: single pairs, then
    if (rng.uniform() < share) held[i] = true;
  return held;
}
}  // namespace detail_

TUTELAGE_INLINE void LinearRewardConfig::validate() const {
  const auto need = [](bool ok, const char* field, double got, const char* expected) {
    if (!ok || !std::isfinite(got))
      detail::fail<ConfigError>("LinearRewardConfig", std::string(field) + " is out of range", detail::str(got), expected);
  };
  need(members >= 1, "members", static_cast<double>(members), "1 or more");
  need(!l2.empty(), "l2", 0, "at least one candidate");
  for (const double x : l2) need(x > 0, "l2", x, "more than 0");
  need(held_out_share > 0 && held_out_share < 1, "held_out_share", held_out_share, "between 0 and 1");
  need(max_iterations >= 1, "max_iterations", static_cast<double>(max_iterations), "1 or more");
  need(tolerance > 0, "tolerance", tolerance, "more than 0");
}

TUTELAGE_INLINE LinearRewardFit fit_linear_reward(const reward::SparseRows& rows, std::span<const RowPair> pairs, const LinearRewardConfig& config,
                                                  const RunOptions& run) {
  const FpStateGuard guard;
  const char* name = "fit_linear_reward";
  config.validate();
  rows.check(name);
  if (pairs.empty()) detail::fail<ValueError>(name, "no pair", "0", "at least one");
  double total = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto& p = pairs[i];
    for (const auto r : {p.chosen, p.rejected})
      if (r < 0 || r >= rows.rows())
        detail::fail<IndexError>(name, "row of pair " + detail::str(i) + " is out of range", detail::str(r), "0 to " + detail::str(rows.rows() - 1));
    if (p.chosen == p.rejected)
      detail::fail<ValueError>(name, "pair " + detail::str(i) + " is of a row with itself", detail::str(p.chosen), "two rows");
    if (!(p.probability >= 0 && p.probability <= 1))
      detail::fail<ValueError>(name, "probability of pair " + detail::str(i) + " is out of range", detail::str(p.probability), "0 to 1");
    if (!(p.weight >= 0) || !std::isfinite(p.weight))
      detail::fail<ValueError>(name, "weight of pair " + detail::str(i) + " is out of range", detail::str(p.weight), "0 or more");
    total = total + p.weight;
  }
  if (!(total > 0)) detail::fail<ValueError>(name, "no pair with a weight", detail::str(total), "more than 0");

  const detail_::CompactRows compact(rows, config.scale_columns);
  LinearRewardFit fit;
  fit.l2 = config.l2.front();
  if (config.l2.size() > 1) {
    const auto held = detail_::held_out_pairs(pairs, rows.rows(), config.held_out_share, config.seed);
    std::vector<RowPair> seen, unseen;
    for (std::size_t i = 0; i < pairs.size(); ++i) (held[i] ? unseen : seen).push_back(pairs[i]);
    if (seen.empty() || unseen.empty())
      detail::fail<ValueError>(name, "too few pairs to choose l2 by", detail::str(pairs.size()), "some to learn from and some to hold out",
                               "Give one l2.");
    const auto weights_of = [](const std::vector<RowPair>& list) {
      std::vector<double> w;
      for (const auto& p : list) w.push_back(p.weight);
      return w;
    };
    for (std::size_t c = 0; c < config.l2.size(); ++c) {
      const detail_::LinearObjective learnt(compact, seen, weights_of(seen), 1, config.l2[c]), tried(compact, unseen, weights_of(unseen), 1, 0.0);
      const auto scores = learnt.scores(detail_::minimise(learnt, config, run).first);
      fit.held_out_losses.push_back(tried.losses(scores, scores, {0.0}).front());
      if (fit.held_out_losses.back() < *std::min_element(fit.held_out_losses.begin(), fit.held_out_losses.end() - (c > 0 ? 1 : 0)) || c == 0)
        fit.l2 = config.l2[c];
      run.report(
          {"l2", static_cast<std::int64_t>(c) + 1, static_cast<std::int64_t>(config.l2.size()), {{"held-out loss", fit.held_out_losses.back()}}});
    }
  }

  const auto members = static_cast<std::size_t>(config.members);
  std::vector<double> weights(pairs.size() * members, 0.0);
  for (std::size_t m = 0; m < members; ++m) {
    Rng rng(config.seed, Purpose::kEnsemble, static_cast<std::uint32_t>(m));
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const std::size_t drawn = m == 0 ? i : rng.below(pairs.size());
      weights[drawn * members + m] = weights[drawn * members + m] + pairs[drawn].weight;
    }
  }
  const detail_::LinearObjective objective(compact, pairs, std::move(weights), config.members, fit.l2);
  auto [found, converged] = detail_::minimise(objective, config, run);
  fit.converged = converged;
  auto& model = fit.model;
  model.width = rows.width;
  model.members = config.members;
  model.weights.assign(static_cast<std::size_t>(rows.width) * members, 0.0);
  for (std::size_t k = 0; k < found.size(); ++k)
    model.weights[static_cast<std::size_t>(compact.used[k / members]) * members + k % members] =
        found[k] * static_cast<double>(compact.scale[k / members]);
  model.gain.assign(members, 1.0);
  model.bias.assign(members, 0.0);
  const auto raw = model.member_scores(rows);
  for (std::size_t m = 0; m < members; ++m) {
    const auto normal = reward::calibration(raw[m]);
    model.gain[m] = normal.gain, model.bias[m] = normal.bias;
  }
  return fit;
}

}  // namespace train

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
