#include <algorithm>
#include <cmath>

#include "../catch.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/prefs/champion.hpp"

using namespace tutelage;
using prefs::ChampionTest;
using prefs::ChampionVerdict;
using prefs::Kind;

namespace {

Kind for_challenger(const ChampionTest& test, bool won) { return test.challenger_first() == won ? Kind::kA : Kind::kB; }

/// Share of tests that end with a replacement where a share p of honest judgements is for the challenger.
double replaced(double p, const prefs::ChampionTestConfig& config, double true_error, double& judgements) {
  const int runs = 4000;
  int count = 0;
  judgements = 0;
  for (int run = 0; run < runs; ++run) {
    ChampionTest test(config, static_cast<std::uint64_t>(run));
    Rng rng(77, Purpose::kUser, static_cast<std::uint32_t>(run));
    while (test.verdict() == ChampionVerdict::kUndecided) {
      const bool honest = rng.uniform() < p, mistake = rng.uniform() < true_error;
      test.add(for_challenger(test, honest != mistake));
    }
    count += test.verdict() == ChampionVerdict::kReplace;
    judgements += static_cast<double>(test.judgements()) / runs;
  }
  return static_cast<double>(count) / runs;
}

}  // namespace

TEST_CASE("a champion who is no worse is replaced with chance alpha at most") {
  prefs::ChampionTestConfig config;
  config.alpha = 0.1;
  config.max_judgements = 300;
  double n = 0;
  const double equal = replaced(0.5, config, 0.1, n), other_error = replaced(0.5, config, 0.4, n), worse = replaced(0.35, config, 0.1, n);
  CHECK(equal <= 0.1);
  CHECK(equal > 0.02);  // not bought by never replacing
  CHECK(other_error <= 0.1);
  CHECK(worse < 0.02);
  CHECK(replaced(0.9, config, 0.1, n) > 0.97);
  CHECK(n < 30);
}

TEST_CASE("with annotators who are wrong one time in five, a better challenger is accepted within 60 questions") {
  prefs::ChampionTestConfig config;
  config.error_rate = 0.2;
  double n = 0;
  CHECK(replaced(0.5, config, 0.2, n) <= 0.05);
  config.max_judgements = 60;
  CHECK(replaced(0.5, config, 0.2, n) <= 0.05);
  // He wins 70 % of the answers: 5/6 of them before mistakes. (70 % before mistakes are 62 % after, and of 60 such answers no test at alpha 0.05,
  // sequential or not, can accept more than 60 %: Neyman, Pearson.)
  CHECK(replaced(5.0 / 6.0, config, 0.2, n) >= 0.8);
  CHECK(replaced(0.7, config, 0.2, n) >= 0.35);
}

TEST_CASE("evidence follows its formula, and knows who answered") {
  ChampionTest test({}, 5);
  double want[16];
  std::fill(want, want + 16, 1.0);
  int shown_first = 0;
  const bool won[] = {true, true, false, true};
  const double errors[] = {0.1, 0.3, 0.0, 0.1};
  for (int i = 0; i < 4; ++i) {
    shown_first += test.challenger_first();
    test.add(for_challenger(test, won[i]), errors[i]);
    double mean = 0, weights = 0;
    for (int k = 0; k < 16; ++k) {
      const double s = (k + 0.5) / 16, weight = s * s * s * (1 - s) * (1 - s), p = 0.5 + s / 2, q = (1 - errors[i]) * p + errors[i] * (1 - p);
      want[k] *= won[i] ? 2 * q : 2 * (1 - q);
      mean += weight * want[k];
      weights += weight;
    }
    CHECK(test.evidence() == Approx(mean / weights).margin(1e-12));
  }
  const double before = test.evidence();
  test.add(Kind::kTie);
  test.add(Kind::kSkip);
  CHECK(test.evidence() == before);
  CHECK(test.judgements() == 5);
}

TEST_CASE("sides are shuffled, and a test ends") {
  ChampionTest test({}, 9);
  int first = 0;
  for (int i = 0; i < 400; ++i) {
    first += test.challenger_first();
    test.add(Kind::kSkip);
  }
  CHECK(first > 160);
  CHECK(first < 240);
  prefs::ChampionTestConfig config;
  config.max_judgements = 3;
  ChampionTest tied(config, 1);
  tied.add(Kind::kTie);
  tied.add(Kind::kTie);
  CHECK(tied.add(Kind::kTie) == ChampionVerdict::kKeep);
  CHECK_THROWS_AS(tied.add(Kind::kTie), StateError);
  CHECK_THROWS_AS(test.add(Kind::kRight), ValueError);
  CHECK_THROWS_AS(test.add(Kind::kA, 0.5), ValueError);
  config.alpha = 0;
  CHECK_THROWS_AS(ChampionTest(config, 1), ConfigError);
}
