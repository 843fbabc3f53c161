#include <cmath>

#include "../catch.hpp"
#include "tutelage/autograd/grad.hpp"
#include "tutelage/autograd/ops.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/rl/dpo_loss.hpp"

using namespace tutelage;
using In = std::span<const Tensor64>;

namespace {

const std::string kTypes[] = {"sigmoid", "cdpo", "robust", "hinge", "ipo", "ipo_sum", "simpo", "orpo"};

Tensor64 list(const std::vector<double>& x) { return Tensor64::from({static_cast<std::int64_t>(x.size())}, x); }
double l(double x) { return std::log1p(std::exp(-x)); }
Tensor64 logprobs(std::uint32_t item, double per_token = -1) {  // sums over a few tokens, all below 0
  Tensor64 t({6});
  Rng rng(3, Purpose::kUser, item);
  for (int i = 0; i < 6; ++i) t.mutable_data()[i] = per_token * (2 + 10 * rng.uniform());
  return t;
}
rl::DpoOptions<double> options(const std::string& type) {
  rl::DpoOptions<double> o;
  o.loss_type = type;
  o.chosen_lengths = list({3, 8, 4, 1, 6, 2}), o.rejected_lengths = list({5, 2, 4, 3, 9, 1});
  return o;
}

}  // namespace

TEST_CASE("dpo gives the published values, and log 2 at the reference") {
  const auto zero = list({0, 0, 0}), d = list({0, 10, 20});
  const auto r = rl::dpo_loss(d, zero, zero, zero);
  const double want[] = {0.693147, 0.313262, 0.126928};
  for (int i = 0; i < 3; ++i) {
    CHECK(r.losses.data()[i] == Approx(want[i]).margin(1e-6));
    CHECK(r.chosen_rewards.data()[i] == Approx(0.1 * d.data()[i]));
    CHECK(r.rejected_rewards.data()[i] == 0);
  }
  const auto c = logprobs(1), j = logprobs(2);
  for (const std::string type : {"sigmoid", "cdpo", "robust"}) {
    auto o = options(type);
    o.label_smoothing = 0.2;
    for (double x : rl::dpo_loss(c, j, c, j, o).losses.span()) CHECK(x == Approx(std::log(2.0)).margin(1e-15));
  }
}

TEST_CASE("every dpo loss type follows its formula") {
  const auto c = logprobs(1), r = logprobs(2), rc = logprobs(3), rr = logprobs(4);
  const double beta = 0.3, e = 0.15;
  for (const auto& type : kTypes) {
    auto o = options(type);
    o.beta = beta, o.simpo_gamma = 0.5;
    if (type == "cdpo" || type == "robust") o.label_smoothing = e;
    const auto got = rl::dpo_loss(c, r, rc, rr, o);
    for (int i = 0; i < 6; ++i) {
      const double lc = o.chosen_lengths.data()[i], lr = o.rejected_lengths.data()[i];
      const double x = c.data()[i] - rc.data()[i], y = r.data()[i] - rr.data()[i], d = x - y, pc = c.data()[i] / lc, pr = r.data()[i] / lr;
      const auto square = [](double v) { return v * v; };
      const auto logit = [](double v) { return v - std::log(1 - std::exp(v)); };
      const double want = type == "sigmoid"   ? l(beta * d)
                          : type == "cdpo"    ? (1 - e) * l(beta * d) + e * l(-beta * d)
                          : type == "robust"  ? ((1 - e) * l(beta * d) - e * l(-beta * d)) / (1 - 2 * e)
                          : type == "hinge"   ? std::max(0.0, 1 - beta * d)
                          : type == "ipo"     ? square(x / lc - y / lr - 1 / (2 * beta))
                          : type == "ipo_sum" ? square(d - 1 / (2 * beta))
                          : type == "simpo"   ? l(beta * (pc - pr) - 0.5)
                                              : -pc + beta * l(logit(pc) - logit(pr));
      INFO(type << " " << i);
      CHECK(got.losses.data()[i] == Approx(want).margin(1e-12));
    }
  }
  auto smooth = options("sigmoid");
  smooth.label_smoothing = e;
  auto cdpo = options("cdpo");
  cdpo.label_smoothing = e;
  for (int i = 0; i < 6; ++i) CHECK(rl::dpo_loss(c, r, rc, rr, smooth).losses.data()[i] == rl::dpo_loss(c, r, rc, rr, cdpo).losses.data()[i]);
}

TEST_CASE("every dpo loss type passes the gradient check") {
  const Tensor64 inputs[] = {logprobs(1), logprobs(2), logprobs(3), logprobs(4)};
  const auto weights = list({1, -2, 3, .5, -1, 2});  // not all alike: each loss must depend on its own pair
  for (const auto& type : kTypes)
    for (double beta : {0.1, 0.7}) {
      auto o = options(type);
      o.beta = beta;
      if (type == "cdpo" || type == "robust" || type == "simpo") o.label_smoothing = 0.1;
      const auto result = gradcheck([&](In x) { return ops::mul(rl::dpo_loss(x[0], x[1], x[2], x[3], o).losses, weights); }, inputs);
      INFO(type << " " << result.where);
      CHECK(result.ok);
    }
}

TEST_CASE("robust dpo is unbiased under flipped labels, and terms scale") {
  const auto c = logprobs(1), r = logprobs(2), rc = logprobs(3), rr = logprobs(4);
  auto o = options("robust");
  o.label_smoothing = 0.2;
  const auto kept = rl::dpo_loss(c, r, rc, rr, o), flipped = rl::dpo_loss(r, c, rr, rc, o), clean = rl::dpo_loss(c, r, rc, rr);
  const auto scaled = rl::dpo_terms(c, r, rc, rr, 0.25, o);
  for (int i = 0; i < 6; ++i) {
    CHECK(0.8 * kept.losses.data()[i] + 0.2 * flipped.losses.data()[i] == Approx(clean.losses.data()[i]).margin(1e-12));
    CHECK(scaled.losses.data()[i] == 0.25 * kept.losses.data()[i]);
    CHECK(scaled.chosen_rewards.data()[i] == kept.chosen_rewards.data()[i]);
  }
}

TEST_CASE("reference-free types need no reference; extreme log-probs stay finite") {
  for (const std::string type : {"simpo", "orpo"}) {
    const auto o = options(type);
    const auto a = rl::dpo_loss(logprobs(1), logprobs(2), {}, {}, o), b = rl::dpo_loss(logprobs(1), logprobs(2), logprobs(3), logprobs(4), o);
    for (int i = 0; i < 6; ++i) CHECK(a.losses.data()[i] == b.losses.data()[i]);
  }
  rl::DpoOptions<float> o;
  o.chosen_lengths = o.rejected_lengths = Tensor::full({3}, 1);
  const auto far = Tensor::from({3}, std::vector<float>{0, -1e-9f, -3e4f}), near = Tensor::from({3}, std::vector<float>{-3e4f, 0, -2});
  for (const auto& type : kTypes) {
    o.loss_type = type;
    for (float x : rl::dpo_loss(far, near, Tensor({3}), Tensor({3}), o).losses.span()) CHECK(std::isfinite(x));
  }
}

TEST_CASE("dpo names what is wrong") {
  const auto c = logprobs(1);
  auto o = options("sigmiod");
  try {
    rl::dpo_loss(c, c, c, c, o);
    FAIL("an unknown type was taken");
  } catch (const ConfigError& e) { CHECK(std::string(e.what()).find("Did you mean sigmoid?") != std::string::npos); }
  CHECK_THROWS_AS(rl::dpo_loss(c, list({1}), c, c), ShapeError);
  CHECK_THROWS_AS(rl::dpo_loss(c, c, Tensor64(), Tensor64()), ShapeError);
  rl::DpoOptions<double> bare;
  bare.loss_type = "ipo";
  CHECK_THROWS_AS(rl::dpo_loss(c, c, c, c, bare), ValueError);
  bare = {}, bare.beta = 0;
  CHECK_THROWS_AS(rl::dpo_loss(c, c, c, c, bare), ValueError);
  bare = {}, bare.loss_type = "robust", bare.label_smoothing = 0.5;
  CHECK_THROWS_AS(rl::dpo_loss(c, c, c, c, bare), ValueError);
  bare = {}, bare.loss_type = "hinge", bare.label_smoothing = 0.1;
  CHECK_THROWS_AS(rl::dpo_loss(c, c, c, c, bare), ValueError);
}

TEST_CASE("kto follows its formula and passes the gradient check") {
  const auto p = logprobs(1), ref = logprobs(2), wanted = list({1, 0, 1, 1, 0, 0});
  const double kl = 0.7, beta = 0.2;
  const auto got = rl::kto_loss(p, ref, wanted, kl, beta, 1.0, 1.5);
  for (int i = 0; i < 6; ++i) {
    const double ratio = p.data()[i] - ref.data()[i], s = 1 / (1 + std::exp(-beta * (ratio - kl)));
    CHECK(got.losses.data()[i] == Approx(wanted.data()[i] != 0 ? 1 - s : 1.5 * s).margin(1e-12));
    CHECK(got.rewards.data()[i] == Approx(beta * ratio));
  }
  const Tensor64 inputs[] = {p, ref};
  CHECK(gradcheck([&](In x) { return rl::kto_loss(x[0], x[1], wanted, kl, beta, 1.0, 1.5).losses; }, inputs).ok);
  CHECK(rl::kto_kl(list({-1, -2}), list({-2, -4})) == Approx(1.5));
  CHECK(rl::kto_kl(list({-2, -4}), list({-1, -2})) == 0);
  CHECK_THROWS_AS(rl::kto_loss(p, ref, wanted, -0.1), ValueError);
}
