#include <cmath>

#include "../catch.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/reward/linear_reward.hpp"

using namespace tutelage;

namespace {

Tensor64 drawn(std::int64_t n, std::int64_t c, std::uint32_t number) {
  Rng rng(11, Purpose::kUser, number);
  Tensor64 x({n, c});
  for (std::int64_t i = 0; i < x.size(); ++i) x.mutable_data()[i] = rng.normal();
  return x;
}

double objective(const Tensor64& a, const Tensor64& b, const Tensor64& p, const Tensor64& w, const Tensor64& e, double l2, const Tensor64& theta) {
  double sum = 0;
  for (std::int64_t k = 0; k < theta.size(); ++k) sum += 0.5 * l2 * theta.data()[k] * theta.data()[k];
  for (std::int64_t i = 0; i < a.dim(0); ++i) {
    double d = 0;
    for (std::int64_t k = 0; k < theta.size(); ++k) d += theta.data()[k] * (a.data()[i * theta.size() + k] - b.data()[i * theta.size() + k]);
    const double s = 1 / (1 + std::exp(-d)), q = (1 - e.data()[i]) * s + e.data()[i] * (1 - s);
    sum -= w.data()[i] * (p.data()[i] * std::log(q) + (1 - p.data()[i]) * std::log(1 - q));
  }
  return sum;
}

}  // namespace

TEST_CASE("a linear reward is at the optimum of its objective") {
  const std::int64_t n = 60, c = 4;
  const auto a = drawn(n, c, 1), b = drawn(n, c, 2);
  Tensor64 p({n}), w({n}), e({n}), none({n});
  for (std::int64_t i = 0; i < n; ++i) {
    p.mutable_data()[i] = (i * 7 % 5) / 4.0;
    w.mutable_data()[i] = 0.5 + static_cast<double>(i % 3);
    e.mutable_data()[i] = 0.1 * static_cast<double>(i % 4);
  }
  for (const auto& rates : {none, e}) {
    const auto fit = reward::fit_linear_reward(a, b, p, w, rates, 0.7);
    for (std::int64_t k = 0; k < c; ++k) {
      const auto at = [&](double h) {
        Tensor64 theta = fit.weights;
        theta.mutable_data()[k] += h;
        return objective(a, b, p, w, rates, 0.7, theta);
      };
      CHECK((at(1e-5) - at(-1e-5)) / 2e-5 == Approx(0).margin(1e-6));
      CHECK(at(1e-2) > at(0));
    }
  }
  // Without errors the information is the Hessian itself: covariance times it is the identity.
  const auto fit = reward::fit_linear_reward(a, b, p, w, none, 0.7);
  for (std::int64_t r = 0; r < c; ++r)
    for (std::int64_t j = 0; j < c; ++j) {
      double sum = 0;
      for (std::int64_t k = 0; k < c; ++k) {
        const double h = 1e-4;
        const auto at = [&](double x, double y) {
          Tensor64 theta = fit.weights;
          theta.mutable_data()[k] += x;
          theta.mutable_data()[j] += y;
          return objective(a, b, p, w, none, 0.7, theta);
        };
        sum += fit.covariance.data()[r * c + k] * (at(h, h) - at(h, -h) - at(-h, h) + at(-h, -h)) / (4 * h * h);
      }
      CHECK(sum == Approx(r == j ? 1 : 0).margin(1e-5));
    }
}

TEST_CASE("drawn members spread as the covariance says") {
  const auto a = drawn(30, 3, 3), b = drawn(30, 3, 4);
  const auto fit = reward::fit_linear_reward(a, b);
  const auto members = fit.members(4000, 1);
  for (int r = 0; r < 3; ++r)
    for (int j = 0; j < 3; ++j) {
      double sum = 0;
      for (int m = 0; m < 4000; ++m) sum += (members.data()[m * 3 + r] - fit.weights.data()[r]) * (members.data()[m * 3 + j] - fit.weights.data()[j]);
      CHECK(sum / 4000 == Approx(fit.covariance.data()[r * 3 + j]).margin(0.02));
    }
  const auto scores = fit.member_scores(a, 5, 1);
  CHECK((scores.dim(0) == 5 && scores.dim(1) == 30));
  double want = 0;
  for (int k = 0; k < 3; ++k) want += members.data()[2 * 3 + k] * a.data()[7 * 3 + k];
  CHECK(scores.data()[2 * 30 + 7] == Approx(want).margin(1e-12));
}

TEST_CASE("edges of a linear reward") {
  const auto none = reward::fit_linear_reward(Tensor64({0, 2}), Tensor64({0, 2}), {}, {}, {}, 4.0);
  CHECK(none.weights.data()[1] == 0);
  CHECK(none.covariance.data()[3] == 0.25);
  const auto a = drawn(5, 2, 1), b = drawn(5, 2, 2);
  const auto ties = reward::fit_linear_reward(a, b, Tensor64::full({5}, 0.5));
  CHECK(ties.weights.data()[0] == Approx(0).margin(1e-12));
  CHECK(std::isfinite(reward::fit_linear_reward(a, b, {}, Tensor64::full({5}, 1e6), {}, 1e-6).weights.data()[0]));  // separable
  CHECK_THROWS_AS(reward::fit_linear_reward(a, drawn(4, 2, 1)), ShapeError);
  CHECK_THROWS_AS(reward::fit_linear_reward(a, b, Tensor64::full({4}, 1)), ShapeError);
  CHECK_THROWS_AS(reward::fit_linear_reward(a, b, Tensor64::full({5}, 1.5)), ValueError);
  CHECK_THROWS_AS(reward::fit_linear_reward(a, b, {}, Tensor64::full({5}, -1)), ValueError);
  CHECK_THROWS_AS(reward::fit_linear_reward(a, b, {}, {}, Tensor64::full({5}, 0.5)), ValueError);
  CHECK_THROWS_AS(reward::fit_linear_reward(a, b, {}, {}, {}, 0.0), ValueError);
  CHECK_THROWS_AS(reward::fit_linear_reward(Tensor64::full({5, 2}, std::nan("")), b), ValueError);
  CHECK_THROWS_AS(ties.members(0, 1), ValueError);
  CHECK_THROWS_AS(ties.score(drawn(3, 3, 1)), ShapeError);
}
