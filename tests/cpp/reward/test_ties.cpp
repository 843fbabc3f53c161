#include <cmath>

#include "../catch.hpp"
#include "tutelage/autograd/grad.hpp"
#include "tutelage/autograd/ops.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/reward/ties.hpp"

using namespace tutelage;
using In = std::span<const Tensor64>;

namespace {

Tensor64 list(const std::vector<double>& x) { return Tensor64::from({static_cast<std::int64_t>(x.size())}, x); }
double sigma(double x) { return 1 / (1 + std::exp(-x)); }
const int kOutcomes[] = {1, 0, -1, 0, 1, -1};
const Tensor64 kFirst = list({.8, -.4, 3, 0, -7, .2}), kSecond = list({0, .9, 2, 0, 4, .1});

}  // namespace

TEST_CASE("outcome probabilities give the published values and add up to one") {
  const auto rk = reward::rao_kupper(list({.8}), 1.5), dv = reward::davidson(list({.8}), 1.0);
  CHECK(rk.win.item() == Approx(.5973739).margin(1e-7));
  CHECK(rk.tie.item() == Approx(.1721217).margin(1e-7));
  CHECK(rk.loss.item() == Approx(.2305044).margin(1e-7));
  CHECK(dv.win.item() == Approx(.4717762).margin(1e-7));
  CHECK(dv.tie.item() == Approx(.3162411).margin(1e-7));
  CHECK(dv.loss.item() == Approx(.2119827).margin(1e-7));
  for (double d : {-900., -20., -1., 0., .3, 5., 900.}) {
    for (double t : {1.0, 1.2, 4.0}) {
      const auto p = reward::rao_kupper(list({d}), t);
      CHECK(p.win.item() + p.tie.item() + p.loss.item() == Approx(1.0).margin(1e-12));
      const auto q = reward::davidson(list({d}), t - 1.0);
      CHECK(q.win.item() + q.tie.item() + q.loss.item() == Approx(1.0).margin(1e-12));
    }
    // Without ties both are Bradley-Terry.
    CHECK(reward::rao_kupper(list({d}), 1.0).win.item() == Approx(sigma(d)).margin(1e-12));
    CHECK(reward::davidson(list({d}), 0.0).win.item() == Approx(sigma(d)).margin(1e-12));
    CHECK(reward::davidson(list({d}), 0.0).tie.item() == 0);
  }
}

TEST_CASE("tie losses are minus the log of the probabilities") {
  for (double t : {1.1, 2.5}) {
    const auto rk = reward::rao_kupper(ops::sub(kFirst, kSecond), t), dv = reward::davidson(ops::sub(kFirst, kSecond), t);
    double want_rk = 0, want_dv = 0;
    for (int i = 0; i < 6; ++i) {
      const auto pick = [&](const auto& p) { return (kOutcomes[i] > 0 ? p.win : kOutcomes[i] < 0 ? p.loss : p.tie).data()[i]; };
      want_rk -= std::log(pick(rk)) / 6;
      want_dv -= std::log(pick(dv)) / 6;
    }
    CHECK(reward::rao_kupper_loss(kFirst, kSecond, kOutcomes, t).item() == Approx(want_rk).margin(1e-12));
    CHECK(reward::davidson_loss(kFirst, kSecond, kOutcomes, t).item() == Approx(want_dv).margin(1e-12));
    CHECK(reward::davidson_loss<double>(kFirst, kSecond, kOutcomes, t, 12.0).item() == Approx(want_dv / 2).margin(1e-12));
  }
}

TEST_CASE("tie losses pass the gradient check, by the tie parameter too") {
  const auto weights = list({1, -2, .5, 3, 1, -1});
  const Tensor64 inputs[] = {kFirst, kSecond, Tensor64::scalar(0.6)};
  const auto rk = gradcheck([&](In x) { return ops::mul(reward::rao_kupper_terms(x[0], x[1], kOutcomes, x[2], 0.3), weights); }, inputs);
  INFO(rk.where);
  CHECK(rk.ok);
  const auto dv = gradcheck([&](In x) { return ops::mul(reward::davidson_terms(x[0], x[1], kOutcomes, x[2], 0.3), weights); }, inputs);
  INFO(dv.where);
  CHECK(dv.ok);
}

TEST_CASE("tie models name what is wrong; far scores stay finite") {
  CHECK_THROWS_AS(reward::rao_kupper(kFirst, 0.9), ValueError);
  CHECK_THROWS_AS(reward::davidson(kFirst, -0.1), ValueError);
  CHECK_THROWS_AS(reward::rao_kupper_loss(kFirst, kSecond, kOutcomes, 1.0), ValueError);
  CHECK_THROWS_AS(reward::davidson_loss(kFirst, kSecond, kOutcomes, 0.0), ValueError);
  CHECK_THROWS_AS(reward::davidson_loss(kFirst, kSecond, std::span(kOutcomes, 2), 1.0), ShapeError);
  const int wrong[] = {1, 0, 2, 0, 0, 0};
  CHECK_THROWS_AS(reward::davidson_loss(kFirst, kSecond, wrong, 1.0), ValueError);
  for (int outcome : {1, 0, -1})
    for (float d : {-1000.f, 1000.f}) {
      CHECK(std::isfinite(reward::rao_kupper_loss(Tensor::full({1}, d), Tensor({1}), std::span(&outcome, 1), 1.5).item()));
      CHECK(std::isfinite(reward::davidson_loss(Tensor::full({1}, d), Tensor({1}), std::span(&outcome, 1), 1.5).item()));
    }
}
