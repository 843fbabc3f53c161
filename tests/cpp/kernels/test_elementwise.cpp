#include <functional>

#include "reference.hpp"

using namespace reference;
using kernels::Binary;
using kernels::Unary;

namespace {

using Real = long double;

const std::vector<std::pair<Unary, std::function<Real(Real)>>> kUnary{
    {Unary::kExp, [](Real x) { return std::exp(x); }},
    {Unary::kLog, [](Real x) { return std::log(x); }},
    {Unary::kSqrt, [](Real x) { return std::sqrt(x); }},
    {Unary::kSquare, [](Real x) { return x * x; }},
    {Unary::kAbs, [](Real x) { return std::abs(x); }},
    {Unary::kNeg, [](Real x) { return -x; }},
    {Unary::kTanh, [](Real x) { return std::tanh(x); }},
    {Unary::kSigmoid, [](Real x) { return 1 / (1 + std::exp(-x)); }},
    {Unary::kSoftplus, [](Real x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }},
    {Unary::kRelu, [](Real x) { return x > 0 ? x : 0; }},
    {Unary::kGelu, [](Real x) { return x / 2 * (1 + std::tanh(std::sqrt(2 / std::acos(Real(-1))) * (x + Real(0.044715) * x * x * x))); }},
    {Unary::kSilu, [](Real x) { return x / (1 + std::exp(-x)); }},
    {Unary::kGeluExact, [](Real x) { return x / 2 * std::erfc(-x / std::sqrt(Real(2))); }},
};

/// Inputs in the domain of `op`, away from kinks.
template <class T> Row<T> inputs(Unary op, std::int64_t n) {
  auto x = random<T>(n, 1, 3.0);
  for (T& v : x) {
    if (op == Unary::kLog || op == Unary::kSqrt) v = std::abs(v) + T(0.05);
    if (std::abs(v) < T(0.01)) v = T(0.5);
  }
  return x;
}

std::vector<double> mapped(const std::vector<double>& x, const std::function<Real(Real)>& f) {
  std::vector<double> y;
  for (double v : x) y.push_back(static_cast<double>(f(v)));
  return y;
}
template <class T> std::vector<double> wide(const Row<T>& x) { return {x.begin(), x.end()}; }
Real slope(const std::function<Real(Real)>& f, Real x) { return (f(x + 1e-5L) - f(x - 1e-5L)) / 2e-5L; }

/// fma-free wherever a row says so: the tests are compiled without contraction.
template <class T> Row<T> each(std::int64_t n, const std::function<T(std::size_t)>& f) {
  Row<T> y;
  for (std::int64_t i = 0; i < n; ++i) y.push_back(f(static_cast<std::size_t>(i)));
  return y;
}

}  // namespace

TEMPLATE_TEST_CASE("functions of one number: values, slopes, one result in every set", "[kernels]", float, double) {
  using T = TestType;
  for (const auto& [op, f] : kUnary)
    for (const auto n : kSizes) {
      const auto x = inputs<T>(op, n), dy = random<T>(n, 2), start = random<T>(n, 3);
      Row<T> first_y, first_dx;
      for (const auto* t : tables<T>()) {
        INFO(t->name << ", function " << static_cast<int>(op) << ", " << n << " numbers");
        Row<T> y(x.size()), dx = start;
        t->unary(op, x.data(), y.data(), 0, n);
        t->unary_backward(op, x.data(), y.data(), dy.data(), dx.data(), 0, n);
        CHECK(distance(y, mapped(wide(x), f)) < kClose<T>);
        std::vector<double> wanted;
        for (std::size_t i = 0; i < x.size(); ++i) wanted.push_back(static_cast<double>(start[i] + dy[i] * slope(f, x[i])));
        CHECK(distance(dx, wanted) < (sizeof(T) == 4 ? 1e-5 : 1e-8));
        if (t == tables<T>()[0]) first_y = y, first_dx = dx;
        CHECK(same(y, first_y));
        CHECK(same(dx, first_dx));
      }
    }
}

TEMPLATE_TEST_CASE("elementary functions at their ends", "[kernels]", float, double) {
  using T = TestType;
  constexpr T inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN(), tiny = std::numeric_limits<T>::denorm_min();
  const T low = sizeof(T) == 4 ? T(-87.34) : T(-708.1), high = sizeof(T) == 4 ? T(88.8) : T(709.8);
  for (const auto* t : tables<T>()) {
    INFO(t->name);
    const auto of = [&](Unary op, T x) {
      Row<T> in(17, x), y(17);
      t->unary(op, in.data(), y.data(), 0, 17);
      CHECK((same(y[0], y[16]) || (std::isnan(y[0]) && std::isnan(y[16]))));  // a full run and the odd one
      return y[0];
    };
    CHECK(of(Unary::kExp, 0) == 1);
    CHECK(of(Unary::kExp, -T(0)) == 1);
    CHECK(of(Unary::kExp, low) == 0);
    CHECK(of(Unary::kExp, -inf) == 0);
    CHECK(of(Unary::kExp, high) == inf);
    CHECK(of(Unary::kExp, std::log(std::numeric_limits<T>::max()) - T(0.01)) < inf);
    CHECK(of(Unary::kLog, 1) == 0);
    CHECK(of(Unary::kLog, 0) == -inf);
    CHECK(std::isnan(of(Unary::kLog, -1)));
    CHECK(of(Unary::kLog, inf) == inf);
    CHECK(of(Unary::kLog, tiny) == Approx(std::log(static_cast<double>(tiny))));
    CHECK(of(Unary::kTanh, 50) == 1);
    CHECK(of(Unary::kTanh, -inf) == -1);
    CHECK(of(Unary::kSigmoid, -inf) == 0);
    CHECK(of(Unary::kSigmoid, inf) == 1);
    CHECK(of(Unary::kSoftplus, T(1000)) == T(1000));
    CHECK(of(Unary::kSoftplus, T(-1000)) == 0);
    CHECK(of(Unary::kRelu, -T(3)) == 0);
    CHECK(of(Unary::kGelu, T(30)) == T(30));
    CHECK(of(Unary::kGelu, T(-30)) == 0);
    CHECK(of(Unary::kGeluExact, T(30)) == T(30));
    CHECK(of(Unary::kGeluExact, T(-30)) == 0);
    for (const auto op :
         {Unary::kExp, Unary::kLog, Unary::kSqrt, Unary::kTanh, Unary::kSigmoid, Unary::kSoftplus, Unary::kGelu, Unary::kSilu, Unary::kGeluExact})
      CHECK(std::isnan(of(op, nan)));
    Row<T> zero{0}, dy{5}, dx{1};
    for (const auto op : {Unary::kRelu, Unary::kAbs}) t->unary_backward(op, zero.data(), zero.data(), dy.data(), dx.data(), 0, 1);
    CHECK(dx[0] == 1);  // no slope at the kink
  }
}

TEMPLATE_TEST_CASE("activations go back by their slopes, and give their values again", "[kernels]", float, double) {
  using T = TestType;
  const std::vector<std::pair<Activation, Unary>> all{{Activation::kGelu, Unary::kGelu},
                                                      {Activation::kRelu, Unary::kRelu},
                                                      {Activation::kTanh, Unary::kTanh},
                                                      {Activation::kSilu, Unary::kSilu},
                                                      {Activation::kGeluExact, Unary::kGeluExact}};
  for (const auto n : kSizes)
    for (const auto* t : tables<T>()) {
      INFO(t->name << ", " << n << " numbers");
      const auto dy = random<T>(n, 2);
      for (const auto& [act, op] : all) {
        const auto x = inputs<T>(op, n);
        Row<T> y(x.size()), again(x.size()), back = dy, dx(x.size(), T(0));
        t->unary(op, x.data(), y.data(), 0, n);
        t->unary_backward(op, x.data(), y.data(), dy.data(), dx.data(), 0, n);
        t->activation_backward(act, x.data(), back.data(), back.data(), again.data(), 0, n);
        for (T& v : back) v = v + T(0);  // unary_backward adds to +0, which turns -0
        CHECK(same(back, dx));
        CHECK(same(again, y));

        const auto up = random<T>(n, 5);  // of y * up
        auto gate = x, dup = up, dgate = dy;
        t->gated_backward(act, gate.data(), dup.data(), dgate.data(), 0, n);
        Row<T> dact = each<T>(n, [&](auto i) { return dy[i] * up[i]; }), slope(x.size());
        t->activation_backward(act, x.data(), dact.data(), slope.data(), nullptr, 0, n);
        CHECK(same(dgate, slope));
        CHECK(same(gate, each<T>(n, [&](auto i) { return y[i] * up[i]; })));
        CHECK(same(dup, each<T>(n, [&](auto i) { return dy[i] * y[i]; })));
      }
      Row<T> back(dy.size());
      t->activation_backward(Activation::kNone, dy.data(), dy.data(), back.data(), nullptr, 0, n);
      CHECK(same(back, dy));
    }
}

TEMPLATE_TEST_CASE("arithmetic is rounded once, where it is said", "[kernels]", float, double) {
  using T = TestType;
  for (const auto n : kSizes) {
    const auto a = random<T>(n, 1), b = random<T>(n, 2), y0 = random<T>(n, 3);
    const T c = T(0.37), d = T(-1.1);
    for (const auto* t : tables<T>()) {
      INFO(t->name << ", " << n << " numbers");
      const auto binary = [&](Binary op) {
        Row<T> y(a.size());
        t->binary(op, a.data(), b.data(), y.data(), 0, n);
        return y;
      };
      CHECK(same(binary(Binary::kAdd), each<T>(n, [&](auto i) { return a[i] + b[i]; })));
      CHECK(same(binary(Binary::kSub), each<T>(n, [&](auto i) { return a[i] - b[i]; })));
      CHECK(same(binary(Binary::kMul), each<T>(n, [&](auto i) { return a[i] * b[i]; })));
      CHECK(same(binary(Binary::kDiv), each<T>(n, [&](auto i) { return a[i] / b[i]; })));
      CHECK(same(binary(Binary::kMaximum), each<T>(n, [&](auto i) { return a[i] < b[i] ? b[i] : a[i]; })));
      CHECK(same(binary(Binary::kMinimum), each<T>(n, [&](auto i) { return b[i] < a[i] ? b[i] : a[i]; })));
      Row<T> y(a.size());
      t->affine(c, d, a.data(), y.data(), 0, n);
      CHECK(same(y, each<T>(n, [&](auto i) { return std::fma(c, a[i], d); })));
      y = y0;
      t->add_scaled(c, a.data(), y.data(), 0, n);
      CHECK(same(y, each<T>(n, [&](auto i) { return y0[i] + c * a[i]; })));
      y = y0;
      t->add_scaled(T(1), a.data(), y.data(), 0, n);
      CHECK(same(y, each<T>(n, [&](auto i) { return y0[i] + a[i]; })));
      y = y0;
      t->mul_add(a.data(), b.data(), y.data(), 0, n);
      CHECK(same(y, each<T>(n, [&](auto i) { return y0[i] + a[i] * b[i]; })));
      t->clip(T(-0.5), T(0.25), a.data(), y.data(), 0, n);
      CHECK(same(y, each<T>(n, [&](auto i) { return std::min(std::max(a[i], T(-0.5)), T(0.25)); })));
    }
  }
}

TEMPLATE_TEST_CASE("a range leaves what is outside it, and a cut does not show", "[kernels]", float, double) {
  using T = TestType;
  const auto x = random<T>(70, 1), dy = random<T>(70, 2);
  for (const auto* t : tables<T>()) {
    INFO(t->name);
    Row<T> whole(70), part(70, T(9)), back(70, T(1)), back_part(70, T(1));
    t->unary(Unary::kGelu, x.data(), whole.data(), 0, 70);
    t->unary_backward(Unary::kGelu, x.data(), whole.data(), dy.data(), back.data(), 0, 70);
    t->unary(Unary::kGelu, x.data(), part.data(), 5, 30);
    CHECK((part[4] == 9 && part[30] == 9));
    t->unary(Unary::kGelu, x.data(), part.data(), 0, 5);
    t->unary(Unary::kGelu, x.data(), part.data(), 30, 70);
    CHECK(same(part, whole));
    for (const auto& [b, e] : {std::pair{40, 70}, {0, 1}, {1, 40}})
      t->unary_backward(Unary::kGelu, x.data(), whole.data(), dy.data(), back_part.data(), b, e);
    CHECK(same(back_part, back));
  }
}

TEMPLATE_TEST_CASE("the AdamW expression", "[kernels]", float, double) {
  using T = TestType;
  kernels::AdamW<T> c;
  c.beta1 = T(0.9), c.one_minus_beta1 = T(0.1), c.beta2 = T(0.99), c.one_minus_beta2 = T(0.01), c.correction1 = T(0.271), c.correction2 = T(0.0297);
  c.lr = T(0.003), c.eps = T(1e-6), c.weight_decay = T(0.05), c.grad_scale = T(0.7);
  for (const auto n : kSizes) {
    auto grad = random<T>(n, 1);
    const auto p0 = random<T>(n, 2), m0 = random<T>(n, 3, 0.1);
    auto v0 = random<T>(n, 4, 0.1);
    for (T& v : v0) v = v * v;
    for (const auto* t : tables<T>()) {
      INFO(t->name << ", " << n << " numbers");
      auto p = p0, m = m0, v = v0, p1 = p0, m1 = m0, v1 = v0;
      t->adamw(c, grad.data(), p.data(), m.data(), v.data(), 0, n);
      for (std::size_t i = 0; i < p.size(); ++i) {
        const T g = grad[i] * c.grad_scale;
        m1[i] = std::fma(c.one_minus_beta1, g - m0[i], m0[i]);
        v1[i] = std::fma(c.one_minus_beta2, g * g - v0[i], v0[i]);
        p1[i] = p0[i] - c.lr * std::fma(c.weight_decay, p0[i], (m1[i] / c.correction1) / (std::sqrt(v1[i] / c.correction2) + c.eps));
      }
      CHECK(same(m, m1));
      CHECK(same(v, v1));
      CHECK(same(p, p1));
    }
  }
  for (const auto* t : tables<T>()) {  // moments do not linger below the smallest normal number
    Row<T> grad{0}, p{1}, m{std::numeric_limits<T>::min()}, v{std::numeric_limits<T>::min()};
    t->adamw(c, grad.data(), p.data(), m.data(), v.data(), 0, 1);
    CHECK((m[0] == 0 && v[0] == 0));
  }
}
