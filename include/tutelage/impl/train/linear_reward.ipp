#pragma once
#include <algorithm>
#include <cmath>
#include <numeric>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/impl/base/cholesky.hpp"
#include "tutelage/impl/train/linear_objective.hpp"
#include "tutelage/reward/calibration.hpp"
#include "tutelage/train/linear_reward.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace train {

namespace detail_ {
/// The inverse of the expected second derivative at the minimum, (C, C) of the given columns as they are scaled; one that no row holds has the
/// prior's variance.
inline Doubles laplace_covariance(const CompactRows& rows, std::size_t width, std::span<const Choice> pairs, const Doubles& scores, double l2) {
  Doubles information(width * width, 0.0), difference(width, 0.0);
  for (std::size_t c = 0; c < width; ++c) information[c * width + c] = l2;
  const auto add = [&](std::int64_t row, float sign) {
    for (auto k = static_cast<std::size_t>(rows.x.offsets[static_cast<std::size_t>(row)]);
         k < static_cast<std::size_t>(rows.x.offsets[static_cast<std::size_t>(row) + 1]); ++k) {
      auto& d = difference[static_cast<std::size_t>(rows.used[static_cast<std::size_t>(rows.x.columns[k])])];
      d = d + static_cast<double>(sign * rows.x.values[k]);
    }
  };
  for (const auto& p : pairs) {
    std::fill(difference.begin(), difference.end(), 0.0);
    add(p.first, 1.0f);
    add(p.second, -1.0f);
    const double d = scores[static_cast<std::size_t>(p.first)] - scores[static_cast<std::size_t>(p.second)];
    const double curve = p.weight * Called(d, p.error_rate).curve();
    for (std::size_t r = 0; r < width; ++r)
      for (std::size_t c = 0; c <= r; ++c) information[r * width + c] = std::fma(curve * difference[r], difference[c], information[r * width + c]);
  }
  return detail::Cholesky("fit_linear_reward", std::move(information), width).inverse();
}

/// Numbers of pairs to hold out: of groups that hang together by their rows, drawn at random until there are enough, none larger than what is
/// missing.
inline std::vector<bool> held_out_pairs(std::span<const Choice> pairs, std::int64_t rows, double share, std::uint64_t seed) {
  std::vector<std::int64_t> parent(static_cast<std::size_t>(rows));
  std::iota(parent.begin(), parent.end(), std::int64_t{0});
  const auto root = [&](std::int64_t i) {
    while (parent[static_cast<std::size_t>(i)] != i)
      i = parent[static_cast<std::size_t>(i)] = parent[static_cast<std::size_t>(parent[static_cast<std::size_t>(i)])];
    return i;
  };
  for (const auto& p : pairs) parent[static_cast<std::size_t>(root(p.first))] = root(p.second);
  std::vector<std::vector<std::size_t>> groups(static_cast<std::size_t>(rows));
  for (std::size_t i = 0; i < pairs.size(); ++i) groups[static_cast<std::size_t>(root(pairs[i].first))].push_back(i);
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
  if (ensemble != "resample" && ensemble != "posterior")
    detail::fail<ConfigError>("LinearRewardConfig", "ensemble is unknown", ensemble, "resample or posterior");
  need(!l2.empty(), "l2", 0, "at least one candidate");
  for (const double x : l2) need(x > 0, "l2", x, "more than 0");
  need(held_out_share > 0 && held_out_share < 1, "held_out_share", held_out_share, "between 0 and 1");
  need(max_iterations >= 1, "max_iterations", static_cast<double>(max_iterations), "1 or more");
  need(tolerance > 0, "tolerance", tolerance, "more than 0");
}

namespace detail_ {
/// The l2 with the least loss on held-out pairs.
inline void choose_l2(LinearRewardFit& fit, const CompactRows& rows, std::span<const Choice> pairs, const LinearRewardConfig& config,
                      const RunOptions& run) {
  const auto held = held_out_pairs(pairs, rows.x.rows(), config.held_out_share, config.seed);
  std::vector<Choice> parts[2];  // learned from, held out
  Doubles weights[2];
  double total[2] = {0, 0};
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const int part = held[i] ? 1 : 0;
    parts[part].push_back(pairs[i]);
    weights[part].push_back(pairs[i].weight);
    total[part] = total[part] + pairs[i].weight;
  }
  if (!(total[0] > 0 && total[1] > 0))
    detail::fail<ValueError>("fit_linear_reward", "too few choices to choose l2 by", detail::str(pairs.size()),
                             "some to learn from and some to hold out", "Give one l2.");
  const double share = total[0] / (total[0] + total[1]);
  for (std::size_t c = 0; c < config.l2.size(); ++c) {
    const LinearObjective learnt(rows, parts[0], weights[0], 1, config.l2[c] * share), tried(rows, parts[1], weights[1], 1, 0.0);
    const auto scores = learnt.scores(minimise(learnt, config, run).first);
    const double loss = tried.losses(scores, scores, {0.0}).front();
    if (c == 0 || loss < *std::min_element(fit.held_out_losses.begin(), fit.held_out_losses.end())) fit.l2 = config.l2[c];
    fit.held_out_losses.push_back(loss);
    run.report({"l2", static_cast<std::int64_t>(c) + 1, static_cast<std::int64_t>(config.l2.size()), {{"held-out loss", loss}}});
  }
}

/// Of each pair and member, how much it counts: the first member sees all, each other one a resample.
inline Doubles resampled(std::span<const Choice> pairs, std::size_t members, std::uint64_t seed) {
  Doubles weights(pairs.size() * members, 0.0);
  for (std::size_t m = 0; m < members; ++m) {
    Rng rng(seed, Purpose::kEnsemble, static_cast<std::uint32_t>(m));
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const std::size_t drawn = m == 0 ? i : rng.below(pairs.size());
      weights[drawn * members + m] = weights[drawn * members + m] + pairs[drawn].weight;
    }
  }
  return weights;
}

/// Every member but the first becomes a draw around the first, which is the minimum of scaled columns.
inline void draw_members(Doubles& weights, std::size_t members, const Doubles& covariance, std::uint64_t seed) {
  const std::size_t width = weights.size() / members;
  const detail::Cholesky factor("fit_linear_reward", covariance, width);
  for (std::size_t m = 1; m < members; ++m) {
    Rng rng(seed, Purpose::kEnsemble, static_cast<std::uint32_t>(m) - 1, 0, 1);
    Doubles z(width);
    for (auto& x : z) x = rng.normal();
    const auto away = factor.times(z);
    for (std::size_t c = 0; c < width; ++c) weights[c * members + m] = weights[c * members] + away[c];
  }
}
}  // namespace detail_

TUTELAGE_INLINE LinearRewardFit fit_linear_reward(const reward::SparseRows& rows, std::span<const Choice> choices, const LinearRewardConfig& config,
                                                  const RunOptions& run) {
  const FpStateGuard guard;
  const char* name = "fit_linear_reward";
  config.validate();
  rows.check(name);
  for (std::size_t i = 0; i < choices.size(); ++i) choices[i].check(name, i, rows.rows());
  const bool posterior = config.ensemble == "posterior";
  if (posterior && rows.width > 4096)
    detail::fail<ValueError>(name, "too many columns for a posterior", detail::str(rows.width), "at most 4096",
                             "ensemble \"resample\" has no limit.");

  const detail_::CompactRows compact(rows, config.scale_columns);
  LinearRewardFit fit;
  fit.l2 = config.l2.front();
  if (config.l2.size() > 1) detail_::choose_l2(fit, compact, choices, config, run);

  const auto members = static_cast<std::size_t>(config.members), fitted = posterior ? 1 : members, width = static_cast<std::size_t>(rows.width);
  const detail_::LinearObjective objective(compact, choices, detail_::resampled(choices, fitted, config.seed), static_cast<std::int64_t>(fitted),
                                           fit.l2);
  auto [found, converged] = detail_::minimise(objective, config, run);
  fit.converged = converged;
  auto& model = fit.model;
  model.width = rows.width;
  model.members = config.members;
  model.weights.assign(width * members, 0.0);
  std::vector<double> scale(width, 1.0);
  for (std::size_t k = 0; k < found.size(); ++k) {
    const auto column = static_cast<std::size_t>(compact.used[k / fitted]);
    model.weights[column * members + k % fitted] = found[k];
    scale[column] = static_cast<double>(compact.scale[k / fitted]);
  }
  if (posterior) {
    auto covariance = detail_::laplace_covariance(compact, width, choices, objective.scores(found), fit.l2);
    detail_::draw_members(model.weights, members, covariance, config.seed);
    for (std::size_t k = 0; k < covariance.size(); ++k) covariance[k] = covariance[k] * scale[k / width] * scale[k % width];
    fit.covariance = Tensor64::from({rows.width, rows.width}, covariance);
  }
  for (std::size_t k = 0; k < model.weights.size(); ++k) model.weights[k] = model.weights[k] * scale[k / members];
  const Tensor64 raw = model.logits(rows);
  for (std::size_t m = 0; m < members; ++m) {
    const auto normal =
        rows.rows() > 0 ? reward::calibration(raw.span().subspan(m * static_cast<std::size_t>(rows.rows()), static_cast<std::size_t>(rows.rows())))
                        : reward::Calibration{};
    model.gain.push_back(normal.gain), model.bias.push_back(normal.bias);
  }
  return fit;
}

}  // namespace train

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
