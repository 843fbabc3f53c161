#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tutelage/tensor/tensor.hpp"

TUTELAGE_BEGIN

namespace prefs {

/// How much each of N questions is worth asking, by an ensemble of M members: (N), the larger the better.
/// members: (M, N) probabilities that the first answer is better, or (M, N, 2) rewards of both, where p = sigma(R1 - R2). Means and variances
/// (ddof 0) are over members; H is the binary entropy in bits; v is the share of members with p above 0.5 (0.5 counts half).
///   vote_variance: v (1 - v)                      probability_variance: var p           logit_variance: var(R1 - R2), or of logit p
///   entropy: H(mean p)                            mutual_information: H(mean p) - mean H(p), never negative
///   expected_volume_removal: 1 - m^2 - (1 - m)^2, m = mean p
///   thompson: p of one member, drawn once by (seed, step)
///   eubo: mu1 Phi(z) + mu2 Phi(-z) + s phi(z), z = (mu1 - mu2) / s, s^2 = var(R1 - R2): needs rewards; pose the best so far as second
/// A question whose answer is known, or of two equal answers, scores 0 under mutual_information; two sure and opposed members make 1 bit.
/// @throws ShapeError, ConfigError for an unknown name, ValueError for a probability out of range. Cost: O(MN).
/// Source: mutual information: Houlsby et al. 2011; volume removal: Sadigh et al. 2017; eubo: Lin et al. 2022. Checked by: test_acquisition.cpp.
template <class T> BasicTensor<T> acquisition(const std::string& name, const BasicTensor<T>& members, std::uint64_t seed = 0, std::uint32_t step = 0);

/// `size` different questions: the best by score (equal scores by index), and a random_share of them, rounded, at random from the rest.
/// Order: the best first, then the random ones. @throws ValueError for more than there are or a score that is NaN. Checked by: test_acquisition.cpp.
std::vector<std::int64_t> top_batch(std::span<const double> scores, std::int64_t size, double random_share = 0.1, std::uint64_t seed = 0,
                                    std::uint32_t step = 0);

/// `size` questions that cover the space: the best by score, then always the one farthest (Euclid) from all chosen; features (N, C).
/// random_share as in top_batch. Cost: O(size N C). Source: Gonzalez 1985. @throws ShapeError, ValueError
template <class T>
std::vector<std::int64_t> k_center_batch(const BasicTensor<T>& features, std::span<const double> scores, std::int64_t size, double random_share = 0.1,
                                         std::uint64_t seed = 0, std::uint32_t step = 0);

/// `size` questions that are good and unlike each other: the greedy mode of the determinantal process with kernel
///   L_ij = sqrt(score_i score_j) exp(-|x_i - x_j|^2 / (2 width^2)): each next one raises det L of the chosen the most.
/// features (N, C); scores 0 or more. What adds nothing follows by score. random_share as in top_batch. Cost: O(size N (size + C)).
/// Source: Kulesza, Taskar 2012; greedy: Chen et al. 2018 (arXiv 1709.05135). @throws ShapeError, ValueError. Checked by: test_formulas.py.
template <class T>
std::vector<std::int64_t> determinantal_batch(const BasicTensor<T>& features, std::span<const double> scores, std::int64_t size, double width = 1.0,
                                              double random_share = 0.1, std::uint64_t seed = 0, std::uint32_t step = 0);

}  // namespace prefs

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/prefs/acquisition.ipp"
#endif
