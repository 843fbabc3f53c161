#pragma once
#include <cmath>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/nn/mlp.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace nn {

TUTELAGE_INLINE void MLPConfig::validate() const {
  const auto need = [](bool ok, const std::string& what, const std::string& got, const std::string& expected) {
    if (!ok) detail::fail<ConfigError>("MLPConfig", what, got, expected);
  };
  need(sizes.size() >= 2 && sizes.size() <= 64, "sizes has the wrong length", detail::str(sizes.size()), "2 to 64: input, hidden ..., output");
  for (auto n : sizes) need(n >= 1 && n <= 65536, "a size is out of range", detail::str(n), "1 to 65536");
  need(activation == "tanh" || activation == "relu" || activation == "silu", "activation is unknown", activation, "tanh, relu or silu");
  need(init == "orthogonal" || init == "uniform", "init is unknown", init, "orthogonal or uniform");
  need(gain > 0 && std::isfinite(gain), "gain is out of range", detail::str(gain), "more than 0");
  need(output_gain > 0 && std::isfinite(output_gain), "output_gain is out of range", detail::str(output_gain), "more than 0");
  need(members >= 1 && members <= 1024, "members is out of range", detail::str(members), "1 to 1024");
}

namespace detail_ {

/// `count` rows of `width` numbers, count <= width, orthogonal and of length 1: random directions, each freed of those before it, twice.
inline std::vector<double> orthogonal_rows(std::int64_t count, std::int64_t width, Rng& rng) {
  std::vector<double> rows(static_cast<std::size_t>(count * width));
  const auto dot = [width](const double* a, const double* b) {
    double s = 0;
    for (std::int64_t k = 0; k < width; ++k) s = std::fma(a[k], b[k], s);
    return s;
  };
  for (std::int64_t i = 0; i < count; ++i) {
    double* row = rows.data() + i * width;
    for (double length = 0; length < 1e-6; length = std::sqrt(dot(row, row))) {  // what is nearly a sum of the others is drawn again
      for (std::int64_t k = 0; k < width; ++k) row[k] = rng.normal();
      for (int pass = 0; pass < 2; ++pass)
        for (std::int64_t j = 0; j < i; ++j) {
          const double* other = rows.data() + j * width;
          const double along = -dot(row, other);
          for (std::int64_t k = 0; k < width; ++k) row[k] = std::fma(along, other[k], row[k]);
        }
    }
    const double length = std::sqrt(dot(row, row));
    for (std::int64_t k = 0; k < width; ++k) row[k] = row[k] / length;
  }
  return rows;
}

template <class T> void orthogonal(T* to, std::int64_t out, std::int64_t in, double gain, Rng& rng) {
  const bool wide = out <= in;
  const auto rows = orthogonal_rows(wide ? out : in, wide ? in : out, rng);
  for (std::int64_t i = 0; i < out; ++i)
    for (std::int64_t k = 0; k < in; ++k) to[i * in + k] = static_cast<T>(gain * rows[static_cast<std::size_t>(wide ? i * in + k : k * out + i)]);
}

template <class T> void uniform_within(T* to, std::int64_t n, double bound, Rng& rng) {
  for (std::int64_t i = 0; i < n; ++i) to[i] = static_cast<T>(bound * (2.0 * rng.uniform() - 1.0));
}

}  // namespace detail_

template <class T> BasicMLP<T>::BasicMLP(const MLPConfig& given, std::uint64_t seed) : config(given) {
  const FpStateGuard guard;
  config.validate();
  for (std::size_t l = 0; l + 1 < config.sizes.size(); ++l) {
    const std::int64_t in = config.sizes[l], out = config.sizes[l + 1];
    MLPLayer<T> layer{BasicTensor<T>({config.members * out, in}), BasicTensor<T>({config.members * out})};
    for (std::int64_t m = 0; m < config.members; ++m) {
      Rng rng(seed, Purpose::kInit, static_cast<std::uint32_t>(l), static_cast<std::uint32_t>(m));
      T* weight = layer.weight.mutable_data() + m * out * in;
      if (config.init == "orthogonal") {
        detail_::orthogonal(weight, out, in, l + 2 < config.sizes.size() ? config.gain : config.output_gain, rng);
        continue;
      }
      const double bound = 1.0 / std::sqrt(static_cast<double>(in));
      detail_::uniform_within(weight, out * in, bound, rng);
      detail_::uniform_within(layer.bias.mutable_data() + m * out, out, bound, rng);
    }
    layers.push_back(std::move(layer));
  }
}

template <class T> BasicTensor<T> BasicMLP<T>::operator()(const BasicTensor<T>& x) const {
  const FpStateGuard guard;
  if (layers.empty()) detail::fail<StateError>("MLP", "there are no layers", "0", "an MLP made from its config");
  if (x.rank() != 2 || x.dim(1) != config.sizes[0])
    detail::fail<ShapeError>("MLP", "x has the wrong shape", x.shape().str(), "(N, " + detail::str(config.sizes[0]) + ")");
  const Activation hidden = config.activation == "tanh" ? Activation::kTanh : config.activation == "relu" ? Activation::kRelu : Activation::kSilu;
  BasicTensor<T> h = x;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const Activation act = l + 1 < layers.size() ? hidden : Activation::kNone;
    h = l == 0 ? ops::linear(h, layers[l].weight, layers[l].bias, act)
               : ops::grouped_linear(h, layers[l].weight, layers[l].bias, config.members, act);
  }
  return h;
}

template <class T> std::int64_t BasicMLP<T>::num_parameters() const {
  std::int64_t n = 0;
  visit([&](const std::string&, const BasicTensor<T>& t) { n += t.size(); });
  return n;
}

}  // namespace nn

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
