#include "reference.hpp"

using namespace reference;

namespace {

template <class T> struct Norm { Row<T> y, mean, inv_std; };

/// Layer norm written plainly in the canonical order.
template <class T> Norm<T> layer_norm(const Row<T>& x, const Row<T>& gain, const Row<T>& bias, T eps, std::int64_t m, std::int64_t c) {
  Norm<T> n{Row<T>(x.size()), Row<T>(static_cast<std::size_t>(m)), Row<T>(static_cast<std::size_t>(m))};
  for (std::int64_t r = 0; r < m; ++r) {
    const T* row = x.data() + r * c;
    const T mean = lanes<T>(c, [&](auto i, T a) { return a + row[i]; }) / static_cast<T>(c);
    const T var = lanes<T>(c, [&](auto i, T a) { return std::fma(row[i] - mean, row[i] - mean, a); }) / static_cast<T>(c);
    const T inv = T(1) / std::sqrt(var + eps);
    n.mean[static_cast<std::size_t>(r)] = mean, n.inv_std[static_cast<std::size_t>(r)] = inv;
    for (std::int64_t j = 0; j < c; ++j)
      n.y[static_cast<std::size_t>(r * c + j)] =
          std::fma((row[j] - mean) * inv, gain[static_cast<std::size_t>(j)], bias[static_cast<std::size_t>(j)]);
  }
  return n;
}

/// sum of exp(x[i] * factor - max) over a row, and each term.
template <class T> T exp_sum(const T* x, T factor, T max, std::int64_t c, T* terms = nullptr) {
  return lanes<T>(c, [&](auto i, T a) {
    const T e = math::exp(x[i] * factor - max);
    if (terms) terms[i] = e;
    return a + e;
  });
}

const std::vector<std::pair<std::int64_t, std::int64_t>> kShapes{{0, 5}, {1, 1}, {3, 2}, {2, 15}, {4, 16}, {3, 17}, {5, 33}, {2, 50}, {1, 200}};

}  // namespace

TEMPLATE_TEST_CASE("sums of 16 lanes, of any length", "[kernels]", float, double) {
  using T = TestType;
  for (const auto n : kSizes)
    for (const auto* t : tables<T>()) {
      INFO(t->name << ", " << n << " numbers");
      const auto x = random<T>(n, 1);
      CHECK(same(t->sum16(x.data(), n), lanes<T>(n, [&](auto i, T a) { return a + x[static_cast<std::size_t>(i)]; })));
      const auto at = [&](auto i) { return static_cast<double>(x[static_cast<std::size_t>(i)]); };
      CHECK(same(t->sum16_double(x.data(), n), lanes<double>(n, [&](auto i, double a) { return a + at(i); })));
      CHECK(same(t->sum16_square(x.data(), n), lanes<double>(n, [&](auto i, double a) { return std::fma(at(i), at(i), a); })));
      if (n) CHECK(t->max(x.data(), n) == *std::max_element(x.begin(), x.end()));
    }
}

TEMPLATE_TEST_CASE("the maximum is found at every place", "[kernels]", float, double) {
  using T = TestType;
  for (const auto* t : tables<T>())
    for (std::size_t n = 1; n < 50; ++n)
      for (std::size_t at = 0; at < n; ++at) {
        Row<T> x(n, T(-5));
        x[at] = T(-4);
        REQUIRE(t->max(x.data(), static_cast<std::int64_t>(n)) == T(-4));
      }
}

TEMPLATE_TEST_CASE("layer norm forward and backward in the canonical order", "[kernels]", float, double) {
  using T = TestType;
  const T eps = T(1e-5);
  for (const auto& [m, c] : kShapes) {
    const auto x = random<T>(m * c, 1, 2.0), gain = random<T>(c, 2), bias = random<T>(c, 3), dy = random<T>(m * c, 4), dx0 = random<T>(m * c, 5);
    const auto wanted = layer_norm(x, gain, bias, eps, m, c);
    auto dx1 = dx0;
    auto dgain1 = random<T>(c, 6), dbias1 = random<T>(c, 7);
    const auto dgain0 = dgain1, dbias0 = dbias1;
    for (std::int64_t r = 0; r < m; ++r) {
      const T mean = wanted.mean[static_cast<std::size_t>(r)], inv = wanted.inv_std[static_cast<std::size_t>(r)];
      const T *row = x.data() + r * c, *g = dy.data() + r * c;
      const auto u = [&](auto i) { return g[i] * gain[static_cast<std::size_t>(i)]; };
      const T a = lanes<T>(c, [&](auto i, T s) { return s + u(i); }) / static_cast<T>(c);
      const T b = lanes<T>(c, [&](auto i, T s) { return std::fma(u(i), (row[i] - mean) * inv, s); }) / static_cast<T>(c);
      for (std::int64_t j = 0; j < c; ++j) {
        const auto k = static_cast<std::size_t>(j);
        const T xhat = (row[j] - mean) * inv;
        T& to = dx1[static_cast<std::size_t>(r * c + j)];
        to = to + inv * (u(j) - a - xhat * b);
        dgain1[k] = std::fma(g[j], xhat, dgain1[k]);
        dbias1[k] = dbias1[k] + g[j];
      }
    }
    for (const auto* t : tables<T>()) {
      INFO(t->name << ", " << m << " x " << c);
      Norm<T> got{Row<T>(x.size()), Row<T>(static_cast<std::size_t>(m)), Row<T>(static_cast<std::size_t>(m))};
      t->layer_norm(x.data(), gain.data(), bias.data(), eps, c, got.y.data(), got.mean.data(), got.inv_std.data(), 0, m);
      CHECK((same(got.y, wanted.y) && same(got.mean, wanted.mean) && same(got.inv_std, wanted.inv_std)));
      auto dx = dx0, dgain = dgain0, dbias = dbias0;
      t->layer_norm_backward(x.data(), gain.data(), got.mean.data(), got.inv_std.data(), dy.data(), c, dx.data(), 0, m);
      CHECK(same(dx, dx1));
      const std::int64_t cut = c / 16 * 16 / 2 / 16 * 16;  // columns are cut at multiples of 16
      t->layer_norm_param_backward(x.data(), got.mean.data(), got.inv_std.data(), dy.data(), m, c, dgain.data(), dbias.data(), 0, cut);
      t->layer_norm_param_backward(x.data(), got.mean.data(), got.inv_std.data(), dy.data(), m, c, dgain.data(), nullptr, cut, c);
      t->layer_norm_param_backward(x.data(), got.mean.data(), got.inv_std.data(), dy.data(), m, c, nullptr, dbias.data(), cut, c);
      CHECK((same(dgain, dgain1) && same(dbias, dbias1)));
    }
  }
}

TEMPLATE_TEST_CASE("sums over rows are chains that continue", "[kernels]", float, double) {
  using T = TestType;
  for (const auto& [m, c] : kShapes) {
    const auto x = random<T>(m * c, 1), y0 = random<T>(c, 2), table0 = random<T>(4 * c, 3);
    std::vector<std::int32_t> ids;
    for (std::int64_t i = 0; i < m; ++i) ids.push_back(static_cast<std::int32_t>(i * i % 3));  // row 3 stays, row 0 and 1 repeat
    auto y1 = y0, table1 = table0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(m); ++i)
      for (std::size_t j = 0; j < static_cast<std::size_t>(c); ++j) {
        const T v = x[i * static_cast<std::size_t>(c) + j];
        y1[j] = y1[j] + v;
        T& to = table1[static_cast<std::size_t>(ids[i]) * static_cast<std::size_t>(c) + j];
        to = to + v;
      }
    for (const auto* t : tables<T>()) {
      INFO(t->name << ", " << m << " x " << c);
      auto y = y0, table = table0;
      const std::int64_t cut = std::min<std::int64_t>(c, 16), half = m / 2;
      for (const auto& [begin, end] : {std::pair{cut, c}, {std::int64_t{0}, cut}}) {
        t->column_sum(x.data(), half, c, y.data(), begin, end);
        t->column_sum(x.data() + half * c, m - half, c, y.data(), begin, end);
        t->scatter_add(x.data(), ids.data(), half, c, table.data(), begin, end);
        t->scatter_add(x.data() + half * c, ids.data() + half, m - half, c, table.data(), begin, end);
      }
      CHECK(same(y, y1));
      CHECK(same(table, table1));
    }
  }
}

TEMPLATE_TEST_CASE("softmax, log-softmax and logsumexp with their gradients", "[kernels]", float, double) {
  using T = TestType;
  for (const auto& [m, c] : kShapes) {
    auto x = random<T>(m * c, 1, 4.0);
    if (m > 1) x[1] = T(-1e4), x[0] = T(700);  // one far below, one that would overflow
    const auto dy = random<T>(m * c, 2), dx0 = random<T>(m * c, 3);
    Row<T> soft(x.size()), log_soft(x.size()), lse(static_cast<std::size_t>(m)), dsoft = dx0, dlog = dx0;
    for (std::int64_t r = 0; r < m; ++r) {
      const T *row = x.data() + r * c, *g = dy.data() + r * c;
      T *p = soft.data() + r * c, *l = log_soft.data() + r * c;
      const T max = *std::max_element(row, row + c), sum = exp_sum(row, T(1), max, c, p), log_sum = math::log(sum);
      lse[static_cast<std::size_t>(r)] = max + log_sum;
      for (std::int64_t j = 0; j < c; ++j) p[j] = p[j] / sum, l[j] = (row[j] - max) - log_sum;
      const T dot = lanes<T>(c, [&](auto i, T a) { return std::fma(p[i], g[i], a); }), total = lanes<T>(c, [&](auto i, T a) { return a + g[i]; });
      for (std::int64_t j = 0; j < c; ++j) {
        const auto k = static_cast<std::size_t>(r * c + j);
        dsoft[k] = dsoft[k] + p[j] * (g[j] - dot);
        dlog[k] = dlog[k] + (g[j] - math::exp(l[j]) * total);
      }
    }
    for (const auto* t : tables<T>()) {
      INFO(t->name << ", " << m << " x " << c);
      Row<T> y(x.size()), z(x.size()), s(lse.size());
      t->softmax(x.data(), c, y.data(), 0, m);
      t->log_softmax(x.data(), c, z.data(), 0, m);
      t->logsumexp(x.data(), c, s.data(), 0, m);
      CHECK(same(y, soft));
      CHECK(same(z, log_soft));
      CHECK(same(s, lse));
      auto dx = dx0;
      t->softmax_backward(y.data(), dy.data(), c, dx.data(), 0, m);
      CHECK(same(dx, dsoft));
      dx = dx0;
      t->log_softmax_backward(z.data(), dy.data(), c, dx.data(), 0, m);
      CHECK(same(dx, dlog));
    }
    for (std::int64_t r = 0; r < m; ++r) {  // and they are what they are called, in double
      double max = -1e300, sum = 0;
      for (std::int64_t j = 0; j < c; ++j) max = std::max(max, static_cast<double>(x[static_cast<std::size_t>(r * c + j)]));
      for (std::int64_t j = 0; j < c; ++j) sum += std::exp(static_cast<double>(x[static_cast<std::size_t>(r * c + j)]) - max);
      CHECK(static_cast<double>(lse[static_cast<std::size_t>(r)]) == Approx(max + std::log(sum)).epsilon(kClose<T>).margin(kClose<T>));
    }
  }
}

TEMPLATE_TEST_CASE("token log-probs at a temperature, with their gradient", "[kernels]", float, double) {
  using T = TestType;
  for (const T inv : {T(1), T(1.0 / 0.7)})
    for (const auto& [m, c] : kShapes) {
      const auto x = random<T>(m * c, 1, 4.0), dlog = random<T>(m, 2);
      std::vector<std::int32_t> targets;
      Row<T> logprob, maxima, sums, dx1(x.size());
      for (std::int64_t r = 0; r < m; ++r) {
        const T* row = x.data() + r * c;
        const auto target = static_cast<std::int32_t>((r * 7 + c - 1) % c);
        const T max = *std::max_element(row, row + c) * inv, sum = exp_sum(row, inv, max, c), g = dlog[static_cast<std::size_t>(r)] * inv;
        targets.push_back(target), maxima.push_back(max), sums.push_back(sum);
        logprob.push_back((row[target] * inv - max) - math::log(sum));
        for (std::int64_t j = 0; j < c; ++j) {
          T& to = dx1[static_cast<std::size_t>(r * c + j)];
          to = T(0) - g * (math::exp(row[j] * inv - max) / sum);
        }
        T& at = dx1[static_cast<std::size_t>(r * c + target)];
        at = at + g;
      }
      for (const auto* t : tables<T>()) {
        INFO(t->name << ", " << m << " x " << c);
        Row<T> y(logprob.size()), top(logprob.size()), sum(logprob.size()), dx = x;
        t->token_logprob(x.data(), targets.data(), inv, c, y.data(), top.data(), sum.data(), 0, m);
        t->token_logprob_backward(dx.data(), targets.data(), inv, top.data(), sum.data(), dlog.data(), c, dx.data(), 0, m);
        CHECK((same(y, logprob) && same(top, maxima) && same(sum, sums)));
        CHECK(same(dx, dx1));
      }
    }
}
