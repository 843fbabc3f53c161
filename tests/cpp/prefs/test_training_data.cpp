#include <cmath>

#include "../catch.hpp"
#include "judgements.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/prefs/training_data.hpp"

using namespace tutelage;
using prefs::Judgement;
using prefs::Kind;

TEST_CASE("each kind makes what it says; skips make nothing") {
  const auto data = prefs::training_data(one_of_each());
  REQUIRE(data.demonstrations.size() == 1);
  CHECK(data.demonstrations[0].prompt == "q");
  CHECK(data.demonstrations[0].answer == "better");
  REQUIRE(data.preferences.size() == 3 + 6 + 1 + 1);  // A, B, tie; ranking; correction; trajectories
  CHECK(data.preferences[0].chosen == "a ü\n\t");
  CHECK(data.preferences[1].chosen == "b 雪");
  CHECK(data.preferences[1].probability == 1.0);
  CHECK(data.preferences[1].margin == 0.0);
  CHECK(data.preferences[2].probability == 0.5);  // a tie is no coin flip
  std::size_t strict = 0;
  for (std::size_t i = 3; i < 9; ++i) {
    CHECK(data.preferences[i].weight == 0.5);  // 4 answers count as 3 pairs
    strict += data.preferences[i].probability == 1.0;
  }
  CHECK(strict == 5);
  CHECK(data.preferences[3].chosen == "best");
  CHECK(data.preferences[9].chosen == "better");
  CHECK(data.preferences[9].rejected == "bad");
  CHECK(data.preferences[10].chosen.empty());  // a trajectory: found by its number
  CHECK(data.preferences[10].chosen_origin.judgement == 11);
  CHECK(data.preferences[10].rejected_origin.answer == 1);
  REQUIRE(data.rankings.size() == 1);
  CHECK(data.rankings[0].tiers == std::vector<std::vector<std::int64_t>>{{1, 2}, {0}, {3}});
  REQUIRE(data.verdicts.size() == 2 + 2 + 2);  // both bad; right, wrong; correction
  CHECK_FALSE(data.verdicts[0].right);
  CHECK(data.verdicts[2].right);
  CHECK(data.verdicts[3].answer == "bad");
  // Said the same: nothing is above itself.
  const std::vector<Judgement> same_words{{Kind::kCorrection, "q", {"good"}, 0, "good"}};
  const auto agreed = prefs::training_data(same_words);
  CHECK(agreed.preferences.empty());
  CHECK(agreed.demonstrations.size() == 1);
}

TEST_CASE("corrections, strength and who judged count as the config says") {
  Judgement strong{Kind::kA, "q", {"x", "y"}}, fixed{Kind::kCorrection, "q", {"x"}, 0, "z"}, coin = strong;
  strong.strength = 2, strong.annotator = "ann", coin.annotator = "coin", fixed.annotator = "bea";
  const std::vector<Judgement> all{strong, fixed, coin};
  prefs::TrainingDataConfig c;
  c.demonstration_weight = 0.5, c.correction_weight = 3, c.strength = "margin", c.margin_step = 0.25;
  c.reliability = {{"ann", 0.9}, {"coin", 0.5}};
  auto data = prefs::training_data(all, c);
  REQUIRE(data.preferences.size() == 2);  // the coin is left out
  CHECK(data.preferences[0].margin == 0.5);
  CHECK(data.preferences[0].weight == Approx(0.64));
  CHECK(data.preferences[0].error_rate == 0.0);
  CHECK(data.preferences[1].weight == 3.0);
  CHECK(data.demonstrations[0].weight == 0.5);
  c.strength = "soft", c.reliability_as = "error_rate", c.correction_weight = c.demonstration_weight = 0;
  data = prefs::training_data(all, c);
  REQUIRE(data.preferences.size() == 1);
  CHECK(data.demonstrations.empty());
  CHECK(data.preferences[0].margin == 0.0);
  CHECK(data.preferences[0].probability == Approx(1 / (1 + std::exp(-2.0))));
  CHECK(data.preferences[0].weight == 1.0);
  CHECK(data.preferences[0].error_rate == Approx(0.1));
}

TEST_CASE("training data of bad judgements or by a bad config is refused") {
  const std::vector<Judgement> bad{{Kind::kA, "q", {"x"}}}, none;
  CHECK_THROWS_AS(prefs::training_data(bad), ValueError);
  CHECK(prefs::training_data(none).preferences.empty());
  prefs::TrainingDataConfig c;
  c.strength = "margins";
  CHECK_THROWS_AS(prefs::training_data(none, c), ConfigError);
  c = {};
  c.correction_weight = -1;
  CHECK_THROWS_AS(prefs::training_data(none, c), ConfigError);
  c = {};
  c.reliability["ann"] = 1.5;
  CHECK_THROWS_AS(prefs::training_data(none, c), ConfigError);
}
