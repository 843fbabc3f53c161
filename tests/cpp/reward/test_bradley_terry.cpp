#include <cmath>

#include "../catch.hpp"
#include "tutelage/autograd/grad.hpp"
#include "tutelage/autograd/ops.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/reward/bradley_terry.hpp"

using namespace tutelage;
using In = std::span<const Tensor64>;

namespace {

Tensor64 list(const std::vector<double>& x) { return Tensor64::from({static_cast<std::int64_t>(x.size())}, x); }
Tensor64 normals(std::int64_t n, std::uint32_t item, double scale = 1) {
  Tensor64 t({n});
  Rng rng(29, Purpose::kUser, item);
  for (std::int64_t i = 0; i < n; ++i) t.mutable_data()[i] = scale * rng.normal();
  return t;
}
double l(double x) { return std::log1p(std::exp(-x)); }
double sigma(double x) { return 1 / (1 + std::exp(-x)); }

const Tensor64 kChosen = list({1.2, .3, -.5}), kRejected = list({.4, .9, -2});

}  // namespace

TEST_CASE("Bradley-Terry gives the published values") {
  CHECK(reward::bradley_terry_loss(kChosen, kRejected).item() == Approx(0.5366672981).margin(1e-10));
  CHECK(reward::pair_accuracy(kChosen, kRejected) == Approx(2.0 / 3));
  CHECK(reward::pair_accuracy(list({1, 2}), list({1, 1})) == 0.75);  // a tie is worth half
  reward::PairOptions<double> margins;
  margins.margin = list({.5, 0, 1});
  CHECK(reward::bradley_terry_loss(kChosen, kRejected, margins).item() == Approx(0.6886400597).margin(1e-10));
  reward::PairOptions<double> soft;
  soft.probability = list({.7});
  CHECK(reward::bradley_terry_loss(list({.8}), list({0}), soft).item() == Approx(0.6111006659).margin(1e-10));
  autograd::Accumulators<double> acc({Shape{3}});
  acc.add(std::span(&kChosen, 1), [](In x) { return reward::bradley_terry_loss(x[0], kRejected); });
  const auto grad = acc.finish()[0];
  const double want[] = {-.103342, -.215219, -.060809};
  for (int i = 0; i < 3; ++i) CHECK(grad.data()[i] == Approx(want[i]).margin(1e-6));
}

TEST_CASE("every option of Bradley-Terry follows its formula and passes the gradient check") {
  const std::int64_t n = 7;
  const auto c = normals(n, 1, 2), r = normals(n, 2, 2);
  for (const std::string form : {"mixture", "smoothing", "unbiased"})
    for (double e : {0.0, 0.2}) {
      reward::PairOptions<double> o;
      o.margin = normals(n, 3, .3), o.probability = list({1, 0, .5, .7, .2, 1, 1}), o.weight = list({1, 2, 0, 1, .5, 3, 1});
      o.center_coef = 0.05, o.error_rate = e, o.error_form = form;
      const auto term = [&](double x) {
        if (form == "mixture") return -std::log((1 - e) * sigma(x) + e * sigma(-x));
        return form == "smoothing" ? (1 - e) * l(x) + e * l(-x) : ((1 - e) * l(x) - e * l(-x)) / (1 - 2 * e);
      };
      double want = 0, weights = 0;
      for (int i = 0; i < n; ++i) {
        const double a = c.data()[i], b = r.data()[i], x = a - b - o.margin.data()[i], p = o.probability.data()[i], w = o.weight.data()[i];
        want += w * (p * term(x) + (1 - p) * term(-x) + 0.05 * (a + b) * (a + b));
        weights += w;
      }
      INFO(form << " " << e);
      CHECK(reward::bradley_terry_loss(c, r, o).item() == Approx(want / weights).margin(1e-12));
      const Tensor64 inputs[] = {c, r};
      const auto result = gradcheck([&](In x) { return reward::bradley_terry_loss(x[0], x[1], o); }, inputs);
      INFO(result.where);
      CHECK(result.ok);
      CHECK(reward::noisy_bradley_terry_loss(c, r, e, o).item() == reward::bradley_terry_loss(c, r, o).item());
    }
}

TEST_CASE("one wrong judgement has bounded influence under the mixture, and none is hidden by the unbiased form") {
  const auto far = list({-30}), zero = list({0});
  autograd::Accumulators<double> acc({Shape{1}});
  acc.add(std::span(&far, 1), [&](In x) { return reward::noisy_bradley_terry_loss(x[0], zero, 0.1); });
  CHECK(std::abs(acc.finish()[0].data()[0]) < 1e-11);  // plain: -1
  CHECK(reward::noisy_bradley_terry_loss(far, zero, 0.1).item() == Approx(-std::log(0.1)).margin(1e-9));
  reward::PairOptions<double> unbiased;
  unbiased.error_form = "unbiased";
  const auto c = normals(9, 4), r = normals(9, 5);
  const double kept = reward::noisy_bradley_terry_loss(c, r, 0.2, unbiased).item(),
               flipped = reward::noisy_bradley_terry_loss(r, c, 0.2, unbiased).item();
  CHECK(0.8 * kept + 0.2 * flipped == Approx(reward::bradley_terry_loss(c, r).item()).margin(1e-12));
}

TEST_CASE("Bradley-Terry: parts with the step's count add up, swapping mirrors, far scores stay finite") {
  const auto c = normals(8, 6), r = normals(8, 7);
  reward::PairOptions<double> part;
  part.count = 8;
  const double parts = reward::bradley_terry_loss(ops::slice_rows(c, 0, 3), ops::slice_rows(r, 0, 3), part).item() +
                       reward::bradley_terry_loss(ops::slice_rows(c, 3, 8), ops::slice_rows(r, 3, 8), part).item();
  CHECK(parts == Approx(reward::bradley_terry_loss(c, r).item()).margin(1e-14));
  reward::PairOptions<double> turned;
  turned.probability = Tensor64({8});
  CHECK(reward::bradley_terry_loss(r, c, turned).item() == Approx(reward::bradley_terry_loss(c, r).item()).margin(1e-14));
  CHECK(reward::bradley_terry_loss(Tensor::full({1}, -500), Tensor::full({1}, 500)).item() == Approx(1000.0));
  CHECK(reward::bradley_terry_loss(Tensor::full({1}, 500), Tensor::full({1}, -500)).item() == 0);
}

TEST_CASE("Bradley-Terry names what is wrong") {
  reward::PairOptions<double> o;
  o.probability = list({.5, 1.5, 0});
  CHECK_THROWS_AS(reward::bradley_terry_loss(kChosen, kRejected, o), ValueError);
  CHECK_THROWS_AS(reward::bradley_terry_loss(kChosen, list({1})), ShapeError);
  CHECK_THROWS_AS(reward::bradley_terry_loss(Tensor64(), Tensor64()), ShapeError);
  CHECK_THROWS_AS(reward::noisy_bradley_terry_loss(kChosen, kRejected, 0.5), ValueError);
  o = {}, o.weight = Tensor64({3});
  CHECK_THROWS_AS(reward::bradley_terry_loss(kChosen, kRejected, o), ValueError);
  o = {}, o.error_form = "mixtur";
  CHECK_THROWS_AS(reward::bradley_terry_loss(kChosen, kRejected, o), ConfigError);
}
