#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "tutelage/prefs/judgement.hpp"

TUTELAGE_BEGIN

namespace prefs {

/// Where something was read out of: judgements[judgement].answers[answer], -1 the correction's words. Trajectories are found by it.
struct Origin {
  std::size_t judgement = 0;
  std::int64_t answer = 0;
};
struct Demonstration {
  std::string prompt, answer;
  double weight = 1.0;
  Origin origin{};
};
struct Preference {
  std::string prompt, chosen, rejected;
  double probability = 1.0;  // that chosen is better; 0.5: a tie
  double margin = 0.0;       // by which chosen is better
  double weight = 1.0;
  double error_rate = 0.0;  // the chance that it is turned round
  Origin chosen_origin{}, rejected_origin{};
};
struct Verdict {
  std::string prompt, answer;
  bool right = false;
  double weight = 1.0;
  double error_rate = 0.0;
  Origin origin{};
};
/// K answers in tiers, best first; what stands in one tier is tied.
struct RankedAnswers {
  std::string prompt;
  std::vector<std::vector<std::int64_t>> tiers;
  double weight = 1.0;
  std::size_t judgement = 0;
};

struct TrainingDataConfig {
  double demonstration_weight = 1.0;     // of a correction's words, as an example to follow
  double correction_weight = 1.0;        // of the pair correction > original; 1: counts as any other pair
  std::string strength = "ignore";       // how much better: ignore, margin (margin_step a step), or soft (a probability)
  double margin_step = 0.5;              // margin = margin_step * strength
  double soft_step = 1.0;                // probability = sigma(soft_step * strength)
  std::map<std::string, double> reliability{};  // of each annotator, by fit_annotators; who is not named counts fully
  std::string reliability_as = "weight";  // weight: (2 eta - 1)^2, of a coin 0; error_rate: 1 - eta. Who is below one half is left out
  /// @throws ConfigError
  void validate() const;
};

/// What training reads out of judgements:
///   a, b         a pair                                     tie    a pair with probability 0.5
///   right, wrong a verdict                                  both bad    a verdict on each
///   correction   a demonstration, a pair (corrected > original), and a verdict on each of the two
///   ranking      `rankings` for Plackett-Luce; and its pairs, each of weight 2 / K, so that K answers count as K - 1 pairs. Use one of the two
///   skip, cannot judge, comment: nothing
/// A pair's weight is Fisher's information on the difference in an answer that is honest with chance eta, against one that always is.
/// @throws ConfigError, ValueError for a judgement that is not valid. Checked by: test_training_data.cpp.
struct TrainingData {
  std::vector<Demonstration> demonstrations;
  std::vector<Preference> preferences;
  std::vector<Verdict> verdicts;
  std::vector<RankedAnswers> rankings;
};
TrainingData training_data(std::span<const Judgement> judgements, const TrainingDataConfig& config = {});

}  // namespace prefs

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/prefs/training_data.ipp"
#endif
