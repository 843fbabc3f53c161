#include <cmath>
#include <limits>

#include "../catch.hpp"
#include "tutelage/autograd/grad.hpp"
#include "tutelage/autograd/ops.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/rl/ppo_loss.hpp"

using namespace tutelage;
using In = std::span<const Tensor64>;

namespace {

const double kNan = std::numeric_limits<double>::quiet_NaN();

Tensor64 row(const std::vector<double>& x) { return Tensor64::from({1, static_cast<std::int64_t>(x.size())}, x); }
Tensor64 ones(Shape shape) { return Tensor64::full(shape, 1); }
Tensor64 logs(const std::vector<double>& x) {
  std::vector<double> y;
  for (double v : x) y.push_back(std::log(v));
  return row(y);
}
Tensor64 normals(Shape shape, std::uint32_t item, double scale = 1) {
  Tensor64 t(shape);
  Rng rng(23, Purpose::kUser, item);
  for (std::int64_t i = 0; i < t.size(); ++i) t.mutable_data()[i] = scale * rng.normal();
  return t;
}
Tensor64 some_mask(Shape shape, std::uint32_t item) {
  Tensor64 t(shape);
  Rng rng(5, Purpose::kUser, item);
  for (std::int64_t i = 0; i < t.size(); ++i) t.mutable_data()[i] = rng.uniform() < 0.7;
  return t;
}

}  // namespace

TEST_CASE("the policy loss gives the published values") {
  const auto zero = row({0, 0, 0});
  const auto r = rl::ppo_policy_loss(logs({.5, 1, 1.5}), zero, row({1, -1, 2}), ones({1, 3}));
  CHECK(r.loss.item() == Approx(-0.633333).margin(1e-6));
  CHECK(r.clip_fraction == Approx(1.0 / 3));
  CHECK(r.ratio_mean == Approx(1.0));
  CHECK(r.ratio_max == Approx(1.5));
  CHECK(r.approx_kl == Approx((std::log(.5) * std::log(.5) + std::log(1.5) * std::log(1.5)) / 6));
  CHECK(r.clamped == 0);
  rl::PolicyLossOptions dual;
  dual.dual_clip = 3;
  CHECK(rl::ppo_policy_loss(logs({.5, 1, 10}), zero, row({1, -1, -4}), ones({1, 3}), dual).loss.item() == Approx(4.166667).margin(1e-6));
  rl::PolicyLossOptions wide;
  wide.clip_range_high = 0.6;
  CHECK(rl::ppo_policy_loss(logs({.5, 1, 1.5}), zero, row({1, -1, 2}), ones({1, 3}), wide).loss.item() == Approx((-.5 + 1 - 3) / 3));
}

TEST_CASE("the value loss gives the published values") {
  const auto r = rl::ppo_value_loss(row({.9, .9, .1}), row({.5, .5, .5}), row({1, .2, .4}), ones({1, 3}));
  CHECK(r.loss.item() == Approx(0.1116666667).margin(1e-9));
  CHECK(r.clip_fraction == Approx(1.0 / 3));
}

TEST_CASE("aggregation gives the published values") {
  const auto x = Tensor64::from({3, 3}, std::vector<double>{1, 2, kNan, 3, 4, 5, 7, kNan, kNan}),
             m = Tensor64::from({3, 3}, std::vector<double>{1, 1, 0, 1, 1, 1, 1, 0, 0});
  CHECK(rl::aggregate(x, m).item() == Approx(3.6666667).margin(1e-7));
  CHECK(rl::aggregate<double>(x, m, "seq-mean-token-mean").item() == Approx(4.1666667).margin(1e-7));
  CHECK(rl::aggregate<double>(x, m, "seq-mean-token-sum").item() == Approx(7.3333333).margin(1e-7));
  CHECK(rl::aggregate<double>(x, m, "seq-mean-token-sum-norm", 3.0).item() == Approx(2.4444444).margin(1e-7));
  for (const std::string mode : {"token-mean", "seq-mean-token-mean", "seq-mean-token-sum", "seq-mean-token-sum-norm"}) {
    CHECK(rl::aggregate<double>(x, Tensor64({3, 3}), mode, 3.0).item() == 0);
    // A fully masked sequence is left out.
    const auto four = Tensor64::from({4, 3}, std::vector<double>{1, 2, 0, kNan, kNan, kNan, 3, 4, 5, 7, 0, 0}),
               mask = Tensor64::from({4, 3}, std::vector<double>{1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0});
    CHECK(rl::aggregate<double>(four, mask, mode, 3.0).item() == rl::aggregate<double>(x, m, mode, 3.0).item());
    // Parts of a step with the step's count add up.
    const double count = mode == "token-mean" ? 6 : 3;
    double parts = 0;
    for (std::int64_t i = 0; i < 3; ++i)
      parts += rl::aggregate<double>(ops::slice_rows(x, i, i + 1), ops::slice_rows(m, i, i + 1), mode, 3.0, count).item();
    CHECK(parts == Approx(rl::aggregate<double>(x, m, mode, 3.0).item()).margin(1e-14));
  }
  CHECK_THROWS_AS(rl::aggregate<double>(x, m, "seq-mean-token-sum-norm"), ConfigError);
  CHECK_THROWS_AS(rl::aggregate<double>(x, m, "token-mean", {}, 0.0), ValueError);
  try {
    rl::aggregate<double>(x, m, "token-meen");
    FAIL("an unknown mode was taken");
  } catch (const ConfigError& e) { CHECK(std::string(e.what()).find("Did you mean token-mean?") != std::string::npos); }
}

TEST_CASE("losses do not see masked places, nor padding a bit of the result") {
  const auto l = normals({2, 9}, 1, .4), old = normals({2, 9}, 2, .4), a = normals({2, 9}, 3);
  const auto plain = rl::ppo_policy_loss(l, old, a, ones({2, 9}));
  const auto plain_value = rl::ppo_value_loss(l, old, a, ones({2, 9}));
  const auto pad = [](const Tensor64& x, double filler) {
    Tensor64 y = Tensor64::full({2, 12}, filler);
    for (std::int64_t i = 0; i < 2; ++i)
      for (std::int64_t j = 0; j < 9; ++j) y.mutable_data()[i * 12 + j + 2] = x.data()[i * 9 + j];
    return y;
  };
  const auto mask = pad(ones({2, 9}), 0);
  const Tensor64 padded = pad(l, kNan);
  const auto wide = rl::ppo_policy_loss(padded, pad(old, kNan), pad(a, kNan), mask);
  CHECK(wide.loss.item() == plain.loss.item());
  CHECK(wide.approx_kl == plain.approx_kl);
  CHECK(wide.clip_fraction == plain.clip_fraction);
  CHECK(rl::ppo_value_loss(padded, pad(old, kNan), pad(a, kNan), mask).loss.item() == plain_value.loss.item());
  autograd::Accumulators<double> acc({Shape{2, 12}});
  acc.add(std::span(&padded, 1), [&](In x) { return rl::ppo_policy_loss(x[0], pad(old, kNan), pad(a, kNan), mask).loss; });
  const auto grad = acc.finish()[0];
  for (std::int64_t i = 0; i < 24; ++i) CHECK((mask.data()[i] != 0 || grad.data()[i] == 0));
  CHECK_THROWS_AS(rl::ppo_policy_loss(l, old, a, Tensor64({2, 9})), ValueError);
  rl::PolicyLossOptions part;  // of a step: nothing real here, but elsewhere
  part.count = 18;
  CHECK(rl::ppo_policy_loss(l, old, a, Tensor64({2, 9}), part).loss.item() == 0);
  CHECK_THROWS_AS(rl::ppo_policy_loss(l, normals({9, 2}, 2), a, ones({2, 9})), ShapeError);
}

TEST_CASE("policy and value losses pass the gradient check in every mode") {
  int clipped = 0, dual = 0;
  for (std::uint32_t k = 0; k < 6; ++k) {
    const auto l = normals({3, 5}, 10 + k, .5), old = normals({3, 5}, 20 + k, .5), a = normals({3, 5}, 30 + k), mask = some_mask({3, 5}, k);
    const Tensor64 inputs[] = {l};
    for (const std::string mode : {"token-mean", "seq-mean-token-mean", "seq-mean-token-sum", "seq-mean-token-sum-norm"}) {
      rl::PolicyLossOptions o;
      o.aggregation = mode, o.max_length = 7, o.clip_range_high = 0.28;
      if (k % 2) o.dual_clip = 1.3;
      const auto result = gradcheck([&](In x) { return rl::ppo_policy_loss(x[0], old, a, mask, o).loss; }, inputs);
      INFO(mode << " " << result.where);
      CHECK(result.ok);
      clipped += rl::ppo_policy_loss(l, old, a, mask, o).clip_fraction > 0;
      auto without = o;
      without.dual_clip.reset();
      dual += rl::ppo_policy_loss(l, old, a, mask, without).loss.item() != rl::ppo_policy_loss(l, old, a, mask, o).loss.item();
    }
    const auto result = gradcheck([&](In x) { return rl::ppo_value_loss(x[0], old, a, mask).loss; }, inputs);
    INFO(result.where);
    CHECK(result.ok);
    CHECK(gradcheck([&](In x) { return ops::square(rl::aggregate<double>(x[0], mask, "seq-mean-token-mean")); }, inputs).ok);
  }
  CHECK(clipped > 0);  // else the check above saw no clipped token
  CHECK(dual > 0);
}

TEST_CASE("at ratio one the policy gradient is the plain one, and far ratios are clamped and counted") {
  const auto l = normals({4}, 1), a = normals({4}, 2);
  autograd::Accumulators<double> acc({Shape{4}});
  acc.add(std::span(&l, 1), [&](In x) { return rl::policy_terms(x[0], l, a, 0.25).terms; });
  const auto grad = acc.finish()[0];
  for (int i = 0; i < 4; ++i) CHECK(grad.data()[i] == -0.25 * a.data()[i]);
  const auto far =
      rl::policy_terms(Tensor::from({2}, std::vector<float>{-1, -200}), Tensor::from({2}, std::vector<float>{-100, -1}), Tensor::full({2}, -1), 1.0);
  CHECK(far.clamped == 2);
  CHECK(far.terms.data()[0] == Approx(std::exp(20.0)).epsilon(1e-6));
  CHECK(far.ratio_max == Approx(std::exp(20.0)).epsilon(1e-6));
  CHECK(far.log_ratios.size() == 2);
  CHECK_THROWS_AS(rl::policy_terms(l, l, a, 1.0, 0.2, {}, 1.0), ValueError);
}

TEST_CASE("float losses agree with their double twins") {
  const auto l = normals({4, 33}, 1, .3), old = normals({4, 33}, 2, .3), a = normals({4, 33}, 3);
  const auto narrow = [](const Tensor64& x) {
    Tensor y(x.shape());
    for (std::int64_t i = 0; i < x.size(); ++i) y.mutable_data()[i] = static_cast<float>(x.data()[i]);
    return y;
  };
  const auto mask = some_mask({4, 33}, 9);
  CHECK(rl::ppo_policy_loss(narrow(l), narrow(old), narrow(a), narrow(mask)).loss.item() ==
        Approx(rl::ppo_policy_loss(l, old, a, mask).loss.item()).epsilon(1e-5));
  CHECK(rl::ppo_value_loss(narrow(l), narrow(old), narrow(a), narrow(mask)).loss.item() ==
        Approx(rl::ppo_value_loss(l, old, a, mask).loss.item()).epsilon(1e-5));
}
