#include "reference.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/impl/kernels/layout.hpp"

using namespace reference;

TEST_CASE("every set this machine has is found by its name, and no other") {
  REQUIRE(kernels::find_table<float>("scalar"));
  CHECK(kernels::find_table<float>("scalar")->name == std::string("scalar"));
  CHECK(kernels::find_table<double>("avx9000") == nullptr);
  CHECK(kernels::find_table<float>("") == nullptr);
  CHECK(kernels::table<float>().name == std::string(kernels::isa_name()));
  CHECK(kernels::table<double>().name == std::string(kernels::isa_name()));
}

TEMPLATE_TEST_CASE("broadcasting is NumPy's, and its gradient a chain in item order", "[kernels]", float, double) {
  using T = TestType;
  for (const auto& [from, to] :
       {std::pair<Shape, Shape>{{}, {2, 3}}, {{3}, {2, 3}}, {{2, 1}, {2, 3}}, {{1, 4, 1}, {5, 4, 3}}, {{2, 3}, {2, 3}}, {{1}, {0, 1}}}) {
    INFO(from.str() << " to " << to.str());
    const auto x = random<T>(from.size(), 1), dy = random<T>(to.size(), 2), start = random<T>(from.size(), 3);
    Row<T> y(static_cast<std::size_t>(to.size())), dx = start, dx1 = start, y1 = y;
    for (std::int64_t i = 0; i < to.size(); ++i) {  // read each index off its place
      std::int64_t rest = i, place = 0, step = 1;
      for (int d = to.rank() - 1, s = from.rank() - 1; d >= 0; --d, --s) {
        const std::int64_t k = rest % to[d];
        rest /= to[d];
        if (s < 0) continue;
        place += from[s] == 1 ? 0 : k * step;
        step *= from[s];
      }
      y1[static_cast<std::size_t>(i)] = x[static_cast<std::size_t>(place)];
      T& at = dx1[static_cast<std::size_t>(place)];
      at = at + dy[static_cast<std::size_t>(i)];
    }
    kernels::broadcast(x.data(), from, y.data(), to);
    kernels::broadcast_backward(dy.data(), to, dx.data(), from);
    CHECK(same(y, y1));
    CHECK(same(dx, dx1));
  }
}

TEMPLATE_TEST_CASE("rows are moved, summed and scaled", "[kernels]", float, double) {
  using T = TestType;
  for (const auto& [m, c] : {std::pair<std::int64_t, std::int64_t>{0, 3}, {1, 1}, {3, 17}, {5, 16}, {40, 33}, {3000, 20}}) {
    INFO(m << " x " << c);
    const auto x = random<T>(m * c, 1), scale = random<T>(m, 2), y0 = random<T>(m * c, 3);
    std::vector<std::int32_t> index;
    for (std::int64_t i = 0; i < m; ++i) index.push_back(static_cast<std::int32_t>((i * 5 + 2) % m));
    Row<T> turned(x.size()), gathered(x.size()), sums(scale.size()), with_constant = y0, with_rows = y0, shifted = y0;
    const auto at = [](std::int64_t i) { return static_cast<std::size_t>(i); };
    kernels::transpose(x.data(), m, c, turned.data());
    kernels::gather_rows(x.data(), index.data(), m, c, gathered.data());
    kernels::row_sum(x.data(), m, c, sums.data());
    kernels::add_row_constant(scale.data(), m, c, with_constant.data());
    kernels::add_scaled_rows(scale.data(), x.data(), m, c, with_rows.data());
    kernels::add_constant(T(0.3), shifted.data(), m * c);
    bool all = true;
    for (std::int64_t i = 0; i < m; ++i) {
      all = all && same(sums[at(i)], lanes<T>(c, [&](auto j, T a) { return a + x[at(i * c + j)]; }));
      for (std::int64_t j = 0; j < c; ++j) {
        const std::size_t k = at(i * c + j);
        all = all && turned[at(j * m + i)] == x[k] && gathered[k] == x[at(index[at(i)] * c + j)] && with_constant[k] == y0[k] + scale[at(i)] &&
              with_rows[k] == y0[k] + scale[at(i)] * x[k] && shifted[k] == y0[k] + T(0.3);
      }
    }
    CHECK(all);
  }
}

TEMPLATE_TEST_CASE("gradients of extrema and clips", "[kernels]", float, double) {
  using T = TestType;
  const Row<T> a{1, 2, 3, -1}, b{2, 2, 1, -2}, dy{10, 20, 30, 40};
  Row<T> da(4, T(1)), db(4, T(1));
  kernels::extremum_backward(T(1), a.data(), b.data(), dy.data(), da.data(), db.data(), 4);
  CHECK(da == Row<T>{1, 21, 31, 41});  // a tie goes to a
  CHECK(db == Row<T>{11, 1, 1, 1});
  da.assign(4, T(0));
  kernels::extremum_backward(T(-1), a.data(), b.data(), dy.data(), da.data(), static_cast<T*>(nullptr), 4);
  CHECK(da == Row<T>{10, 20, 0, 0});
  const Row<T> x{-1, -0.5, 0, 0.5, 1};
  Row<T> dx(5, T(0));
  const Row<T> ones(5, T(1));
  kernels::clip_backward(T(-0.5), T(0.5), x.data(), ones.data(), dx.data(), 5);
  CHECK(dx == Row<T>{0, 1, 1, 1, 0});
}

TEST_CASE("threads cut long rows and columns without a trace") {
  const std::int64_t n = 100000, m = 300, c = 333;
  const auto x = random<float>(n, 1), wide = random<float>(m * c, 2), gain = random<float>(c, 3), bias = random<float>(c, 4);
  std::vector<Row<float>> first;
  for (const int threads : {1, 2, 3}) {
    set_num_threads(threads);
    Row<float> y(x.size()), normed(wide.size()), mean(static_cast<std::size_t>(m)), inv = mean, sums(gain), dx(wide.size()), dgain(gain), dbias(bias),
                                                                                    soft(wide.size());
    kernels::unary(kernels::Unary::kGelu, x.data(), y.data(), n);
    kernels::layer_norm(wide.data(), gain.data(), bias.data(), 1e-5f, m, c, normed.data(), mean.data(), inv.data());
    kernels::layer_norm_backward(wide.data(), gain.data(), mean.data(), inv.data(), normed.data(), m, c, dx.data(), dgain.data(), dbias.data());
    kernels::column_sum(wide.data(), m, c, sums.data());
    kernels::softmax(wide.data(), m, c, soft.data());
    std::vector<Row<float>> all{y, normed, mean, inv, sums, dx, dgain, dbias, soft};
    if (threads == 1) first = all;
    for (std::size_t i = 0; i < all.size(); ++i) CHECK(same(all[i], first[i]));
  }
  set_num_threads(0);
}
