#include <cmath>
#include <limits>

#include "../catch.hpp"
#include "tutelage/autograd/grad.hpp"
#include "tutelage/autograd/ops.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/rl/kl.hpp"

using namespace tutelage;
using In = std::span<const Tensor64>;

namespace {
Tensor64 normals(Shape shape, std::uint32_t item, double scale = 1) {
  Tensor64 t(shape);
  Rng rng(7, Purpose::kUser, item);
  for (std::int64_t i = 0; i < t.size(); ++i) t.mutable_data()[i] = scale * rng.normal();
  return t;
}
}  // namespace

TEST_CASE("KL estimates follow their formulas and are differentiable") {
  const auto l = normals({3, 5}, 1), ref = normals({3, 5}, 2);
  for (std::int64_t i = 0; i < l.size(); ++i) {
    const double x = l.data()[i] - ref.data()[i];
    CHECK(rl::kl_estimate(l, ref).data()[i] == x);
    CHECK(rl::kl_estimate(l, ref, "k2").data()[i] == Approx(x * x / 2));
    CHECK(rl::kl_estimate(l, ref, "k3").data()[i] == Approx(std::exp(-x) - 1 + x).margin(1e-12));
    CHECK(rl::kl_estimate(l, ref, "k3").data()[i] >= 0);
    CHECK(rl::kl_estimate(l, ref, "abs").data()[i] == std::abs(x));
  }
  const Tensor64 inputs[] = {l, ref};
  for (const std::string name : {"k1", "k2", "k3", "abs"}) {
    const auto result = gradcheck([&](In x) { return ops::mul(rl::kl_estimate(x[0], x[1], name), l); }, inputs);
    INFO(name << " " << result.where);
    CHECK(result.ok);
  }
  CHECK_THROWS_AS(rl::kl_estimate(l, ref, "k4"), ConfigError);
  CHECK_THROWS_AS(rl::kl_estimate(l, normals({5, 3}, 1)), ShapeError);
}

TEST_CASE("a log-ratio is clamped to 20 before exp, and counted") {
  const auto l = Tensor::from({4}, std::vector<float>{-300, 0, 0, -21}), ref = Tensor::from({4}, std::vector<float>{0, -300, -20, 0});
  const auto k3 = rl::kl_estimate(l, ref, "k3");
  CHECK(k3.data()[0] == Approx(std::exp(20.0) - 1 - 300).epsilon(1e-6));
  CHECK(k3.data()[1] == Approx(299.0));
  CHECK(rl::count_clamped(l, ref) == 3);
  const auto far = Tensor64::from({2}, std::vector<double>{-25, 30});  // only the linear part moves
  autograd::Accumulators<double> acc({Shape{2}});
  acc.add(std::span(&far, 1), [](In x) { return rl::kl_estimate<double>(x[0], Tensor64({2}), "k3"); });
  const auto grad = acc.finish()[0];
  CHECK(grad.data()[0] == 1);
  CHECK(grad.data()[1] == 1);
}

TEST_CASE("gradients of the estimators as losses, over all tokens of a policy") {
  // E[d k2] is the gradient of KL(policy || reference), E[d k3] of KL(reference || policy), E[d k1] is zero.
  const auto z = normals({1, 6}, 5), ref = ops::log_softmax(normals({1, 6}, 6)), policy = ops::log_softmax(z);
  const auto expected = [&](const std::string& name) {
    const auto result =
        value_and_grad<double>([&](const auto& p) { return ops::mul(ops::exp(policy), rl::kl_estimate(ops::log_softmax(p.z), ref, name)); },
                               [&] {
                                 struct P {
                                   Tensor64 z;
                                   void visit(const std::function<void(const std::string&, const Tensor64&)>& f) const { f("z", z); }
                                   void visit(const std::function<void(const std::string&, Tensor64&)>& f) { f("z", z); }
                                 };
                                 return P{z};
                               }());
    return result.grads.z;
  };
  const auto k1 = expected("k1"), k2 = expected("k2"), k3 = expected("k3");
  double reverse = 0;
  for (int i = 0; i < 6; ++i) reverse += std::exp(policy.data()[i]) * (policy.data()[i] - ref.data()[i]);
  for (int i = 0; i < 6; ++i) {
    const double p = std::exp(policy.data()[i]), q = std::exp(ref.data()[i]);
    CHECK(k1.data()[i] == Approx(0).margin(1e-12));
    CHECK(k2.data()[i] == Approx(p * (policy.data()[i] - ref.data()[i] - reverse)).margin(1e-12));
    CHECK(k3.data()[i] == Approx(p - q).margin(1e-12));
  }
}

TEST_CASE("full KL is exact, never negative, differentiable and leaves out tokens of probability zero") {
  const auto a = normals({4, 9}, 3, 2), b = normals({4, 9}, 4, 2);
  const auto kl = rl::full_kl(a, b);
  CHECK(kl.shape() == Shape{4});
  for (int r = 0; r < 4; ++r) {
    double za = 0, zb = 0, want = 0;
    for (int i = 0; i < 9; ++i) za += std::exp(a.data()[r * 9 + i]), zb += std::exp(b.data()[r * 9 + i]);
    for (int i = 0; i < 9; ++i) {
      const double p = std::exp(a.data()[r * 9 + i]) / za, q = std::exp(b.data()[r * 9 + i]) / zb;
      want += p * std::log(p / q);
    }
    CHECK(kl.data()[r] == Approx(want).margin(1e-12));
  }
  const Tensor64 inputs[] = {a, b};
  CHECK(gradcheck([](In x) { return rl::full_kl(x[0], x[1]); }, inputs).ok);
  for (std::uint32_t k = 0; k < 50; ++k) {  // where rounding would show: nearly equal, in float
    Tensor p({1, 31}), q({1, 31});
    Rng rng(3, Purpose::kUser, k);
    for (int i = 0; i < 31; ++i) {
      p.mutable_data()[i] = static_cast<float>(rng.normal());
      q.mutable_data()[i] = p.data()[i] + 1e-7f * static_cast<float>(rng.normal());
    }
    CHECK(rl::full_kl(p, q).item() >= 0);
  }
  const double inf = std::numeric_limits<double>::infinity();
  const auto cut = Tensor64::from({1, 3}, std::vector<double>{0, 1, -inf}), cut_ref = Tensor64::from({1, 3}, std::vector<double>{1, 0, -inf});
  const auto two = rl::full_kl(Tensor64::from({1, 2}, std::vector<double>{0, 1}), Tensor64::from({1, 2}, std::vector<double>{1, 0}));
  CHECK(rl::full_kl(cut, cut_ref).item() == Approx(two.item()).margin(1e-15));
}

TEST_CASE("AdaptiveKL gives the published values") {
  rl::AdaptiveKL kl(0.2, 6, 1e4);
  const double kls[] = {0, 3, 6, 9, 60}, want[] = {0.198976, 0.1979572429, 0.1979572429, 0.1989707840, 0.1999895144};
  for (int i = 0; i < 5; ++i) CHECK(kl.update(kls[i], 256) == Approx(want[i]).margin(1e-10));
  CHECK(kl.value() == Approx(want[4]).margin(1e-10));
  CHECK_THROWS_AS(kl.update(std::nan(""), 256), ValueError);
  CHECK(kl.value() == Approx(want[4]).margin(1e-10));
  CHECK_THROWS_AS(rl::AdaptiveKL(0.2, 6, 1e4, "batch"), ConfigError);
}

TEST_CASE("token rewards put the score at the last real token") {
  const double nan = std::nan("");
  const auto scores = Tensor64::from({3}, std::vector<double>{2, 3, 5});
  const auto kl = Tensor64::from({3, 3}, std::vector<double>{1, 2, nan, 1, 1, 1, nan, nan, nan});
  const auto mask = Tensor64::from({3, 3}, std::vector<double>{1, 1, 0, 1, 1, 1, 0, 0, 0});
  const auto check = [](const Tensor64& got, const std::vector<double>& want) {
    for (std::size_t i = 0; i < want.size(); ++i) CHECK(got.data()[i] == Approx(want[i]).margin(1e-12));
  };
  check(rl::token_rewards(scores, kl, mask, 0.1), {-.1, 1.8, 0, -.1, -.1, 2.9, 0, 0, 0});
  const auto ended = Tensor64::from({3}, std::vector<double>{1, 0, 0});
  check(rl::token_rewards(scores, kl, mask, 0.1, ended, "set", -1.0), {-.1, 1.8, 0, -.1, -.1, -1.1, 0, 0, 0});
  check(rl::token_rewards(scores, kl, mask, 0.1, ended, "subtract", 1.0), {-.1, 1.8, 0, -.1, -.1, 1.9, 0, 0, 0});
  CHECK_THROWS_AS(rl::token_rewards(scores, kl, mask, 0.1, ended, "drop"), ConfigError);
}
