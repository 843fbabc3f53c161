#include <cmath>
#include <limits>

#include "../catch.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/optim/adamw.hpp"

using namespace tutelage;

TEST_CASE("AdamW follows its formula") {
  optim::AdamWConfig c;
  c.learning_rate = 0.1, c.weight_decay = 0.01, c.max_grad_norm = 0;
  std::vector<Tensor64> p{Tensor64::full({1, 2}, 1.0)};
  optim::AdamWState<double> state;
  double x = 1, m = 0, v = 0;
  for (int t = 1; t <= 5; ++t) {
    const double g = 0.3 * t;
    const std::vector<Tensor64> grads{Tensor64::full({1, 2}, g)};
    CHECK(optim::adamw_step<double>(p, grads, state, c) == Approx(g * std::sqrt(2.0)));
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    x = x - 0.1 * (m / (1 - std::pow(0.9, t)) / (std::sqrt(v / (1 - std::pow(0.999, t))) + 1e-8) + 0.01 * x);
    CHECK(p[0].data()[0] == Approx(x).epsilon(1e-12));
  }
}

TEST_CASE("the norm is clipped, vectors do not decay, and NaN changes nothing") {
  optim::AdamWConfig c;
  c.weight_decay = 1;
  std::vector<Tensor> p{Tensor::full({3}, 2.0f)};
  optim::AdamWState<float> state;
  const std::vector<Tensor> zero{Tensor({3})};
  optim::adamw_step<float>(p, zero, state, c);
  CHECK(p[0].data()[0] == 2.0f);
  const std::vector<Tensor> nan{Tensor::full({3}, std::numeric_limits<float>::quiet_NaN())};
  CHECK_THROWS_AS(optim::adamw_step<float>(p, nan, state, c), NumericError);
  CHECK(state.step == 1);
  CHECK(p[0].data()[0] == 2.0f);

  std::vector<Tensor> a{Tensor({4})}, b{Tensor({4})};
  optim::AdamWState<float> sa, sb;
  const std::vector<Tensor> big{Tensor::full({4}, 50.0f)}, unit{Tensor::full({4}, 0.5f)};  // norms 100 and 1
  CHECK(optim::adamw_step<float>(a, big, sa, c) == Approx(100));
  optim::adamw_step<float>(b, unit, sb, c);
  CHECK(sa.m[0].data()[0] == Approx(sb.m[0].data()[0]));
  const std::vector<Tensor> wrong{Tensor({5})};
  CHECK_THROWS_AS(optim::adamw_step<float>(a, wrong, sa, c), ShapeError);
}

TEST_CASE("moments that vanish become zero, not subnormal") {
  optim::AdamWConfig c;
  std::vector<Tensor> p{Tensor({1})};
  optim::AdamWState<float> state;
  const std::vector<Tensor> tiny{Tensor::full({1}, 1e-18f)}, zero{Tensor({1})};
  optim::adamw_step<float>(p, tiny, state, c);
  for (int i = 0; i < 2000; ++i) optim::adamw_step<float>(p, zero, state, c);
  CHECK(state.m[0].data()[0] == 0.0f);
}

TEST_CASE("a refused step changes nothing") {
  optim::AdamWConfig c;
  std::vector<Tensor> p{Tensor::full({2, 2}, 2.0f), Tensor::full({3}, 1.0f)};
  const std::vector<Tensor> g{Tensor::full({2, 2}, 0.5f), Tensor::full({3}, -0.5f)};
  optim::AdamWState<float> state;
  optim::adamw_step<float>(p, g, state, c);
  const auto before = p;
  const auto m = state.m[0];
  const auto unchanged = [&] {
    CHECK(state.step == 1);
    CHECK(state.m.size() == 2);
    CHECK(std::equal(m.span().begin(), m.span().end(), state.m[0].span().begin()));
    for (std::size_t i = 0; i < 2; ++i) CHECK(std::equal(p[i].span().begin(), p[i].span().end(), before[i].span().begin()));
  };
  CHECK_THROWS_AS(optim::adamw_step<float>(p, g, state, c, std::numeric_limits<double>::quiet_NaN()), ValueError);
  unchanged();
  std::vector<Tensor> others{Tensor({2, 2})};
  const std::vector<Tensor> other_grads{Tensor({2, 2})};
  CHECK_THROWS_AS(optim::adamw_step<float>(others, other_grads, state, c), ShapeError);  // moments of two tensors
  unchanged();
  c.beta2 = 1;
  CHECK_THROWS_AS(optim::adamw_step<float>(p, g, state, c), ConfigError);
  unchanged();
}

TEST_CASE("a copy of the parameters stays as it was") {
  std::vector<Tensor> p{Tensor::full({2, 2}, 2.0f)};
  const std::vector<Tensor> g{Tensor::full({2, 2}, 0.5f)};
  const auto reference = p;
  optim::AdamWState<float> state;
  optim::adamw_step<float>(p, g, state, optim::AdamWConfig{});
  CHECK(reference[0].data()[0] == 2.0f);
  CHECK(p[0].data()[0] < 2.0f);
}

TEST_CASE("the norm goes by blocks of 4,096 in the list's order, whatever the threads") {
  std::vector<Tensor> p{Tensor({5000}), Tensor({300, 401})};
  std::vector<Tensor> g{Tensor({5000}), Tensor({300, 401})};
  Rng rng(1, Purpose::kUser);
  double sum = 0;
  for (auto& t : g) {
    float* x = t.mutable_data();
    for (std::int64_t i = 0; i < t.size(); ++i) x[i] = static_cast<float>(rng.normal());
    for (std::int64_t from = 0; from < t.size(); from += 4096) {
      double lanes[16] = {};
      for (std::int64_t i = from; i < std::min(t.size(), from + 4096); ++i)
        lanes[(i - from) % 16] = std::fma(static_cast<double>(x[i]), static_cast<double>(x[i]), lanes[(i - from) % 16]);
      for (int width = 8; width > 0; width /= 2)
        for (int i = 0; i < width; ++i) lanes[i] += lanes[i + width];
      sum += lanes[0];
    }
  }
  for (const int threads : {1, 2, 3}) {
    set_num_threads(threads);
    optim::AdamWState<float> state;
    auto q = p;
    CHECK(optim::adamw_step<float>(q, g, state, optim::AdamWConfig{}) == std::sqrt(sum));
  }
  set_num_threads(0);
}

TEST_CASE("configurations out of range are refused") {
  const auto refused = [](auto change) {
    optim::AdamWConfig c;
    change(c);
    CHECK_THROWS_AS(c.validate(), ConfigError);
  };
  refused([](auto& c) { c.learning_rate = -1; });
  refused([](auto& c) { c.beta1 = 1; });
  refused([](auto& c) { c.eps = 1e-60; });  // 0 in float
  refused([](auto& c) { c.weight_decay = std::numeric_limits<double>::infinity(); });
  refused([](auto& c) { c.max_grad_norm = std::numeric_limits<double>::quiet_NaN(); });
}

TEST_CASE("schedules") {
  const optim::Schedule s{optim::Schedule::Kind::kLinear, 10, 110, 0.1};
  CHECK(s.factor(0) == Approx(0.1));
  CHECK(s.factor(9) == Approx(1.0));
  CHECK(s.factor(60) == Approx(0.55));
  CHECK(s.factor(500) == Approx(0.1));
  const optim::Schedule cosine{optim::Schedule::Kind::kCosine, 0, 100, 0};
  CHECK(cosine.factor(50) == Approx(0.5));
  CHECK(cosine.factor(100) == Approx(0.0).margin(1e-12));
  CHECK(optim::Schedule{optim::Schedule::Kind::kLinear, 4, 4, 0}.factor(9) == 1.0);
  CHECK_THROWS_AS(cosine.factor(-1), ValueError);
}
