#include <cmath>
#include <limits>

#include "../catch.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/env/env.hpp"

using namespace tutelage;

TEST_CASE("a bandit's episode is one step") {
  env::Bandit bandit({1.0, -2.0, 0.5});
  CHECK(bandit.num_actions() == 3);
  CHECK_THROWS_AS(bandit.step(0), StateError);
  CHECK(bandit.reset(7) == std::vector<double>{1.0});
  const auto step = bandit.step(1);
  CHECK(step.reward == -2.0);
  CHECK(step.observation == std::vector<double>{1.0});
  CHECK(step.terminated);
  CHECK_FALSE(step.truncated);
  CHECK_THROWS_AS(bandit.step(1), StateError);
  bandit.reset(7);
  CHECK(bandit.step(2).reward == 0.5);
}

TEST_CASE("an unknown action is refused and the episode goes on") {
  env::Bandit bandit({1.0, 2.0});
  bandit.reset(1);
  for (const std::int64_t action : {std::int64_t{-1}, std::int64_t{2}, std::numeric_limits<std::int64_t>::max()})
    CHECK_THROWS_AS(bandit.step(action), IndexError);
  CHECK(bandit.step(0).reward == 1.0);
}

TEST_CASE("the same seed gives the same episode, another another") {
  env::Bandit one({0.0, 5.0}, 2.0), two({0.0, 5.0}, 2.0);
  double mean = 0, square = 0;
  int differ = 0;
  double before = 0;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    one.reset(seed), two.reset(seed);
    const double a = one.step(0).reward, b = two.step(1).reward;
    CHECK(b == Approx(a + 5.0));  // the noise is the episode's, not the arm's
    differ += a != before;
    before = a;
    mean += a / 4000, square += a * a / 4000;
  }
  CHECK(differ > 3990);
  CHECK(mean == Approx(0.0).margin(0.12));  // four standard errors
  CHECK(square == Approx(4.0).margin(0.4));
}

TEST_CASE("an environment is used through its base") {
  std::unique_ptr<env::Environment> world = std::make_unique<env::Bandit>(std::vector<double>{3.0});
  CHECK(world->num_actions() == 1);
  world->reset(0);
  CHECK(world->step(0).reward == 3.0);
}

TEST_CASE("bandits without arms or with numbers that are none are refused") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  CHECK_THROWS_AS(env::Bandit({}), ValueError);
  CHECK_THROWS_AS(env::Bandit({1.0, nan}), ValueError);
  CHECK_THROWS_AS(env::Bandit({inf}), ValueError);
  for (const double noise : {-1.0, nan, inf}) CHECK_THROWS_AS(env::Bandit({1.0}, noise), ValueError);
}
