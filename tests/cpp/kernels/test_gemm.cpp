#include "reference.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/kernels/launch.hpp"

using namespace reference;
using Start = kernels::Gemm<float>::Start;

namespace {

constexpr std::int64_t kGap = 3;  // rows of C stand further apart than they are long

template <class T> struct Problem {
  std::int64_t m, n, r;
  Row<T> a, b, bias, c;  // a (m, r), b (r, n), c (m, n + kGap)
  Problem(std::int64_t m, std::int64_t n, std::int64_t r)
      : m(m), n(n), r(r), a(random<T>(m * r, 1)), b(random<T>(r * n, 2)), bias(random<T>(n, 3)), c(random<T>(m * (n + kGap), 4)) {}

  kernels::Gemm<T> gemm(int start) {
    kernels::Gemm<T> g;
    g.m = m, g.n = n, g.r = r;
    g.a = a.data(), g.a_row = r, g.b = b.data(), g.b_row = n, g.c = c.data(), g.c_row = n + kGap, g.bias = bias.data();
    g.start = static_cast<typename kernels::Gemm<T>::Start>(start);
    return g;
  }
  /// Each output one fma chain, k rising.
  Row<T> wanted(int start) const {
    using S = typename kernels::Gemm<T>::Start;
    const auto s = static_cast<S>(start);
    Row<T> out = c;
    for (std::int64_t i = 0; i < m; ++i)
      for (std::int64_t j = 0; j < n; ++j) {
        T& to = out[static_cast<std::size_t>(i * (n + kGap) + j)];
        T chain = s == S::kBias ? bias[static_cast<std::size_t>(j)] : s == S::kContinue ? to : T(0);
        for (std::int64_t k = 0; k < r; ++k) chain = std::fma(a[static_cast<std::size_t>(i * r + k)], b[static_cast<std::size_t>(k * n + j)], chain);
        to = chain;
      }
    return out;
  }
};

template <class T> Row<T> transposed(const Row<T>& x, std::int64_t rows, std::int64_t columns) {
  Row<T> y(x.size());
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; ++j) y[static_cast<std::size_t>(j * rows + i)] = x[static_cast<std::size_t>(i * columns + j)];
  return y;
}

template <class T> Row<T> packed(const kernels::Table<T>& t, const T* b, std::int64_t b_row, std::int64_t b_col, std::int64_t r, std::int64_t n) {
  const std::int64_t panels = (n + t.panel - 1) / t.panel;
  Row<T> to(static_cast<std::size_t>(panels * t.panel * r), T(7));
  t.pack_b(b, b_row, b_col, r, n, to.data(), 0, panels);
  return to;
}

/// Where a product packs B on the way.
template <class T> Row<T> room(const kernels::Table<T>& t) {
  return Row<T>(static_cast<std::size_t>(kernels::kDepth * (kernels::kStripRows + kernels::kGroup * t.panel)));
}

const std::vector<std::array<std::int64_t, 3>> kSizes3{{1, 1, 1},      {1, 1, 0},       {5, 3, 0},     {2, 15, 7},  {3, 16, 16}, {4, 17, 5},
                                                       {7, 33, 31},    {12, 32, 17},    {13, 40, 9},   {25, 64, 3}, {6, 130, 8}, {50, 20, 12},
                                                       {100, 35, 4},   {1, 200, 33},    {2, 150, 10},  {48, 16, 2}, {97, 1, 6},  {13, 70, 1100},
                                                       {31, 260, 530}, {14, 1100, 400}, {230, 40, 400}};

}  // namespace

TEMPLATE_TEST_CASE("products are chains, packed or direct, from every start", "[kernels]", float, double) {
  using T = TestType;
  for (const auto& [m, n, r] : kSizes3)
    for (int start = 0; start < 3; ++start) {
      Problem<T> p(m, n, r);
      const auto before = p.c, wanted = p.wanted(start), a_major = transposed(p.a, m, r), b_major = transposed(p.b, r, n);
      for (const auto* t : tables<T>()) {
        INFO(t->name << ", " << m << " x " << n << " x " << r << ", start " << start);
        auto g = p.gemm(start);
        t->gemm(g, 0, m, 0, n, room<T>(*t).data());
        CHECK(same(p.c, wanted));
        p.c = before;
        const auto by_rows = packed(*t, p.b.data(), n, 1, r, n), by_columns = packed(*t, b_major.data(), 1, r, r, n);
        CHECK(same(by_rows, by_columns));
        g.b = by_rows.data(), g.packed = true;
        g.a = a_major.data(), g.a_row = 1, g.a_col = m;
        t->gemm(g, 0, m, 0, n, room<T>(*t).data());
        CHECK(same(p.c, wanted));
        p.c = before;
      }
    }
}

TEMPLATE_TEST_CASE("tiles of a product do not show", "[kernels]", float, double) {
  using T = TestType;
  Problem<T> p(29, 75, 13);
  const auto before = p.c, wanted = p.wanted(2);
  for (const auto* t : tables<T>()) {
    INFO(t->name);
    const auto b = packed(*t, p.b.data(), 75, 1, 13, 75);
    auto g = p.gemm(2);
    g.b = b.data(), g.packed = true;
    for (const std::int64_t cut : {std::int64_t{1}, std::int64_t{14}, std::int64_t{28}}) {
      p.c = before;
      for (std::int64_t n0 = 0; n0 < 75; n0 += t->panel) {
        t->gemm(g, cut, 29, n0, std::min<std::int64_t>(75, n0 + t->panel), nullptr);
        t->gemm(g, 0, cut, n0, std::min<std::int64_t>(75, n0 + t->panel), nullptr);
      }
      CHECK(same(p.c, wanted));
    }
  }
}

TEMPLATE_TEST_CASE("missing columns of the last panel are zeros", "[kernels]", float, double) {
  using T = TestType;
  for (const auto* t : tables<T>()) {
    const Row<T> b(5 * 3, T(2));
    const auto p = packed(*t, b.data(), 3, 1, 5, 3);
    REQUIRE(p.size() == static_cast<std::size_t>(5 * t->panel));
    for (std::size_t i = 0; i < p.size(); ++i) CHECK(p[i] == (i % static_cast<std::size_t>(t->panel) < 3 ? T(2) : T(0)));
  }
}

TEMPLATE_TEST_CASE("the activation comes after the chain, which is kept", "[kernels]", float, double) {
  using T = TestType;
  using kernels::Unary;
  const std::vector<std::pair<Activation, Unary>> all{{Activation::kGelu, Unary::kGelu},
                                                      {Activation::kRelu, Unary::kRelu},
                                                      {Activation::kTanh, Unary::kTanh},
                                                      {Activation::kSilu, Unary::kSilu},
                                                      {Activation::kGeluExact, Unary::kGeluExact}};
  for (const auto& [m, n, r] : {std::array<std::int64_t, 3>{3, 37, 6}, {20, 16, 5}})
    for (const auto* t : tables<T>())
      for (const auto& [act, op] : all) {
        INFO(t->name << ", " << m << " x " << n);
        Problem<T> p(m, n, r);
        const auto chain = p.wanted(1);
        Row<T> pre = p.c, wanted = p.c;
        for (std::int64_t i = 0; i < m; ++i) t->unary(op, chain.data() + i * (n + kGap), wanted.data() + i * (n + kGap), 0, n);
        auto g = p.gemm(1);
        g.act = act, g.pre = pre.data();
        t->gemm(g, 0, m, 0, n, room<T>(*t).data());
        CHECK(same(p.c, wanted));
        CHECK(same(pre, chain));
      }
}

TEST_CASE("threads cut products into tiles that do not show") {
  for (const auto& [m, n, r] : {std::array<std::int64_t, 3>{700, 90, 40}, {30, 1000, 70}, {0, 4, 4}, {4, 0, 4}}) {
    Problem<float> p(m, n, r);
    const auto before = p.c;
    Row<float> b(static_cast<std::size_t>(kernels::packed_size<float>(r, n))), one;
    kernels::pack_b(p.b.data(), n, 1, r, n, b.data());
    auto g = p.gemm(2);
    g.b = b.data(), g.packed = true;
    for (const int threads : {1, 2, 3}) {
      set_num_threads(threads);
      p.c = before;
      kernels::gemm(g);
      if (threads == 1) one = p.c;
      CHECK(same(p.c, one));
    }
    set_num_threads(0);
  }
}
