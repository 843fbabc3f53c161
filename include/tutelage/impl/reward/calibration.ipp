#pragma once
#include <algorithm>
#include <cmath>

#include "tutelage/base/parallel.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/reward/calibration.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace reward {

TUTELAGE_INLINE Calibration calibration(std::span<const double> scores) {
  const FpStateGuard guard;
  if (scores.empty()) detail::fail<ValueError>("calibration", "nothing to calibrate with", "no score", "at least one");
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (!std::isfinite(scores[i]))
      detail::fail<ValueError>("calibration", "score " + detail::str(i) + " is not finite", detail::str(scores[i]), "a finite number");
  const auto n = static_cast<std::int64_t>(scores.size());
  const double mean = kernels::sum16_double(scores.data(), n) / static_cast<double>(n);
  std::vector<double> centred;
  for (double s : scores) centred.push_back(s - mean);
  const double variance = kernels::sum16_square(centred.data(), n) / static_cast<double>(n);
  const bool equal = std::all_of(scores.begin(), scores.end(), [&](double s) { return s == scores[0]; });  // rounding of the mean is no spread
  const double gain = equal || !(variance > 0) ? 1.0 : 1.0 / std::sqrt(variance);
  return {gain, -mean * gain};
}

TUTELAGE_INLINE std::vector<ConfidenceBin> accuracy_by_confidence(std::span<const double> probabilities, std::span<const double> outcomes,
                                                                  std::int64_t bins) {
  const FpStateGuard guard;
  const char* name = "accuracy_by_confidence";
  if (probabilities.size() != outcomes.size())
    detail::fail<ShapeError>(name, "not one outcome a probability", detail::str(outcomes.size()), detail::str(probabilities.size()));
  if (probabilities.empty()) detail::fail<ValueError>(name, "nothing to count", "no prediction", "at least one");
  if (bins < 1) detail::fail<ValueError>(name, "bins is out of range", detail::str(bins), "1 or more");
  std::vector<std::vector<double>> confidence(static_cast<std::size_t>(bins)), right(static_cast<std::size_t>(bins));
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    const double p = probabilities[i], y = outcomes[i];
    if (!(p >= 0 && p <= 1)) detail::fail<ValueError>(name, "probability " + detail::str(i) + " is out of range", detail::str(p), "0 to 1");
    if (!(y >= 0 && y <= 1)) detail::fail<ValueError>(name, "outcome " + detail::str(i) + " is out of range", detail::str(y), "1, 0 or 0.5");
    const double c = std::max(p, 1.0 - p), scaled = c * static_cast<double>(bins);
    auto bin = static_cast<std::int64_t>(scaled);
    if (static_cast<double>(bin) == scaled) --bin;  // (low, high]
    const auto b = static_cast<std::size_t>(std::clamp<std::int64_t>(bin, 0, bins - 1));
    confidence[b].push_back(c);
    right[b].push_back(p > 0.5 ? y : p < 0.5 ? 1.0 - y : 0.5);
  }
  std::vector<ConfidenceBin> out;
  for (std::size_t b = 0; b < confidence.size(); ++b) {
    const auto n = static_cast<std::int64_t>(confidence[b].size());
    ConfidenceBin bin{static_cast<double>(b) / static_cast<double>(bins), static_cast<double>(b + 1) / static_cast<double>(bins), n};
    if (n > 0) {
      bin.confidence = kernels::sum16_double(confidence[b].data(), n) / static_cast<double>(n);
      bin.accuracy = kernels::sum16_double(right[b].data(), n) / static_cast<double>(n);
    }
    out.push_back(bin);
  }
  return out;
}

TUTELAGE_INLINE double expected_calibration_error(std::span<const double> probabilities, std::span<const double> outcomes, std::int64_t bins) {
  const FpStateGuard guard;
  double error = 0;
  for (const auto& b : accuracy_by_confidence(probabilities, outcomes, bins)) {
    const double gap = b.accuracy - b.confidence;
    error = error + (gap < 0 ? -gap : gap) * (static_cast<double>(b.count) / static_cast<double>(probabilities.size()));
  }
  return error;
}

TUTELAGE_INLINE double elo(double delta) { return delta * 173.71779276130073; }

}  // namespace reward

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
