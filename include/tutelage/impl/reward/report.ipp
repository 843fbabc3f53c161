#pragma once
#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/reward/report.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace reward {

namespace detail_ {

inline double mean_of(const std::vector<double>& x) {
  return kernels::sum16_double(x.data(), static_cast<std::int64_t>(x.size())) / static_cast<double>(x.size());
}

/// The reliability at which answers, given with probabilities p, are likeliest. The log-posterior is concave in it: its slope falls.
inline AnnotatorReport reliability_of(std::int64_t annotator, const std::vector<double>& p) {
  const auto derivatives = [&](double eta) {
    double slope = 9.0 / eta - 1.0 / (1.0 - eta), curve = 9.0 / (eta * eta) + 1.0 / ((1.0 - eta) * (1.0 - eta));
    for (double q : p) {
      const double k = (2.0 * q - 1.0) / (eta * q + (1.0 - eta) * (1.0 - q));
      slope = slope + k;
      curve = std::fma(k, k, curve);
    }
    return std::pair{slope, curve};
  };
  double low = 0, high = 1;
  for (int k = 0; k < 60; ++k) {
    const double middle = 0.5 * (low + high);
    (derivatives(middle).first > 0 ? low : high) = middle;
  }
  const double eta = 0.5 * (low + high);
  return {annotator, static_cast<std::int64_t>(p.size()), eta, 1.0 / std::sqrt(derivatives(eta).second)};
}

}  // namespace detail_

TUTELAGE_INLINE RewardReport reward_report(std::span<const double> probabilities, std::span<const double> outcomes,
                                           std::span<const std::int64_t> first_lengths, std::span<const std::int64_t> second_lengths,
                                           std::span<const std::int64_t> annotators, std::int64_t bins) {
  const FpStateGuard guard;
  const char* name = "reward_report";
  RewardReport report;
  report.by_confidence = accuracy_by_confidence(probabilities, outcomes, bins);  // checks both
  report.calibration_error = expected_calibration_error(probabilities, outcomes, bins);
  const std::size_t n = probabilities.size();
  report.judgements = static_cast<std::int64_t>(n);
  if (first_lengths.size() != second_lengths.size() || (!first_lengths.empty() && first_lengths.size() != n))
    detail::fail<ShapeError>(name, "not two lengths a judgement", detail::str(first_lengths.size()) + " and " + detail::str(second_lengths.size()),
                             detail::str(n) + " twice, or none");
  if (!annotators.empty() && annotators.size() != n)
    detail::fail<ShapeError>(name, "not one annotator a judgement", detail::str(annotators.size()), detail::str(n) + ", or none");
  std::vector<double> right, loss, longer;
  std::map<std::int64_t, std::vector<double>> by;
  for (std::size_t i = 0; i < n; ++i) {
    const double p = probabilities[i], y = outcomes[i], inside = std::clamp(p, 1e-12, 1.0 - 1e-12);
    right.push_back(p > 0.5 ? y : p < 0.5 ? 1.0 - y : 0.5);
    loss.push_back(-(y * math::log(inside)) - (1.0 - y) * math::log(1.0 - inside));
    if (!first_lengths.empty()) longer.push_back(first_lengths[i] > second_lengths[i] ? y : first_lengths[i] < second_lengths[i] ? 1.0 - y : 0.5);
    if (annotators.empty()) continue;
    if (annotators[i] < 0) detail::fail<IndexError>(name, "annotator is out of range", detail::str(annotators[i]), "0 or more");
    auto& own = by[annotators[i]];
    if (y != 0.5) own.push_back(y > 0.5 ? inside : 1.0 - inside);
  }
  report.accuracy = detail_::mean_of(right);
  report.loss = detail_::mean_of(loss);
  if (!longer.empty()) report.length_rule = detail_::mean_of(longer);
  for (const auto& [annotator, p] : by) report.annotators.push_back(detail_::reliability_of(annotator, p));
  return report;
}

}  // namespace reward

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
