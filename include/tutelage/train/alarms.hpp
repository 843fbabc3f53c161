#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tutelage/prefs/champion.hpp"

TUTELAGE_BEGIN

namespace train {

/// When to doubt that a learned reward still says what people want. The defaults are set so that a sound run hardly ever rings.
struct AlarmConfig {
  double significance = 4.5;       // standard errors by which the learned reward counts as risen, and held-out accuracy as fallen
  double disagreement = 2.0;       // times the members' spread at the start
  double same_answer = 0.5;        // share of different prompts that get one and the same answer; at the start it was less than half of that
  std::int64_t least_prompts = 8;  // different ones, for same_answer
  std::int64_t calibration = 48;   // judgements with a claim by which the learned reward is put on the judges' scale, before it is doubted
  double claim_evidence = 1e3;     // odds at which a claim is given up, see Alarms
  prefs::ChampionTestConfig duel{.alpha = 0.01, .give_up = 0.003, .error_rate = 0.1, .max_judgements = 1000};
  void validate() const;  // @throws ConfigError
};

struct Alarm {
  std::string kind;            // duel, claim, accuracy, disagreement or same_answer
  std::int64_t iteration = 0;  // from 0
  double value = 0, limit = 0;
  std::string message;  // what was seen, in a sentence
};

/// What one iteration of a loop shows: its answers and what the learned reward says of them.
struct AlarmInput {
  std::span<const double> scores;                                 // one an answer
  std::span<const std::vector<double>> member_scores;             // members x answers; may be empty
  std::span<const std::vector<std::int32_t>> prompts, responses;  // may be empty
};

/// Watches a loop that follows a learned reward. Nothing here knows the true one; each sign is one that people or the members give:
///   duel:          the learned reward has risen since the duel began, and judges find the policy worse than the champion (ChampionTest gives him up)
///   claim:         judges find the policy nothing like as much better than the champion as the learned reward says. With d its difference of two
///                  answers, s fitted to the first judgements, e the error rate: q = (1 - e) sigma(s d) + e sigma(-s d) is what it claims for the
///                  answer that won. Rings where the sum of log(1/2) - log(1/2 + (q - 1/2) / 2), never below 0 (Page's test), reaches log
///                  claim_evidence: that no claim is true is then so much likelier than that half of each is
///   accuracy:      the learned reward has risen, and it orders new judgements worse than the first ones it was tried on (a test of two shares)
///   disagreement:  the spread of the members' scores (standard deviation, mean over answers) is `disagreement` times that of the first iteration
///   same_answer:   one answer goes to most of the different prompts
/// Each kind rings once. Checked by: test_alarms.cpp; how early and how often wrongly: benchmarks/alarms.
class Alarms {
 public:
  /// `seed` draws which side the challenger is shown on. @throws ConfigError
  explicit Alarms(AlarmConfig config = {}, std::uint64_t seed = 0);
  /// The alarms of this iteration. The first iteration is what later ones are compared with. @throws ShapeError, ValueError
  std::vector<Alarm> observe(const AlarmInput& seen);
  /// Whether the policy's answer is to be shown before the champion's in the next question of the duel.
  bool challenger_first() const { return duel_.challenger_first(); }
  /// The answer to it, kA for what was shown first; `claim`: the learned reward of the policy's answer minus that of the champion's. kReplace: the
  /// policy of now is the champion from here on, and a new duel begins. @throws ValueError
  prefs::ChampionVerdict judged(prefs::Kind answer, std::optional<double> claim = {}, std::optional<double> error_rate = {});
  /// Judgements that the learned reward was not fitted to and that it orders rightly (ties count half), out of `total`. The first call is what later
  /// ones are compared with; of those each counts half as much as the next. @throws ValueError
  void held_out(double right, std::int64_t total);
  std::int64_t iterations() const { return iteration_; }

 private:
  struct Mean {
    double mean = 0, variance = 0;  // of the mean
  };
  static Mean mean_of(std::span<const double> values);
  double rise(const Mean& since) const;               // in standard errors
  void weigh_claim(double claim, double error_rate);  // of the answer that won over the other
  void ring(std::vector<Alarm>& to, const char* kind, double value, double limit, const std::string& message);

  AlarmConfig config_;
  std::uint64_t seed_;
  std::uint32_t duels_ = 0;
  prefs::ChampionTest duel_;
  std::int64_t lost_after_ = 0;                    // judgements of the duel that the policy lost; 0: none
  std::vector<std::pair<double, double>> claims_;  // of the first judgements, with the error rate of who judged
  double scale_ = 0, doubt_ = 0;                   // 0: not known yet
  Mean first_, duel_start_, now_;
  double first_spread_ = 0, first_same_ = 0;
  double first_right_ = 0, first_total_ = 0, right_ = 0, total_ = 0;
  std::int64_t iteration_ = 0;
  std::vector<std::string> rung_;
};

}  // namespace train

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/train/alarms.ipp"
#endif
