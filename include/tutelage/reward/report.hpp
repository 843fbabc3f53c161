#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tutelage/reward/calibration.hpp"

TUTELAGE_BEGIN

namespace reward {

/// How far one annotator's answers go with a model's probabilities.
struct AnnotatorReport {
  std::int64_t annotator = 0, judgements = 0;  // ties left out
  double reliability = 0;                      // eta, the chance that an answer is honest: P(answer) = eta p + (1 - eta) (1 - p), prior Beta(10, 2)
  double standard_error = 0;                   // from the curvature at it
};

/// What a reward model is worth on judgements that it was not fitted to.
struct RewardReport {
  std::int64_t judgements = 0;
  double accuracy = 0;           // share where the more probable one was preferred; p = 0.5 and ties count half
  double loss = 0;               // mean of -y log p - (1 - y) log(1 - p), nats
  double calibration_error = 0;  // see expected_calibration_error
  std::vector<ConfidenceBin> by_confidence;
  std::optional<double> length_rule;        // accuracy of "the longer one"; equal lengths count half
  std::vector<AnnotatorReport> annotators;  // by rising number
};

/// probabilities: that the first is better; outcomes: 1 it was preferred, 0 it was not, 0.5 a tie. Lengths of both and who judged, numbers from 0,
/// may be empty. A probability of 0 or 1 is taken as 1e-12 from it in the loss. @throws ShapeError, IndexError, ValueError. Checked by:
/// test_report.cpp.
RewardReport reward_report(std::span<const double> probabilities, std::span<const double> outcomes, std::span<const std::int64_t> first_lengths = {},
                           std::span<const std::int64_t> second_lengths = {}, std::span<const std::int64_t> annotators = {}, std::int64_t bins = 10);

}  // namespace reward

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/reward/report.ipp"
#endif
