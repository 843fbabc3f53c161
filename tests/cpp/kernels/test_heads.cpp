// RMS norms and rotations: of rows, and of the heads inside a layer's rows.
#include "reference.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/kernels/launch.hpp"

using namespace reference;

namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// One row in the canonical order: y, and the inverse of the root mean square.
template <class T> T rms_norm(const T* x, const T* gain, T eps, std::int64_t c, T* y) {
  const T inv = T(1) / std::sqrt(lanes<T>(c, [&](auto i, T a) { return std::fma(x[i], x[i], a); }) / static_cast<T>(c) + eps);
  for (std::int64_t j = 0; j < c; ++j) y[j] = x[j] * inv * gain[j];
  return inv;
}

template <class T> void rms_norm_backward(const T* x, const T* gain, T inv, const T* dy, std::int64_t c, T* dx, T* dgain) {
  const T b = lanes<T>(c, [&](auto i, T a) { return std::fma(dy[i] * gain[i], x[i] * inv, a); }) / static_cast<T>(c);
  for (std::int64_t j = 0; j < c; ++j) {
    dx[j] = dx[j] + inv * (dy[j] * gain[j] - x[j] * inv * b);
    dgain[j] = std::fma(dy[j], x[j] * inv, dgain[j]);
  }
}

template <class T> void turn(const T* x, const T* angles, std::int64_t half, bool back, T* y) {
  for (std::int64_t i = 0; i < half; ++i) {
    const T a = x[i], b = x[half + i], c = angles[i], s = back ? T(0) - angles[half + i] : angles[half + i];
    y[i] = std::fma(T(0) - b, s, a * c);
    y[half + i] = std::fma(a, s, b * c);
  }
}

const std::vector<std::pair<std::int64_t, std::int64_t>> kShapes{{0, 5}, {1, 1}, {3, 2}, {2, 15}, {4, 16}, {3, 17}, {5, 33}, {2, 50}, {1, 200}};

}  // namespace

TEMPLATE_TEST_CASE("RMS norm forward and backward in the canonical order", "[kernels]", float, double) {
  using T = TestType;
  for (const auto& [m, c] : kShapes) {
    const auto x = random<T>(m * c, 1, 2.0), gain = random<T>(c, 2), dy = random<T>(m * c, 3), dx0 = random<T>(m * c, 4), dgain0 = random<T>(c, 5);
    Row<T> y1(x.size()), inv1(at(m)), dx1 = dx0, dgain1 = dgain0;
    std::vector<double> plain;
    for (std::int64_t r = 0; r < m; ++r) {
      inv1[at(r)] = rms_norm(x.data() + r * c, gain.data(), T(1e-5), c, y1.data() + r * c);
      rms_norm_backward(x.data() + r * c, gain.data(), inv1[at(r)], dy.data() + r * c, c, dx1.data() + r * c, dgain1.data());
      double square = 0;
      for (std::int64_t j = 0; j < c; ++j) square += static_cast<double>(x[at(r * c + j)]) * static_cast<double>(x[at(r * c + j)]);
      for (std::int64_t j = 0; j < c; ++j)
        plain.push_back(static_cast<double>(x[at(r * c + j)]) / std::sqrt(square / static_cast<double>(c) + 1e-5) * static_cast<double>(gain[at(j)]));
    }
    CHECK(distance(y1, plain) < kClose<T>);
    for (const auto* t : tables<T>()) {
      INFO(t->name << ", " << m << " x " << c);
      Row<T> y(x.size()), inv(at(m)), dx = dx0, dgain = dgain0;
      t->rms_norm(x.data(), gain.data(), T(1e-5), c, y.data(), inv.data(), 0, m / 2);
      t->rms_norm(x.data(), gain.data(), T(1e-5), c, y.data(), inv.data(), m / 2, m);
      CHECK((same(y, y1) && same(inv, inv1)));
      auto in_place = x;
      t->rms_norm(in_place.data(), gain.data(), T(1e-5), c, in_place.data(), inv.data(), 0, m);
      CHECK(same(in_place, y1));
      t->rms_norm_backward(x.data(), gain.data(), inv.data(), dy.data(), c, dx.data(), 0, m);
      CHECK(same(dx, dx1));
      const std::int64_t cut = c / 32 * 16;
      t->rms_norm_param_backward(x.data(), inv.data(), dy.data(), m, c, dgain.data(), 0, cut);
      t->rms_norm_param_backward(x.data(), inv.data(), dy.data(), m, c, dgain.data(), cut, c);
      CHECK(same(dgain, dgain1));
    }
  }
}

TEMPLATE_TEST_CASE("rotations turn pairs of each head, there and back", "[kernels]", float, double) {
  using T = TestType;
  for (const auto& [heads, size, half] : {std::array<std::int64_t, 3>{1, 2, 1}, {3, 16, 8}, {2, 40, 20}, {2, 70, 33}, {5, 17, 4}}) {
    const auto x = random<T>(heads * size, 1);
    Row<T> angles(at(2 * half));
    for (std::int64_t i = 0; i < half; ++i)
      angles[at(i)] = math::cos(T(0.3) * static_cast<T>(i + 1)), angles[at(half + i)] = math::sin(T(0.3) * static_cast<T>(i + 1));
    for (const bool back : {false, true}) {
      Row<T> wanted = x;
      for (std::int64_t h = 0; h < heads; ++h) turn(x.data() + h * size, angles.data(), half, back, wanted.data() + h * size);
      for (const auto* t : tables<T>()) {
        INFO(t->name << ", " << heads << " heads of " << size);
        Row<T> y(x.size()), in_place = x;
        t->rotary(x.data(), angles.data(), heads, size, half, back, y.data());
        CHECK(same(y, wanted));
        t->rotary(in_place.data(), angles.data(), heads, size, half, back, in_place.data());
        CHECK(same(in_place, wanted));
        t->rotary(y.data(), angles.data(), heads, size, half, !back, y.data());
        CHECK(distance(y, std::vector<double>(x.begin(), x.end())) < kClose<T>);
      }
    }
  }
}

TEST_CASE("norms and rotations of heads inside rows leave what is between, on any threads") {
  const kernels::Heads heads{900, 50, 3, 14};  // 8 numbers of each row belong to others
  const auto x = random<float>(heads.tokens * heads.row, 1), gain = random<float>(heads.head_size, 2),
             dy = random<float>(heads.tokens * heads.row, 3), angles = random<float>(4 * 10, 4), dx0 = random<float>(heads.tokens * heads.row, 5),
             dgain0 = random<float>(heads.head_size, 6);
  std::vector<std::int32_t> positions;
  for (std::int64_t t = 0; t < heads.tokens; ++t) positions.push_back(static_cast<std::int32_t>(t * t % 4));
  Row<float> y1 = x, inv1(at(heads.tokens * heads.heads)), dx1 = dx0, dgain1 = dgain0, turned1 = x;
  for (std::int64_t t = 0; t < heads.tokens; ++t)
    for (std::int64_t h = 0; h < heads.heads; ++h) {
      const std::int64_t i = t * heads.row + h * heads.head_size;
      const float inv = inv1[at(t * heads.heads + h)] = rms_norm(x.data() + i, gain.data(), 1e-6f, heads.head_size, y1.data() + i);
      rms_norm_backward(x.data() + i, gain.data(), inv, dy.data() + i, heads.head_size, dx1.data() + i, dgain1.data());
      turn(x.data() + i, angles.data() + 10 * positions[at(t)], 5, true, turned1.data() + i);
    }
  for (const int threads : {1, 2, 3}) {
    set_num_threads(threads);
    Row<float> y = x, inv(inv1.size()), dx = dx0, dgain = dgain0, turned = x;
    kernels::heads_norm(heads, x.data(), gain.data(), 1e-6f, y.data(), inv.data());
    kernels::heads_norm_backward(heads, x.data(), gain.data(), inv.data(), dy.data(), dx.data(), dgain.data());
    kernels::rotary(heads, x.data(), positions.data(), angles.data(), 5, true, turned.data());
    CHECK((same(y, y1) && same(inv, inv1) && same(dx, dx1) && same(dgain, dgain1) && same(turned, turned1)));
  }
  set_num_threads(0);
}
