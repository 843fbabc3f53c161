#include <limits>

#include "../catch.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/train/alarms.hpp"

using namespace tutelage;
using train::Alarms;
using Scores = std::vector<double>;
using Members = std::vector<Scores>;
using Lists = std::vector<std::vector<std::int32_t>>;

namespace {
Scores around(double mean) { return {mean - 1, mean + 1, mean - 1, mean + 1, mean - 1, mean + 1, mean - 1, mean + 1}; }  // standard error 0.378

/// Judges the duel once: for the challenger, or for the champion.
prefs::ChampionVerdict judge(Alarms& watch, bool for_challenger) {
  return watch.judged(watch.challenger_first() == for_challenger ? prefs::Kind::kA : prefs::Kind::kB);
}
}  // namespace

TEST_CASE("alarms: a duel that is lost rings only while the learned reward has risen") {
  Alarms watch;
  CHECK(watch.observe({around(0)}).empty());
  int judged = 1;
  while (judge(watch, false) == prefs::ChampionVerdict::kUndecided) ++judged;
  CHECK(judged >= 8);  // evidence for one error in 333
  CHECK(judged <= 20);
  CHECK(watch.observe({around(1)}).empty());  // 1.9 standard errors
  const auto alarms = watch.observe({around(3)});
  REQUIRE(alarms.size() == 1);
  CHECK(alarms[0].kind == "duel");
  CHECK(alarms[0].iteration == 2);
  CHECK(alarms[0].message.find("rose by 3") != std::string::npos);
  CHECK(watch.observe({around(4)}).empty());  // once
}

TEST_CASE("alarms: a duel that is won makes a new champion, from whom the rise counts") {
  Alarms watch;
  watch.observe({around(0)});
  watch.observe({around(3)});
  while (judge(watch, true) == prefs::ChampionVerdict::kUndecided) {}
  while (judge(watch, false) != prefs::ChampionVerdict::kKeep) {}
  CHECK(watch.observe({around(3)}).empty());
  CHECK(watch.observe({around(6)}).size() == 1);
}

TEST_CASE("alarms: accuracy on new judgements that falls while the reward rises") {
  Alarms watch;
  watch.observe({around(0)});
  watch.held_out(90, 100);
  CHECK(watch.observe({around(3)}).empty());
  watch.held_out(80, 100);  // 2 standard errors
  CHECK(watch.observe({around(3)}).empty());
  watch.held_out(50, 100);
  Alarms flat = watch;
  CHECK(flat.observe({around(0)}).empty());
  const auto alarms = watch.observe({around(3)});
  REQUIRE(alarms.size() == 1);
  CHECK(alarms[0].kind == "accuracy");
  CHECK(alarms[0].value == 0.6);  // (80 / 2 + 50) of 150
  CHECK(alarms[0].limit == 0.9);
}

TEST_CASE("alarms: members that disagree, and one answer for everything") {
  Alarms watch;
  const Members agree{{0, 0, 0, 0}, {1, 1, 1, 1}}, disagree{{0, 0, 0, 0}, {2, 2, 2, 2}};
  const Scores scores(4, 0.0);
  CHECK(watch.observe({scores, agree}).empty());
  CHECK(watch.observe({scores, agree}).empty());
  const auto alarms = watch.observe({scores, disagree});
  REQUIRE(alarms.size() == 1);
  CHECK(alarms[0].kind == "disagreement");
  CHECK(alarms[0].value == 1.0);

  Lists prompts, different, same;
  for (std::int32_t i = 0; i < 8; ++i) prompts.push_back({i}), different.push_back({i, 1}), same.push_back({i < 5 ? 7 : i, 1});
  const Scores eight(8, 0.0);
  Alarms second;
  CHECK(second.observe({eight, {}, prompts, different}).empty());
  const auto one = second.observe({eight, {}, prompts, same});
  REQUIRE(one.size() == 1);
  CHECK(one[0].kind == "same_answer");
  CHECK(one[0].value == 0.75);  // five, and 7's own
  Alarms always;                // what was so from the start is no news
  CHECK(always.observe({eight, {}, prompts, same}).empty());
  CHECK(always.observe({eight, {}, prompts, same}).empty());
}

TEST_CASE("alarms: bad input") {
  Alarms watch;
  const Members short_member{{0.0}};
  const Lists one{{1}};
  CHECK_THROWS_AS(watch.observe({}), ValueError);
  CHECK_THROWS_AS(watch.observe({Scores{0.0, 1.0}, short_member}), ShapeError);
  CHECK_THROWS_AS(watch.observe({Scores{0.0}, {}, one, {}}), ShapeError);
  CHECK_THROWS_AS(watch.observe({Scores{std::numeric_limits<double>::quiet_NaN()}}), ValueError);
  CHECK_THROWS_AS(watch.held_out(3, 2), ValueError);
  CHECK_THROWS_AS(watch.judged(prefs::Kind::kRight), ValueError);
  train::AlarmConfig config;
  config.disagreement = 1;
  CHECK_THROWS_AS(Alarms(config), ConfigError);
}
