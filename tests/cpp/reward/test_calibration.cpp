#include <cmath>

#include "../catch.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/reward/calibration.hpp"

using namespace tutelage;

TEST_CASE("calibration gives mean 0 and variance 1") {
  const std::vector<double> scores{3, -1, 2.5, 7, 7, 0.25};
  const auto c = reward::calibration(scores);
  double mean = 0, square = 0;
  for (double s : scores) {
    const double y = c.gain * s + c.bias;
    mean += y / 6, square += y * y / 6;
  }
  CHECK(mean == Approx(0).margin(1e-14));
  CHECK(square == Approx(1).margin(1e-14));
  const auto same = reward::calibration(std::vector<double>(7, 0.1));
  CHECK(same.gain == 1);
  CHECK(same.bias == Approx(-0.1));
  CHECK_THROWS_AS(reward::calibration(std::vector<double>{}), ValueError);
  CHECK_THROWS_AS(reward::calibration(std::vector<double>{1, std::nan("")}), ValueError);
}

TEST_CASE("accuracy by confidence and the calibration error by hand") {
  // Confidences .8 .8 (one right), .7 (wrong: p below a half and it was the first), .5 (half).
  const std::vector<double> p{.8, .2, .3, .5}, y{1, 1, 1, 0};
  const auto bins = reward::accuracy_by_confidence(p, y, 10);
  REQUIRE(bins.size() == 10);
  CHECK(bins[7].count == 2);  // (0.7, 0.8]
  CHECK(bins[7].confidence == Approx(.8));
  CHECK(bins[7].accuracy == Approx(.5));
  CHECK(bins[6].count == 1);
  CHECK(bins[6].accuracy == 0);
  CHECK(bins[4].count == 1);
  CHECK(bins[4].accuracy == Approx(.5));
  CHECK(reward::expected_calibration_error(p, y) == Approx(.5 * .3 + .25 * .7));
  CHECK(reward::expected_calibration_error(std::vector<double>{1, 0, 1}, std::vector<double>{1, 0, 1}) == 0);
  CHECK(reward::expected_calibration_error(std::vector<double>{.75, .75, .25, .75}, std::vector<double>{1, 1, 0, 0}) == Approx(0).margin(1e-15));
  CHECK_THROWS_AS(reward::accuracy_by_confidence(p, std::vector<double>{1}), ShapeError);
  CHECK_THROWS_AS(reward::accuracy_by_confidence(std::vector<double>{1.2}, std::vector<double>{1}), ValueError);
}

TEST_CASE("Elo points: ten to one is 400") {
  CHECK(reward::elo(std::log(10.0)) == Approx(400).epsilon(1e-14));
  CHECK(reward::elo(1.0) == Approx(173.7178).margin(1e-4));
  CHECK(reward::elo(-2.0) == -2 * reward::elo(1.0));
}
