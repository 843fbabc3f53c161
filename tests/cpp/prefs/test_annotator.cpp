#include <cmath>

#include "../catch.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/prefs/annotator.hpp"

using namespace tutelage;
using prefs::Kind;
using prefs::SimulatedAnnotator;
using Config = prefs::SimulatedAnnotatorConfig;

namespace {

double share_a(const Config& c, double first, double second, std::uint32_t step = 0) {
  const SimulatedAnnotator annotator(c, 5);
  int a = 0;
  for (std::uint32_t i = 0; i < 4000; ++i) a += annotator.answer(first, second, i, step) == Kind::kA;
  return a / 4000.0;
}
const double kMargin = 0.025;  // more than three standard errors of 4000 answers
double sigma(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

TEST_CASE("the annotator chooses by the logistic of the difference, or the higher") {
  Config c;
  c.beta = 2;
  CHECK(share_a(c, 0.7, 0.2) == Approx(sigma(1.0)).margin(kMargin));
  CHECK(share_a(c, -5.2, -4.7) == Approx(sigma(-1.0)).margin(kMargin));
  c.beta = 0;
  CHECK(share_a(c, -5.2, -4.7) == 0);
  CHECK(share_a(c, 1.0, 0.999) == 1);
  CHECK(share_a(c, 1.0, 1.0) == Approx(0.5).margin(kMargin));
}

TEST_CASE("skip comes before tie, tie before choice, and a mistake is last") {
  Config c;
  c.beta = -1, c.skip_below = 1.0, c.equal_within = 0.5;
  const SimulatedAnnotator annotator(c, 1);
  CHECK(annotator.answer(0.2, 0.3, 0) == Kind::kSkip);  // equal too, but both poor
  CHECK(annotator.answer(0.9, -7.0, 0) == Kind::kSkip);
  CHECK(annotator.answer(1.2, 0.8, 0) == Kind::kTie);
  CHECK(annotator.answer(1.5, 1.0, 0) == Kind::kA);  // a difference of exactly the threshold is none
  CHECK(annotator.answer(0.0, 3.0, 0) == Kind::kB);
  c = {}, c.beta = -1, c.error_rate = 0.3;
  CHECK(share_a(c, 2, 1) == Approx(0.7).margin(kMargin));
  CHECK(share_a(c, 1, 2) == Approx(0.3).margin(kMargin));
}

TEST_CASE("thresholds scale by the spread of returns, so that negative returns work") {
  Config c;
  c.beta = -1, c.skip_below = -1.0, c.equal_within = 0.1;
  SimulatedAnnotator annotator(c, 1);
  const std::vector<double> returns{-300, -200, -100};  // mean -200, standard deviation 81.6
  annotator.scale_to(returns);
  CHECK(annotator.answer(-282, -290, 0) == Kind::kSkip);
  CHECK(annotator.answer(-281, -290, 0) == Kind::kA);
  CHECK(annotator.answer(-100, -108, 0) == Kind::kTie);
  CHECK(annotator.answer(-100, -109, 0) == Kind::kA);
  CHECK_THROWS_AS(annotator.scale_to(std::vector<double>(5, 0.1)), ValueError);
  CHECK_THROWS_AS(annotator.scale_to(std::vector<double>{}), ValueError);
}

TEST_CASE("short sight weighs late rewards more") {
  Config c;
  c.gamma = 0.5;
  const SimulatedAnnotator myopic(c, 1);
  const std::vector<double> rewards{4, 2, 1};
  CHECK(myopic.seen_return(rewards) == 4 * .25 + 2 * .5 + 1);
  CHECK(SimulatedAnnotator({}, 1).seen_return(rewards) == 7);
  c.per_step = true;
  CHECK(SimulatedAnnotator(c, 1).seen_return(rewards) == Approx(3 / 1.75));
  const std::vector<double> shorter{4, 2};
  CHECK_THROWS_AS(myopic.answer(rewards, shorter, 0), ValueError);
  c.beta = 0, c.gamma = 1;
  CHECK(SimulatedAnnotator(c, 1).answer(rewards, shorter, 0) == Kind::kB);  // 7 / 3 against 3 a step
  CHECK_THROWS_AS(myopic.seen_return({}), ValueError);
}

TEST_CASE("biases: position, contrary, random, drifting") {
  Config c;
  c.beta = 0, c.position_bias = 0.4;
  CHECK(share_a(c, 0, 1) == Approx(0.4).margin(kMargin));
  CHECK(share_a(c, 1, 0) == 1);
  c = {}, c.beta = 1, c.behaviour = "contrary";
  CHECK(share_a(c, 1, 0) == Approx(sigma(-1)).margin(kMargin));
  c.behaviour = "random", c.skip_below = 100;
  CHECK(share_a(c, 9, 0) == Approx(0.5).margin(kMargin));
  c = {}, c.beta = 0, c.error_rate = 0.1, c.drift = 0.002;
  CHECK(share_a(c, 1, 0, 0) == Approx(0.9).margin(kMargin));
  CHECK(share_a(c, 1, 0, 100) == Approx(0.7).margin(kMargin));
  CHECK(share_a(c, 1, 0, 1000) == 0);  // capped at always wrong
}

TEST_CASE("an answer depends on seed, item and step alone") {
  Config c;
  const SimulatedAnnotator one(c, 3), same(c, 3), other(c, 4);
  int changed = 0, moved = 0;
  for (std::uint32_t i = 0; i < 200; ++i) {
    CHECK(one.answer(0.5, 0, 199 - i) == same.answer(0.5, 0, 199 - i));
    changed += one.answer(0.5, 0, i) != other.answer(0.5, 0, i);
    moved += one.answer(0.5, 0, i, 0) != one.answer(0.5, 0, i, 1);
  }
  CHECK(changed > 50);
  CHECK(moved > 50);
}

TEST_CASE("calibrate_beta reaches the wanted share of right answers") {
  const std::vector<double> d{0.1, -0.5, 2, 0, -1.3};
  for (double e : {0.0, 0.1}) {
    const double beta = prefs::calibrate_beta(d, 0.75, e);
    double share = 0;
    for (double x : d) share += sigma(beta * std::abs(x)) / 5;
    CHECK((1 - e) * share + e * (1 - share) == Approx(0.75).margin(1e-12));
  }
  CHECK(prefs::calibrate_beta(d, 0.5) < 1e-12);
  CHECK_THROWS_AS(prefs::calibrate_beta(d, 0.95), ValueError);  // one difference in five is 0: at most 0.9
  CHECK_THROWS_AS(prefs::calibrate_beta(d, 0.3), ValueError);
  // The annotator agrees.
  Config c;
  c.beta = prefs::calibrate_beta(std::vector<double>{1.0}, 0.8);
  CHECK(share_a(c, 1, 0) == Approx(0.8).margin(kMargin));
}

TEST_CASE("the annotator's config names what is wrong") {
  Config c;
  c.behaviour = "contrarian";
  CHECK_THROWS_AS(SimulatedAnnotator(c, 1), ConfigError);
  c = {}, c.error_rate = 1.5;
  CHECK_THROWS_AS(SimulatedAnnotator(c, 1), ConfigError);
  c = {}, c.gamma = 0;
  CHECK_THROWS_AS(SimulatedAnnotator(c, 1), ConfigError);
  CHECK_THROWS_AS(SimulatedAnnotator({}, 1).answer(std::nan(""), 0.0, 0), ValueError);
}
