#pragma once
#include <algorithm>
#include <set>
#include <utility>

#include "tutelage/base/parallel.hpp"
#include "tutelage/autograd/ops.hpp"
#include "tutelage/autograd/tape.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/reward/ranking.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace reward {

namespace detail_ {

inline constexpr std::size_t kMostTied = 16;

/// What one ranking gives: its loss and the slope by each of its items, in the ranking's order.
struct RankingLoss {
  double value = 0;
  std::vector<std::int64_t> items;
  std::vector<double> slopes;
};

template <class T> void check_rankings(const char* function, const BasicTensor<T>& scores, std::span<const Ranking> rankings, bool rest_unranked) {
  if (scores.rank() != 1) detail::fail<ShapeError>(function, "scores has the wrong shape", scores.shape().str(), "(n)");
  if (rankings.empty()) detail::fail<ValueError>(function, "nothing is ranked", "no ranking", "at least one");
  for (std::size_t m = 0; m < rankings.size(); ++m) {
    std::set<std::int64_t> seen;
    for (const auto& tier : rankings[m]) {
      if (tier.empty() || (tier.size() > kMostTied && !(rest_unranked && &tier == &rankings[m].back())))
        detail::fail<ValueError>(function, "a tier of ranking " + detail::str(m) + " has the wrong size", detail::str(tier.size()),
                                 "1 to " + detail::str(kMostTied) + " items");
      for (auto item : tier) {
        if (item < 0 || item >= scores.size())
          detail::fail<IndexError>(function, "item in ranking " + detail::str(m) + " is out of range", detail::str(item),
                                   "0 to " + detail::str(scores.size() - 1));
        if (!seen.insert(item).second)
          detail::fail<ValueError>(function, "item in ranking " + detail::str(m) + " is ranked twice", detail::str(item), "each once");
      }
    }
    if (seen.size() < 2)
      detail::fail<ValueError>(function, "ranking " + detail::str(m) + " is too short", detail::str(seen.size()) + " items", "2 or more");
  }
}

/// log sum exp of the scores of `items`, and its softmax times weight added to the slopes at their places.
inline double add_stage(const std::vector<double>& r, const std::vector<std::size_t>& places, double weight, std::vector<double>& slopes) {
  double top = r[places[0]];
  for (auto p : places) top = std::max(top, r[p]);
  std::vector<double> e;
  for (auto p : places) e.push_back(math::exp(r[p] - top));
  const double sum = kernels::sum16_double(e.data(), static_cast<std::int64_t>(e.size()));
  for (std::size_t k = 0; k < places.size(); ++k) slopes[places[k]] = slopes[places[k]] + weight * (e[k] / sum);
  return weight * (top + math::log(sum));
}

inline RankingLoss plackett_luce(const std::vector<double>& r, const Ranking& ranking, bool rest_unranked) {
  RankingLoss out;
  out.slopes.assign(r.size(), 0.0);
  std::size_t begin = 0;
  for (const auto& tier : ranking) {
    if (rest_unranked && &tier == &ranking.back()) break;  // it stands in the denominators alone
    const std::size_t t = tier.size(), end = begin + t;
    double choose = 1;                      // C(t, s)
    std::vector<double> share(t + 1, 1.0);  // 1 / C(t, s): how often s given items are the ones still to place
    for (std::size_t s = 1; s <= t; ++s) {
      choose = choose * static_cast<double>(t - s + 1) / static_cast<double>(s);
      share[s] = 1.0 / choose;
    }
    for (std::size_t p = begin; p < end; ++p) {
      out.value = out.value - r[p];
      out.slopes[p] = out.slopes[p] - 1.0;
    }
    for (std::size_t subset = 1; subset < (std::size_t{1} << t); ++subset) {
      std::vector<std::size_t> places;
      for (std::size_t k = 0; k < t; ++k)
        if (subset >> k & 1) places.push_back(begin + k);
      const double weight = share[places.size()];
      for (std::size_t p = end; p < r.size(); ++p) places.push_back(p);
      out.value = out.value + add_stage(r, places, weight, out.slopes);
    }
    begin = end;
  }
  return out;
}

inline RankingLoss all_pairs(const std::vector<double>& r, const Ranking& ranking, bool) {
  RankingLoss out;
  out.slopes.assign(r.size(), 0.0);
  std::vector<std::size_t> tier_of;
  for (std::size_t k = 0; k < ranking.size(); ++k) tier_of.insert(tier_of.end(), ranking[k].size(), k);
  const double share = 2.0 / (static_cast<double>(r.size()) * static_cast<double>(r.size() - 1));
  for (std::size_t a = 0; a < r.size(); ++a)
    for (std::size_t b = a + 1; b < r.size(); ++b) {
      const double d = r[a] - r[b];
      double value = math::softplus(-d), slope = -math::sigmoid(-d);
      if (tier_of[a] == tier_of[b]) value = 0.5 * (value + math::softplus(d)), slope = 0.5 * (slope + math::sigmoid(d));
      out.value = out.value + share * value;
      out.slopes[a] = out.slopes[a] + share * slope;
      out.slopes[b] = out.slopes[b] - share * slope;
    }
  return out;
}

template <class T, class Loss>
BasicTensor<T> ranking_terms(const char* function, const BasicTensor<T>& scores, std::span<const Ranking> rankings, double factor, bool rest_unranked,
                             Loss loss) {
  check_rankings(function, scores, rankings, rest_unranked);
  BasicTensor<T> value({static_cast<std::int64_t>(rankings.size())});
  T* y = value.mutable_data();
  std::vector<RankingLoss> all;
  for (std::size_t m = 0; m < rankings.size(); ++m) {
    std::vector<std::int64_t> items;
    std::vector<double> r;
    for (const auto& tier : rankings[m])
      for (auto item : tier) {
        items.push_back(item);
        r.push_back(static_cast<double>(scores.data()[item]));
      }
    RankingLoss one = loss(r, rankings[m], rest_unranked);
    one.items = std::move(items);
    for (double& s : one.slopes) s = s * factor;
    y[m] = static_cast<T>(one.value * factor);
    all.push_back(std::move(one));
  }
  return autograd::Tape<T>::record({&scores}, std::move(value), [all = std::move(all)](autograd::Backward<T>& step) {
    T* d = step.in_grad(0);
    for (std::size_t m = 0; m < all.size(); ++m)
      for (std::size_t k = 0; k < all[m].items.size(); ++k)
        d[all[m].items[k]] = d[all[m].items[k]] + step.out_grad()[m] * static_cast<T>(all[m].slopes[k]);
  });
}

inline double mean_factor(const char* function, std::size_t here, std::optional<double> count) {
  const double n = count.value_or(static_cast<double>(here));
  if (count && !(n > 0)) detail::fail<ValueError>(function, "count is out of range", detail::str(n), "more than 0");
  return 1.0 / n;
}

}  // namespace detail_

TUTELAGE_INLINE Ranking make_ranking(std::span<const std::int64_t> best_first) {
  Ranking ranking;
  for (auto item : best_first) ranking.push_back({item});
  return ranking;
}

template <class T>
BasicTensor<T> plackett_luce_terms(const BasicTensor<T>& scores, std::span<const Ranking> rankings, double factor, bool rest_unranked) {
  return detail_::ranking_terms("plackett_luce_loss", scores, rankings, factor, rest_unranked, detail_::plackett_luce);
}

template <class T>
BasicTensor<T> plackett_luce_loss(const BasicTensor<T>& scores, std::span<const Ranking> rankings, std::optional<double> count, bool rest_unranked) {
  const FpStateGuard guard;
  return ops::sum(plackett_luce_terms(scores, rankings, detail_::mean_factor("plackett_luce_loss", rankings.size(), count), rest_unranked));
}

template <class T> BasicTensor<T> plackett_luce_loss(const BasicTensor<T>& scores, std::span<const std::int64_t> best_first) {
  const Ranking one = make_ranking(best_first);
  return plackett_luce_loss(scores, std::span<const Ranking>(&one, 1));
}

template <class T> BasicTensor<T> best_of_n_loss(const BasicTensor<T>& scores, std::span<const std::int64_t> best, std::optional<double> count) {
  const FpStateGuard guard;
  const char* name = "best_of_n_loss";
  if (scores.rank() < 1 || scores.rank() > 2 || scores.size() == 0)
    detail::fail<ShapeError>(name, "scores has the wrong shape", scores.shape().str(), "(K) or (N, K)");
  const std::int64_t k = scores.dim(-1), n = scores.size() / k;
  if (static_cast<std::int64_t>(best.size()) != n) detail::fail<ShapeError>(name, "not one best a row", detail::str(best.size()), detail::str(n));
  std::vector<std::int64_t> flat;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto b = best[static_cast<std::size_t>(i)];
    if (b < 0 || b >= k)
      detail::fail<IndexError>(name, "best of row " + detail::str(i) + " is out of range", detail::str(b), "0 to " + detail::str(k - 1));
    flat.push_back(i * k + b);
  }
  const auto table = ops::reshape(scores, {n, k});
  const auto picked = ops::rows(ops::reshape(scores, {n * k}), flat);
  return ops::sum(ops::affine(ops::sub(ops::logsumexp(table), picked), detail_::mean_factor(name, best.size(), count), 0.0));
}

template <class T> BasicTensor<T> all_pairs_terms(const BasicTensor<T>& scores, std::span<const Ranking> rankings, double factor) {
  return detail_::ranking_terms("all_pairs_loss", scores, rankings, factor, false, detail_::all_pairs);
}

template <class T> BasicTensor<T> all_pairs_loss(const BasicTensor<T>& scores, std::span<const Ranking> rankings, std::optional<double> count) {
  const FpStateGuard guard;
  return ops::sum(all_pairs_terms(scores, rankings, detail_::mean_factor("all_pairs_loss", rankings.size(), count)));
}

template <class T> BasicTensor<T> all_pairs_loss(const BasicTensor<T>& scores, std::span<const std::int64_t> best_first) {
  const Ranking one = make_ranking(best_first);
  return all_pairs_loss(scores, std::span<const Ranking>(&one, 1));
}

}  // namespace reward

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
