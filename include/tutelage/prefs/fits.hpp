#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tutelage/prefs/comparison.hpp"
#include "tutelage/tensor/tensor.hpp"

TUTELAGE_BEGIN

namespace prefs {

/// Items in tiers, best first; what stands in one tier is tied.
struct ItemRanking {
  std::vector<std::vector<std::int64_t>> tiers;
  bool rest_unranked = false;  // the last tier is what nobody ranked: top-k, and best of n for k = 1
  double weight = 1.0;
};
/// Whether one item alone was called right.
struct ItemVerdict {
  std::int64_t item = 0;
  bool right = false;
  double weight = 1.0;
  double error_rate = 0.0;
};
/// All that was said of items 0 to n - 1.
struct ItemJudgements {
  std::vector<Comparison> comparisons;
  std::vector<ItemRanking> rankings;
  std::vector<ItemVerdict> verdicts;
};

struct ItemFitConfig {
  double l2 = 1.0;                        // of the strengths, and of the bar that verdicts compare with
  std::string ties = "half";              // half: as half a win each way; rao_kupper, davidson: with a parameter that is fitted
  double tie_l2 = 0.01;                   // of the log of that parameter, so that it is finite where all or none are ties
  std::string error_form = "mixture";     // what an error_rate e of a comparison or a verdict means, see fit_items
  std::string ranking = "plackett_luce";  // or all_pairs
  std::int64_t max_iterations = 200;
  double tolerance = 1e-9;  // largest change in the last step of Newton: what is left is its square
  /// @throws ConfigError
  void validate() const;
};

struct ItemFit {
  Tensor64 strengths;             // (n)
  Tensor64 standard_errors;       // (n): roots of the covariance's diagonal
  Tensor64 covariance;            // (n, n): the inverse of the objective's second derivative
  double tie = 0, tie_error = 0;  // theta of Rao-Kupper or nu of Davidson, and the standard error of its logarithm (of ln theta's for theta)
  double bar = 0, bar_error = 0;  // an item is right with chance sigma(strength - bar)
  std::int64_t iterations = 0;
  bool converged = false;
  double objective = 0;  // negative log-likelihood plus penalties, at the end
};

/// Strengths th of n items from what was said of them, with standard errors: the minimum, by Newton's method, of
///   sum weight * l + l2 / 2 (sum th^2 + bar^2) + tie_l2 / 2 psi^2
/// Of a comparison, D = th_winner - th_loser - margin, and l = p k(D) + (1 - p) k(-D) for a probability p. By error_form, where e is above 0:
///   mixture: k(x) = -log((1 - e) sigma(x) + e sigma(-x)): turned round with chance e      uniform: a coin with chance e, which is a mixture of e / 2
///   smoothing: -(1 - e) log sigma(x) - e log sigma(-x)                                    unbiased: (-(1 - e) log sigma(x) + e log sigma(-x)) / (1 -
///   2 e)
/// Where `ties` is rao_kupper (psi = ln ln theta) or davidson (psi = ln nu), a tie has its own probability, see reward::rao_kupper and davidson; then
/// p is 0 or 1 and e is 0. A ranking is Plackett-Luce's (a tie: the mean over the orders of its items, at most 12) or the mean of its pairs (a tie:
/// half each way). A verdict has D = th_item - bar. A mixture may have several minima: the one that Newton reaches from 0.
/// @throws IndexError; ConfigError; ValueError for a number out of range, an item twice in a ranking, more than 4096 items
/// Cost: O(judgements + n^3) a step; memory O(judgements + n^2). Source: Bradley, Terry 1952; Plackett 1975; Rao, Kupper 1967; Davidson 1970;
/// Natarajan et al. 2013 (unbiased). Checked by: test_fits.cpp; test_strengths_against_choix.py.
ItemFit fit_items(const ItemJudgements& said, std::int64_t n_items, const ItemFitConfig& config = {});

}  // namespace prefs

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/prefs/fits.ipp"
#endif
