#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "tutelage/base/progress.hpp"
#include "tutelage/reward/linear_reward.hpp"

TUTELAGE_BEGIN

namespace train {

/// A judgement of two rows of features, by number.
struct RowPair {
  std::int64_t chosen = 0, rejected = 0;
  double probability = 1.0;  // that the first is the better one
  double weight = 1.0;       // by who judged; 2: as if it were given twice
};

struct LinearRewardConfig {
  std::int64_t members = 1;  // the first sees every pair, each other one its own resample
  std::vector<double> l2{1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1, 3};  // of several, that with the least loss on held-out pairs
  double held_out_share = 0.2;                                                             // of pairs, to choose l2 by; then all are learned from
  bool scale_columns = false;        // as if each column had been divided by its standard deviation over rows
  std::int64_t max_iterations = 30;  // Newton steps
  double tolerance = 1e-4;           // of the gradient's norm, as a share of that at weights 0
  std::uint64_t seed = 0;
  void validate() const;  // @throws ConfigError
};

struct LinearRewardFit {
  reward::LinearReward model;
  double l2 = 0;                        // the chosen one
  std::vector<double> held_out_losses;  // of each candidate, nats a pair; empty where there was no choice
  bool converged = false;
};

/// Bradley-Terry on features that stay as they are, such as text_features of a frozen trunk or ngram_features: the minimum, of each member m, of
///   1 / sum_i w_i  sum_i w_i [p_i l(D_i) + (1 - p_i) l(-D_i)] + l2 / 2 |v|^2,   l(D) = log(1 + exp(-D)),  D_i = v . (x_chosen - x_rejected)
/// by Newton's method, its steps by conjugate gradients; all members go through the rows together. The held-out pairs share no row with the others as
/// far as they can: whole groups of pairs that hang together by their rows are held out.
/// @throws ShapeError, IndexError, ValueError for no pair, a row against itself or a number out of range; ConfigError. The same bits for any number
/// of threads. Cost: some hundred passes over the rows a candidate. Checked by: test_linear_reward.cpp.
LinearRewardFit fit_linear_reward(const reward::SparseRows& rows, std::span<const RowPair> pairs, const LinearRewardConfig& config = {},
                                  const RunOptions& run = {});

}  // namespace train

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/train/linear_reward.ipp"
#endif
