#include <cmath>

#include "../catch.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/reward/report.hpp"

using namespace tutelage;

TEST_CASE("a report says what its parts say") {
  const std::vector<double> p{0.9, 0.8, 0.3, 0.5, 0.6}, y{1, 0, 0, 1, 0.5};
  const std::vector<std::int64_t> first{5, 2, 7, 3, 1}, second{3, 4, 6, 3, 9}, who{0, 2, 0, 2, 0};
  const auto r = reward::reward_report(p, y, first, second, who, 5);
  CHECK(r.judgements == 5);
  CHECK(r.accuracy == Approx((1 + 0 + 1 + 0.5 + 0.5) / 5));
  CHECK(r.loss == Approx(-(std::log(0.9) + std::log(0.2) + std::log(0.7) + std::log(0.5) + 0.5 * std::log(0.6) + 0.5 * std::log(0.4)) / 5));
  CHECK(*r.length_rule == Approx((1 + 1 + 0 + 0.5 + 0.5) / 5));
  CHECK(r.calibration_error == reward::expected_calibration_error(p, y, 5));
  CHECK(r.by_confidence.size() == 5);
  REQUIRE(r.annotators.size() == 2);
  CHECK(r.annotators[0].judgements == 2);  // its tie is left out
  CHECK(r.annotators[1].annotator == 2);
  CHECK_FALSE(reward::reward_report(p, y).length_rule);
}

TEST_CASE("reliability is found where it was planted") {
  const double planted[] = {0.95, 0.7, 0.5};
  std::vector<double> p, y;
  std::vector<std::int64_t> who;
  Rng rng(5, Purpose::kUser);
  for (int i = 0; i < 9000; ++i) {
    const double q = rng.uniform(), eta = planted[i % 3];
    const bool truth = rng.uniform() < q, honest = rng.uniform() < eta;
    p.push_back(q), y.push_back(truth == honest ? 1 : 0), who.push_back(i % 3);
  }
  const auto r = reward::reward_report(p, y, {}, {}, who);
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK(std::abs(r.annotators[k].reliability - planted[k]) < 4 * r.annotators[k].standard_error);
    CHECK(r.annotators[k].standard_error < 0.03);
  }
  const auto lone = reward::reward_report(std::vector<double>{1.0}, std::vector<double>{0.0}, {}, {}, std::vector<std::int64_t>{3});
  CHECK(std::isfinite(lone.loss));
  CHECK(lone.annotators[0].reliability < 0.9);
}

TEST_CASE("a report refuses what does not fit") {
  const std::vector<double> p{0.9, 0.8}, y{1, 0};
  const std::vector<std::int64_t> one{1}, two{1, 2}, below{0, -1};
  CHECK_THROWS_AS(reward::reward_report({}, {}), ValueError);
  CHECK_THROWS_AS(reward::reward_report(p, y, one, two), ShapeError);
  CHECK_THROWS_AS(reward::reward_report(p, y, {}, {}, one), ShapeError);
  CHECK_THROWS_AS(reward::reward_report(p, y, {}, {}, below), IndexError);
  CHECK_THROWS_AS(reward::reward_report(std::vector<double>{0.5, std::nan("")}, y), ValueError);
}
