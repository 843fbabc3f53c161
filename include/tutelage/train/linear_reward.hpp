#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tutelage/base/progress.hpp"
#include "tutelage/reward/linear_reward.hpp"
#include "tutelage/train/choice.hpp"

TUTELAGE_BEGIN

namespace train {

struct LinearRewardConfig {
  std::int64_t members = 1;           // the first is the minimum; how each other one differs from it:
  std::string ensemble = "resample";  // fitted to its own resample of the choices, or "posterior": drawn from N(minimum, covariance), for few columns
  /// Inverse variance of the prior N(0, 1 / l2) of a weight; of several, that with the least loss on held-out choices.
  std::vector<double> l2{0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10000, 30000};
  double held_out_share = 0.2;       // of choices, to choose l2 by; then all are learned from
  bool scale_columns = false;        // as if each column had been divided by its standard deviation over rows
  std::int64_t max_iterations = 30;  // Newton steps
  double tolerance = 1e-4;           // of the gradient's norm, as a share of that at weights 0
  std::uint64_t seed = 0;
  void validate() const;  // @throws ConfigError
};

struct LinearRewardFit {
  reward::LinearReward model;
  Tensor64 covariance;                  // (C, C) of an ensemble "posterior": the inverse of the expected second derivative at the minimum (Laplace)
  double l2 = 0;                        // the chosen one
  std::vector<double> held_out_losses;  // of each candidate, nats a choice; empty where there was only one
  bool converged = false;
};

/// Bradley-Terry on features that stay as they are: given ones, text_features of a frozen trunk, ngram_features. The minimum of
///   -sum_i w_i [p_i log q_i + (1 - p_i) log(1 - q_i)] + l2 / 2 |v|^2,   q = (1 - e) sigma(D) + e sigma(-D),  D_i = v . (x_first - x_second)
/// with e_i the choice's error rate, by Newton's method with the expected second derivative, its steps by conjugate gradients; all members go through
/// the rows together. Without errors it is the only minimum. While l2 is chosen it shrinks with the choices that are left to learn from, and those
/// held out share no row with them as far as they can: whole groups of choices that hang together by their rows are held out. No choice gives the
/// prior. @throws ShapeError, IndexError, ConfigError; ValueError for a row against itself, a number out of range, too few choices to choose l2 by,
/// or a posterior of more than 4096 columns. The same bits for any number of threads. Cost: some hundred passes over the rows a candidate; of a
/// posterior O(N C^2 + C^3). Checked by: test_linear_reward.cpp.
LinearRewardFit fit_linear_reward(const reward::SparseRows& rows, std::span<const Choice> choices, const LinearRewardConfig& config = {},
                                  const RunOptions& run = {});

}  // namespace train

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/train/linear_reward.ipp"
#endif
