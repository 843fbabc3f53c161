#pragma once
#include <algorithm>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "tutelage/base/math.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/reward/products.hpp"
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

/// Whether the first of two is called the better where their scores differ by d: q(d), and q' / (q (1 - q)), which is 1 without errors.
struct Called {
  double q, slope;
  Called(double d, double e) : q(math::sigmoid(d)), slope(1.0) {
    if (!(e > 0)) return;
    const double s = q;
    q = (1.0 - e) * s + e * (1.0 - s);
    slope = (1.0 - 2.0 * e) * s * (1.0 - s) / (q * (1.0 - q));
  }
  double pull(double p) const { return (q - p) * slope; }         // of -p log q - (1 - p) log(1 - q), by d
  double curve() const { return slope * slope * q * (1.0 - q); }  // its expected second derivative
  static double loss(double d, double p, double e) {
    if (!(e > 0)) return p * math::softplus(-d) + (1.0 - p) * math::softplus(d);
    const double q = Called(d, e).q;
    return -p * math::log(q) - (1.0 - p) * math::log(1.0 - q);
  }
};

/// The objective of all members, each with its own weights of the pairs and divided by their sum.
class LinearObjective {
 public:
  LinearObjective(const CompactRows& rows, std::span<const Choice> pairs, Doubles weights, std::int64_t members, double l2)
      : rows_(rows), pairs_(pairs), weights_(std::move(weights)), m_(static_cast<std::size_t>(members)), l2_(m_, l2) {
    Doubles total(m_, 0.0);
    for (std::size_t k = 0; k < weights_.size(); ++k) total[k % m_] = total[k % m_] + weights_[k];
    for (std::size_t k = 0; k < weights_.size(); ++k)
      if (total[k % m_] > 0) weights_[k] = weights_[k] / total[k % m_];
    for (std::size_t m = 0; m < m_; ++m)
      if (total[m] > 0) l2_[m] = l2 / total[m];
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
      const std::size_t a = static_cast<std::size_t>(pairs_[i].first) * m_, b = static_cast<std::size_t>(pairs_[i].second) * m_;
      for (std::size_t m = 0; m < m_; ++m) {
        const double d = scores[a + m] - scores[b + m] + step[m] * (more[a + m] - more[b + m]);
        out[m] = out[m] + weights_[i * m_ + m] * Called::loss(d, pairs_[i].probability, pairs_[i].error_rate);
      }
    }
    return out;
  }
  /// The gradient at v, whose scores are given.
  Doubles gradient(const Doubles& v, const Doubles& scores) const {
    return pulled(v, [&](std::size_t i, std::size_t m, std::size_t a, std::size_t b) {
      return weights_[i * m_ + m] * Called(scores[a] - scores[b], pairs_[i].error_rate).pull(pairs_[i].probability);
    });
  }
  /// The expected second derivative at the point with these scores, times v.
  Doubles curved(const Doubles& v, const Doubles& scores) const {
    const Doubles along = this->scores(v);
    return pulled(v, [&](std::size_t i, std::size_t m, std::size_t a, std::size_t b) {
      return weights_[i * m_ + m] * Called(scores[a] - scores[b], pairs_[i].error_rate).curve() * (along[a] - along[b]);
    });
  }
  double l2(std::size_t m) const { return l2_[m]; }
  std::size_t members() const { return m_; }

 private:
  /// sum over pairs of slope (x_first - x_second), plus l2 v.
  template <class Slope> Doubles pulled(const Doubles& v, const Slope& slope) const {
    Doubles at(static_cast<std::size_t>(rows_.x.rows()) * m_, 0.0);
    for (std::size_t i = 0; i < pairs_.size(); ++i)
      for (std::size_t m = 0; m < m_; ++m) {
        const std::size_t a = static_cast<std::size_t>(pairs_[i].first) * m_ + m, b = static_cast<std::size_t>(pairs_[i].second) * m_ + m;
        const double s = slope(i, m, a, b);
        at[a] = at[a] + s;
        at[b] = at[b] - s;
      }
    Doubles out = reward::detail_::products(rows_.transposed, at, static_cast<std::int64_t>(m_));
    for (std::size_t k = 0; k < out.size(); ++k) out[k] = out[k] + l2_[k % m_] * v[k];
    return out;
  }

  const CompactRows& rows_;
  std::span<const Choice> pairs_;
  Doubles weights_;  // (pairs, members), each member's sum 1
  std::size_t m_;
  Doubles l2_;
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
        const double penalty = 0.5 * f.l2(m) * (2.0 * t[m] * along[m] + t[m] * t[m] * length[m]);
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
}  // namespace detail_

}  // namespace train

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
