#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "tutelage/config.hpp"

TUTELAGE_BEGIN

namespace reward {

/// score = gain * raw + bias.
struct Calibration {
  double gain = 1.0, bias = 0.0;
};
/// The gain and bias that give `scores`, samples of the reference policy, mean 0 and variance 1 (ddof 0); gain 1 where they are all equal.
/// @throws ValueError for no score or one that is not finite
Calibration calibration(std::span<const double> scores);

/// Predictions whose confidence is in (low, high]; confidence and accuracy are means, 0 where count is 0.
struct ConfidenceBin {
  double low = 0, high = 0;
  std::int64_t count = 0;
  double confidence = 0, accuracy = 0;
};
/// How often predictions of each confidence are right. probabilities: that the first is better; outcomes: 1 it was, 0 it was not, 0.5 a tie.
/// Confidence is max(p, 1 - p); p = 0.5 is right half the time. `bins` of equal width over 0 to 1, the lower half stays empty.
/// Give it judgements that the model was not fitted to. @throws ShapeError, ValueError. Source: arXiv 1706.04599. Checked by: test_calibration.cpp.
std::vector<ConfidenceBin> accuracy_by_confidence(std::span<const double> probabilities, std::span<const double> outcomes, std::int64_t bins = 10);
/// Mean over predictions of |accuracy - confidence| of their bin.
double expected_calibration_error(std::span<const double> probabilities, std::span<const double> outcomes, std::int64_t bins = 10);

/// A difference of rewards in Elo points: 400 / ln 10 = 173.7178 times D.
double elo(double delta);

}  // namespace reward

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/reward/calibration.ipp"
#endif
