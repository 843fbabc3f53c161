#include <cmath>
#include <limits>

#include "../catch.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/rl/advantages.hpp"

using namespace tutelage;

namespace {

const double kNan = std::numeric_limits<double>::quiet_NaN();

Tensor64 row(const std::vector<double>& x) { return Tensor64::from({1, static_cast<std::int64_t>(x.size())}, x); }
void check_close(const Tensor64& got, const std::vector<double>& want, double margin = 1e-9) {
  REQUIRE(got.size() == static_cast<std::int64_t>(want.size()));
  for (std::size_t i = 0; i < want.size(); ++i) CHECK(got.data()[i] == Approx(want[i]).margin(margin));
}
Tensor64 normals(Shape shape, std::uint32_t item) {
  Tensor64 t(shape);
  Rng rng(11, Purpose::kUser, item);
  for (std::int64_t i = 0; i < t.size(); ++i) t.mutable_data()[i] = rng.normal();
  return t;
}

}  // namespace

TEST_CASE("gae gives the published values") {
  const auto r = row({-.01, .02, -.03, 1.04}), v = row({.1, .2, .3, .4});
  check_close(rl::gae(r, v).advantages, {0.815895, 0.7641, 0.678, 0.64});
  check_close(rl::gae(r, v, 1.0, 1.0).advantages, {.92, .83, .71, .64});
  const auto x = row({0, 0, 0, 1});
  check_close(rl::gae(x, x, 0.9, 0.95).returns, {0.6579225, 0.7695, 0.9, 1});
}

TEST_CASE("gae with lambda 1 is Monte Carlo, with lambda 0 one step") {
  const std::int64_t b = 3, t = 17;
  const auto r = normals({b, t}, 1), v = normals({b, t}, 2), behind = normals({b}, 3);
  const double gamma = 0.9;
  const auto mc = rl::gae(r, v, gamma, 1.0, {{}, {}, {}, behind}), td = rl::gae(r, v, gamma, 0.0, {{}, {}, {}, behind});
  for (std::int64_t i = 0; i < b; ++i) {
    double after = behind.data()[i], next = after;
    for (std::int64_t j = t; j-- > 0;) {
      const auto at = i * t + j;
      after = r.data()[at] + gamma * after;
      CHECK(mc.returns.data()[at] == Approx(after).margin(1e-12));
      CHECK(td.advantages.data()[at] == Approx(r.data()[at] + gamma * next - v.data()[at]).margin(1e-12));
      next = v.data()[at];
    }
  }
}

TEST_CASE("gae skips masked places, whatever stands there") {
  const auto plain = rl::gae(row({-.01, .02, -.03, 1.04}), row({.1, .2, .3, .4}), 0.9, 0.8);
  const rl::GaeEnds<double> ends{row({0, 1, 0, 1, 1, 1, 0}), row({1, 0, 1, 0, 0, 0, 1}), {}, {}};
  const auto wide = rl::gae(row({kNan, -.01, kNan, .02, -.03, 1.04, kNan}), row({kNan, .1, kNan, .2, .3, .4, kNan}), 0.9, 0.8, ends);
  const int places[] = {1, 3, 4, 5};
  for (int k = 0; k < 4; ++k) {
    CHECK(wide.advantages.data()[places[k]] == plain.advantages.data()[k]);
    CHECK(wide.returns.data()[places[k]] == plain.returns.data()[k]);
  }
  CHECK(wide.advantages.data()[0] == 0);
  CHECK(wide.returns.data()[6] == 0);
}

TEST_CASE("gae: a truncated step bootstraps, a terminated one does not") {
  const auto r = row({1, 1, 1, 1}), v = row({.5, .5, .5, .5}), at_second = row({0, 1, 0, 0});
  const rl::GaeEnds<double> terminated{{}, at_second, {}, Tensor64::full({1}, 3)};
  check_close(rl::gae(r, v, 0.9, 0.8, terminated).advantages, {0.95 + 0.72 * 0.5, 0.5, 0.95 + 0.72 * 3.2, 3.2});
  const rl::GaeEnds<double> truncated{{}, {}, at_second, row({kNan, 2, kNan, 3})};
  check_close(rl::gae(r, v, 0.9, 0.8, truncated).advantages, {0.95 + 0.72 * 2.3, 2.3, 0.95 + 0.72 * 3.2, 3.2});
  // One number serves one end: here the truncated step, because the last terminated.
  const rl::GaeEnds<double> one{{}, row({0, 0, 0, 1}), at_second, Tensor64::full({1}, 2)};
  check_close(rl::gae(r, v, 0.9, 0.8, one).advantages, {0.95 + 0.72 * 2.3, 2.3, 0.95 + 0.72 * 0.5, 0.5});
  CHECK_THROWS_AS(rl::gae(r, v, 0.9, 0.8, {{}, {}, at_second, Tensor64::full({1}, 2)}), ValueError);
  CHECK_THROWS_AS(rl::gae(r, v, 0.9, 0.8, {{}, {}, at_second, {}}), ValueError);  // a time limit is not an end
  CHECK_THROWS_AS(rl::gae(r, row({1, 2, 3})), ShapeError);
  CHECK_THROWS_AS(rl::gae(r, v, 1.1), ValueError);
}

TEST_CASE("whiten gives the published values and skips masked places") {
  const auto x = Tensor64::from({2, 3}, std::vector<double>{1, 2, 3, 4, 6, kNan}),
             mask = Tensor64::from({2, 3}, std::vector<double>{1, 1, 1, 1, 1, 0});
  const auto y = rl::whiten(x, mask);
  const double want[] = {-1.278724, -.697486, -.116248, .464991, 1.627467, 0};
  for (int i = 0; i < 6; ++i) CHECK(y.data()[i] == Approx(want[i]).margin(1e-6));
  const auto kept = rl::whiten(x, mask, true), other = rl::whiten(x, mask, false, 1);
  for (int i = 0; i < 5; ++i) {
    CHECK(kept.data()[i] == Approx(y.data()[i] + 3.2).margin(1e-12));
    CHECK(other.data()[i] == Approx(y.data()[i] * std::sqrt(0.8)).margin(1e-7));
  }
  CHECK(kept.data()[5] == 0);
  CHECK_THROWS_AS(rl::whiten(row({1}), {}, false, 1), ValueError);
  CHECK_THROWS_AS(rl::whiten(row({1, 2}), row({0, 0})), ValueError);
}

TEST_CASE("whiten: padding does not move a bit") {
  const auto x = normals({5, 40}, 4);
  Tensor64 wide({5, 43}), mask({5, 43});
  for (std::int64_t i = 0; i < 5; ++i)
    for (std::int64_t j = 0; j < 43; ++j) {
      wide.mutable_data()[i * 43 + j] = j < 40 ? x.data()[i * 40 + j] : kNan;
      mask.mutable_data()[i * 43 + j] = j < 40;
    }
  const auto a = rl::whiten(x), b = rl::whiten(wide, mask);
  for (std::int64_t i = 0; i < 5; ++i)
    for (std::int64_t j = 0; j < 40; ++j) CHECK(a.data()[i * 40 + j] == b.data()[i * 43 + j]);
}

TEST_CASE("group advantages give the published values") {
  const auto r = Tensor64::from({4}, std::vector<double>{1, 6, 3, 2});
  const std::int64_t same[] = {0, 0, 0, 0};
  check_close(rl::rloo_advantages(r, same), {-8.0 / 3, 4, 0, -4.0 / 3}, 1e-12);
  check_close(rl::grpo_advantages(r, same), {-.925777, 1.388666, 0, -.462889}, 1e-6);
  check_close(rl::grpo_advantages<double>(r, same, "none"), {-2, 3, 0, -1}, 1e-12);
  // Groups are independent, in any order; one alone, or all equal, learns nothing.
  const auto mixed = Tensor64::from({7}, std::vector<double>{1, 9, 6, 0.1, 3, 0.1, 2});
  const std::int64_t groups[] = {5, 8, 5, -1, 5, -1, 5};
  check_close(rl::rloo_advantages(mixed, groups), {-8.0 / 3, 0, 4, 0, 0, 0, -4.0 / 3}, 1e-12);
  check_close(rl::grpo_advantages(mixed, groups), {-.925777, 0, 1.388666, 0, 0, 0, -.462889}, 1e-6);
  CHECK_THROWS_AS(rl::grpo_advantages<double>(r, same, "batch"), ConfigError);
  CHECK_THROWS_AS(rl::rloo_advantages(r, std::span(same, 3)), ShapeError);
}
