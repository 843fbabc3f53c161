// Networks side by side: what they compute, where they start, and that neither rows, members nor threads see one another.
#include <cmath>
#include <cstring>

#include "../catch.hpp"
#include "tutelage/autograd/grad.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/nn/mlp.hpp"

using namespace tutelage;

namespace {

nn::MLPConfig config(std::vector<std::int64_t> sizes, std::int64_t members, const std::string& activation = "tanh") {
  nn::MLPConfig c;
  c.sizes = std::move(sizes), c.members = members, c.activation = activation;
  return c;
}

template <class T = float> BasicTensor<T> drawn(std::int64_t n, std::int64_t c, std::uint32_t number = 0) {
  Rng rng(7, Purpose::kUser, number);
  auto x = BasicTensor<T>::uninitialized({n, c});
  for (std::int64_t i = 0; i < x.size(); ++i) x.mutable_data()[i] = static_cast<T>(rng.normal());
  return x;
}

bool same(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size()) * sizeof(float)) == 0;
}

/// Member `which` of a net, alone.
nn::MLP alone(const nn::MLP& net, std::int64_t which) {
  nn::MLP one = net;
  one.config.members = 1;
  for (auto& layer : one.layers) {
    const std::int64_t out = layer.bias.dim(0) / net.config.members;
    layer.weight = ops::slice_rows(layer.weight, which * out, (which + 1) * out);
    layer.bias = ops::slice_rows(layer.bias, which * out, (which + 1) * out);
  }
  return one;
}

Tensor column_sums(const nn::MLP& net, const Tensor& x) { return ops::sum_first(ops::square(net(x))); }

}  // namespace

TEST_CASE("an MLP computes its formula") {
  for (const char* name : {"tanh", "relu", "silu"}) {
    auto c = config({3, 4, 2}, 1, name);
    c.init = "uniform";
    const nn::BasicMLP<double> net(c, 5);
    const auto x = drawn<double>(6, 3), y = net(x);
    const auto &one = net.layers[0], &two = net.layers[1];
    for (std::int64_t i = 0; i < 6; ++i)
      for (std::int64_t o = 0; o < 2; ++o) {
        double want = two.bias.data()[o];
        for (std::int64_t h = 0; h < 4; ++h) {
          double a = one.bias.data()[h];
          for (std::int64_t k = 0; k < 3; ++k) a += one.weight.data()[h * 3 + k] * x.data()[i * 3 + k];
          const double act = name[0] == 't' ? std::tanh(a) : name[0] == 'r' ? std::max(a, 0.0) : a / (1 + std::exp(-a));
          want += two.weight.data()[o * 4 + h] * act;
        }
        CHECK(y.data()[i * 2 + o] == Approx(want).margin(1e-12));
      }
    CHECK(net.num_parameters() == 3 * 4 + 4 + 4 * 2 + 2);
  }
}

TEST_CASE("orthogonal starts are orthogonal, uniform ones within their bound") {
  auto c = config({5, 8, 8, 3}, 2);
  c.output_gain = 0.01;
  const nn::BasicMLP<double> net(c, 3);
  for (std::size_t l = 0; l < 3; ++l) {
    const auto& w = net.layers[l].weight;
    const std::int64_t out = w.dim(0) / 2, in = w.dim(1), n = std::min(out, in);
    const double gain = l == 2 ? 0.01 : std::sqrt(2.0);
    for (std::int64_t m = 0; m < 2; ++m)
      for (std::int64_t a = 0; a < n; ++a)
        for (std::int64_t b = 0; b < n; ++b) {
          double dot = 0;
          for (std::int64_t k = 0; k < std::max(out, in); ++k) {
            const auto at = [&](std::int64_t i) { return w.data()[m * out * in + (out <= in ? i * in + k : k * in + i)]; };
            dot += at(a) * at(b);
          }
          CHECK(dot == Approx(a == b ? gain * gain : 0).margin(1e-12));
        }
  }
  c.init = "uniform";
  const nn::MLP other(c, 3);
  double largest = 0;
  for (float w : other.layers[1].weight.span()) largest = std::max(largest, std::abs(static_cast<double>(w)));
  CHECK(largest <= 1 / std::sqrt(8.0));
  CHECK(largest > 0.9 / std::sqrt(8.0));
  CHECK_FALSE(same(alone(other, 0).layers[1].weight, alone(other, 1).layers[1].weight));
}

TEST_CASE("rows, members and threads do not show") {
  const auto x = drawn(301, 4);
  const nn::MLP net(config({4, 32, 17, 2}, 3, "relu"), 9);
  const auto reference = value_and_grad([&](const nn::MLP& p) { return column_sums(p, x); }, net);
  const Tensor y = net(x);
  CHECK(same(net(ops::slice_rows(x, 100, 109)), ops::slice_rows(y, 100, 109)));
  for (std::int64_t m = 0; m < 3; ++m) {
    const nn::MLP one = alone(net, m);
    const auto mine = value_and_grad([&](const nn::MLP& p) { return column_sums(p, x); }, one);
    const nn::MLP part = alone(
        [&] {
          nn::MLP g = reference.grads;
          return g;
        }(),
        m);
    for (std::size_t l = 0; l < 3; ++l) {
      CHECK(same(mine.grads.layers[l].weight, part.layers[l].weight));
      CHECK(same(mine.grads.layers[l].bias, part.layers[l].bias));
    }
    const Tensor alone_y = one(x);
    for (std::int64_t i = 0; i < 301; ++i)
      for (std::int64_t o = 0; o < 2; ++o) CHECK(alone_y.data()[i * 2 + o] == y.data()[i * 6 + m * 2 + o]);
  }
  for (int threads : {1, 2, 5}) {
    set_num_threads(threads);
    const auto again = value_and_grad([&](const nn::MLP& p) { return column_sums(p, x); }, net);
    for (std::size_t l = 0; l < 3; ++l) CHECK(same(again.grads.layers[l].weight, reference.grads.layers[l].weight));
  }
  set_num_threads(0);
}

TEST_CASE("an MLP refuses what it cannot be") {
  CHECK_THROWS_AS(nn::MLP(config({3}, 1), 0), ConfigError);
  CHECK_THROWS_AS(nn::MLP(config({3, 0}, 1), 0), ConfigError);
  CHECK_THROWS_AS(nn::MLP(config({3, 1}, 0), 0), ConfigError);
  CHECK_THROWS_AS(nn::MLP(config({3, 1}, 1, "gelu"), 0), ConfigError);
  auto c = config({3, 1}, 1);
  c.init = "normal";
  CHECK_THROWS_AS(nn::MLP(c, 0), ConfigError);
  c = config({3, 1}, 1), c.gain = std::nan("");
  CHECK_THROWS_AS(nn::MLP(c, 0), ConfigError);
  CHECK_THROWS_AS(nn::MLP()(drawn(2, 3)), StateError);
  CHECK_THROWS_AS(nn::MLP(config({3, 1}, 1), 0)(drawn(2, 4)), ShapeError);
}
