#pragma once
#include <cstdint>
#include <span>

#include "tutelage/tensor/tensor.hpp"

TUTELAGE_BEGIN

namespace reward {

/// A reward that is linear in given features, and how sure it is.
struct LinearReward {
  Tensor64 weights;     // (C)
  Tensor64 covariance;  // (C, C): the inverse of the objective's second derivative at the optimum (Laplace)
  std::int64_t iterations = 0;
  Tensor64 score(const Tensor64& features) const;                  // (N, C) -> (N). @throws ShapeError
  Tensor64 members(std::int64_t count, std::uint64_t seed) const;  // weights drawn from N(weights, covariance): (count, C)
  /// What drawn members say of each item: features (N, C) -> (count, N), for acquisition functions. @throws ShapeError, ValueError
  Tensor64 member_scores(const Tensor64& features, std::int64_t count, std::uint64_t seed) const;
};

/// Bradley-Terry on given features: argmin -sum w (p log q(d) + (1 - p) log(1 - q(d))) + l2 / 2 |theta|^2, d = theta . (first - second),
/// q(d) = (1 - e) sigma(d) + e sigma(-d) with e each judgement's error rate. By Newton's method with the expected second derivative, steps halved
/// until the objective falls; without errors the objective is convex and the optimum the only one. first, second (N, C): the features of both;
/// probability (N) that the first is better, default 1; weight (N), default 1; error_rate (N), 0 to below 0.5, default 0. l2 is the inverse variance
/// of the prior N(0, 1 / l2), more than 0. No judgement gives the prior.
/// @throws ShapeError, ValueError. Cost: O(N C^2 + C^3) a step. Checked by: test_linear_reward.cpp.
LinearReward fit_linear_reward(const Tensor64& first, const Tensor64& second, const Tensor64& probability = {}, const Tensor64& weight = {},
                               const Tensor64& error_rate = {}, double l2 = 1.0);

}  // namespace reward

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/reward/linear_reward.ipp"
#endif
