#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "tutelage/prefs/judgement.hpp"

TUTELAGE_BEGIN

namespace prefs {

struct ChampionTestConfig {
  double alpha = 0.05;                // chance, at most, to replace a champion who is no worse
  double give_up = 0.05;              // chance, at most, to send away a challenger who is no worse
  double error_rate = 0.1;            // share of judgements that are turned round by mistake
  std::int64_t max_judgements = 200;  // then the champion stays
  /// @throws ConfigError
  void validate() const;
};

enum class ChampionVerdict { kUndecided, kReplace, kKeep };

/// A challenger against the best so far, judged one pair at a time; it may be looked at after each, the error bounds hold all the same.
/// With p the share of honest judgements for the challenger and e the error rate, a judgement is for him with chance q = (1 - e) p + e (1 - p).
///   evidence = mean over p_k = 1/2 + s_k / 2, s_k = (k + 1/2) / 16, k = 0..15, of prod (2 q_k where he won, 2 (1 - q_k) where he lost)
/// weighted by s^3 (1 - s)^2: challengers who are better at all mostly win 65 to 90 %.
/// Replaced where evidence reaches 1 / alpha: where p is at most 1/2 it has a mean of at most 1, so that this happens with chance alpha at
/// most (Ville's inequality), also where the true error rate is another one below 1/2. The mirrored evidence sends him away. A tie and a
/// skip are no evidence; a tie counts as a judgement.
/// Source: Ville 1939; mixtures: Robbins 1970. Checked by: test_champion.cpp.
class ChampionTest {
 public:
  /// @throws ConfigError
  ChampionTest(ChampionTestConfig config, std::uint64_t seed);
  /// Whether the challenger is to be shown first in the next question: a fair coin by (seed, its number).
  bool challenger_first() const;
  /// The answer to that question, kA for what was shown first; `error_rate` of who gave it, default the config's.
  /// @throws StateError after the verdict; ValueError for another kind, or an error rate outside 0 to below 0.5
  ChampionVerdict add(Kind answer, std::optional<double> error_rate = {});
  ChampionVerdict verdict() const { return verdict_; }
  double evidence() const;                                 // for the challenger
  std::int64_t judgements() const { return judgements_; }  // skips left out
  const ChampionTestConfig& config() const { return config_; }

 private:
  ChampionTestConfig config_;
  std::uint64_t seed_;
  std::array<double, 16> for_{}, against_{};  // logs of the products
  std::int64_t asked_ = 0, judgements_ = 0;
  ChampionVerdict verdict_ = ChampionVerdict::kUndecided;
};

}  // namespace prefs

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/prefs/champion.ipp"
#endif
