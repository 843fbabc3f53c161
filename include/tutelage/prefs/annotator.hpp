#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "tutelage/prefs/judgement.hpp"

TUTELAGE_BEGIN

namespace prefs {

struct SimulatedAnnotatorConfig {
  double beta = 1.0;                 // P(first) = sigma(beta (R_1 - R_2)); 0 or less: always the higher
  double error_rate = 0.0;           // chance that a choice is turned round at the end
  std::optional<double> skip_below;  // skips where both returns are below it; after scale_to in standard deviations from the mean
  double equal_within = 0.0;         // a tie where returns differ by less; after scale_to in standard deviations
  double gamma = 1.0;                // short sight: R = sum over t = 1..H of gamma^(H - t) r_t
  bool per_step = false;             // R divided by the sum of its weights, for segments of unequal length
  double position_bias = 0.0;        // chance of taking what is shown first without looking
  double drift = 0.0;                // added to error_rate with each answer given
  std::string behaviour = "honest";  // honest; contrary: prefers the lower; random: a coin, never a tie or skip
  /// @throws ConfigError
  void validate() const;
};

/// A person made of a formula, in B-Pref's order: skip, tie, short sight, rational choice, mistake; then the biases named in the config.
/// An answer depends on (seed, item, step) and its question alone, so that any order of asking gives the same answers.
/// Differs from the paper: thresholds may be in standard deviations of returns, so that negative returns work.
/// Source: Lee et al., "B-Pref" (arXiv 2111.03026), algorithm 1. Checked by: test_annotator.cpp.
class SimulatedAnnotator {
 public:
  SimulatedAnnotator(SimulatedAnnotatorConfig config, std::uint64_t seed);
  /// Thresholds count from now on in standard deviations of these returns, from their mean. @throws ValueError for none, or where all are equal
  void scale_to(std::span<const double> returns);
  /// The return that it sees in a segment's rewards. @throws ValueError for an empty segment or a reward that is not finite
  double seen_return(std::span<const double> rewards) const;
  /// Of two segments' rewards, or two numbers: kA for the first, kB, kTie or kSkip. `item`: the question's number in the data; `step`: how
  /// many answers were given before. @throws ValueError; segments of unequal length need per_step
  Kind answer(std::span<const double> first, std::span<const double> second, std::uint32_t item, std::uint32_t step = 0) const;
  Kind answer(double first, double second, std::uint32_t item, std::uint32_t step = 0) const;
  /// The same as a record: what `question` says, and the kind. returns: one an answer. Two answers: answer() of what was shown first and second. One:
  /// right where answer() prefers it to the centre (0 before scale_to). More: a ranking drawn from Plackett-Luce with strengths beta * return (contrary:
  /// -beta), without ties; a mistake is a random order. @throws ShapeError for another number of returns; ValueError
  Judgement judge(Judgement question, std::span<const double> returns, std::uint32_t item, std::uint32_t step = 0) const;
  const SimulatedAnnotatorConfig& config() const { return config_; }

 private:
  SimulatedAnnotatorConfig config_;
  std::uint64_t seed_;
  double centre_ = 0.0, spread_ = 1.0;
};

/// The beta with which a share `right` of answers to questions with these return differences is right (differences of 0 half the time), given
/// mistakes at error_rate. @throws ValueError where no beta reaches it
double calibrate_beta(std::span<const double> differences, double right, double error_rate = 0.0);

}  // namespace prefs

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/prefs/annotator.ipp"
#endif
