#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tutelage/tensor/tensor.hpp"

TUTELAGE_BEGIN

namespace reward {

/// A ranking of items, best first; a tier of several items is a tie.
using Ranking = std::vector<std::vector<std::int64_t>>;
/// Without ties: item ids, best first.
Ranking make_ranking(std::span<const std::int64_t> best_first);

/// Plackett-Luce negative log-likelihood, one term a ranking times `factor`: (R), differentiable by scores (n), which rankings index.
///   -sum_k [r_(k) - logsumexp(r_(k..K))]
/// A tie counts as the mean over all orders of its items, computed exactly; a tier holds at most 16. Cost: O(K^2), a tier of t: O(2^t K).
/// @throws ShapeError; IndexError for an unknown item; ValueError for one ranked twice, fewer than two items or a tier too large.
/// Source: Plackett 1975; Luce 1959. Checked by: test_ranking.cpp.
/// rest_unranked: the last tier of each is what nobody ranked (top-k; best of n for one above the rest); it may be of any size.
template <class T>
BasicTensor<T> plackett_luce_terms(const BasicTensor<T>& scores, std::span<const Ranking> rankings, double factor, bool rest_unranked = false);
/// Their mean over rankings, or their sum over `count`, a scalar in nats.
template <class T>
BasicTensor<T> plackett_luce_loss(const BasicTensor<T>& scores, std::span<const Ranking> rankings, std::optional<double> count = {},
                                  bool rest_unranked = false);
/// Of one ranking without ties: item ids, best first.
template <class T> BasicTensor<T> plackett_luce_loss(const BasicTensor<T>& scores, std::span<const std::int64_t> best_first);

/// -log softmax(scores)[best]: the first stage of Plackett-Luce. scores (K) and one id, or (N, K) and N ids: the mean, or the sum over
/// `count`. @throws ShapeError, IndexError. Checked by: test_ranking.cpp.
template <class T> BasicTensor<T> best_of_n_loss(const BasicTensor<T>& scores, std::span<const std::int64_t> best, std::optional<double> count = {});

/// Mean of -log sigma(r_a - r_b) over the K (K - 1) / 2 pairs of each ranking, a above b, one term a ranking times `factor`: (R). A tied pair
/// counts half each way. @throws as plackett_luce_terms. Source: arXiv 2203.02155, eq. 1. Checked by: test_ranking.cpp.
template <class T> BasicTensor<T> all_pairs_terms(const BasicTensor<T>& scores, std::span<const Ranking> rankings, double factor);
template <class T> BasicTensor<T> all_pairs_loss(const BasicTensor<T>& scores, std::span<const Ranking> rankings, std::optional<double> count = {});
template <class T> BasicTensor<T> all_pairs_loss(const BasicTensor<T>& scores, std::span<const std::int64_t> best_first);

}  // namespace reward

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/reward/ranking.ipp"
#endif
