#pragma once
#include <cmath>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/nn/transformer.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace nn {

TUTELAGE_INLINE void TransformerConfig::validate() const {
  const auto need = [](bool ok, const char* field, double got, const std::string& expected) {
    if (!ok) detail::fail<ConfigError>("TransformerConfig", std::string(field) + " is out of range", detail::str(got), expected);
  };
  constexpr std::int64_t most = std::int64_t{1} << 24;
  need(vocab_size >= 1 && vocab_size <= most, "vocab_size", static_cast<double>(vocab_size), "1 to 2^24");
  need(max_positions >= 1 && max_positions <= most, "max_positions", static_cast<double>(max_positions), "1 to 2^24");
  need(hidden_size >= 1 && hidden_size <= 65536, "hidden_size", static_cast<double>(hidden_size), "1 to 65536");
  need(num_layers >= 1 && num_layers <= 1024, "num_layers", static_cast<double>(num_layers), "1 to 1024");
  need(num_heads >= 1 && hidden_size % num_heads == 0, "num_heads", static_cast<double>(num_heads),
       "a divisor of hidden_size " + detail::str(hidden_size));
  need(intermediate_size >= 0 && intermediate_size <= (1 << 20), "intermediate_size", static_cast<double>(intermediate_size),
       "0 (4 * hidden_size) to 2^20");
  need(init_std > 0 && std::isfinite(init_std), "init_std", init_std, "more than 0");
  need(norm_eps >= 1e-30 && norm_eps <= 1, "norm_eps", norm_eps, "1e-30 to 1");
}

TUTELAGE_INLINE void TokenBatch::add(std::span<const std::int32_t> sequence) {
  ids.insert(ids.end(), sequence.begin(), sequence.end());
  offsets.push_back(static_cast<std::int64_t>(ids.size()));
}

namespace detail_ {

inline void check_batch(const TokenBatch& batch, std::int64_t max_positions) {
  if (batch.sequences() < 1) detail::fail<ValueError>("Transformer", "no sequence", "an empty batch", "at least one");
  if (batch.offsets.front() != 0 || batch.offsets.back() != batch.tokens())
    detail::fail<ShapeError>("Transformer", "offsets do not cover the ids",
                             detail::str(batch.offsets.front()) + " to " + detail::str(batch.offsets.back()), "0 to " + detail::str(batch.tokens()),
                             "Use TokenBatch::add.");
  for (std::size_t s = 0; s + 1 < batch.offsets.size(); ++s) {
    const std::int64_t length = batch.offsets[s + 1] - batch.offsets[s];
    if (length <= 0)
      detail::fail<ValueError>("Transformer", "sequence " + detail::str(s) + " is empty", detail::str(length) + " tokens", "at least one");
    if (length > max_positions)
      detail::fail<ShapeError>("Transformer", "sequence " + detail::str(s) + " is too long", detail::str(length) + " tokens",
                               "at most max_positions = " + detail::str(max_positions));
  }
}

template <class T>
BasicTensor<T> block(const TransformerConfig& config, std::span<const std::int64_t> offsets, BasicTensor<T> x, const BlockParams<T>& b) {
  const int heads = static_cast<int>(config.num_heads);
  const auto qkv = ops::norm_linear(x, b.norm1_gain, b.norm1_bias, config.norm_eps, b.qkv_weight, b.qkv_bias);
  x = ops::add(x, ops::linear(ops::causal_attention(qkv, offsets, heads, heads), b.out_weight, b.out_bias));
  return ops::add(
      x, ops::norm_mlp(x, b.norm2_gain, b.norm2_bias, config.norm_eps, b.up_weight, b.up_bias, Activation::kGelu, b.down_weight, b.down_bias));
}

template <class T> BasicTensor<T> normal(Shape shape, double std, std::uint64_t seed, std::uint32_t number) {
  const FpStateGuard guard;
  Rng rng(seed, Purpose::kInit, number);
  auto t = BasicTensor<T>::uninitialized(shape);
  T* x = t.mutable_data();
  for (std::int64_t i = 0; i < t.size(); ++i) x[i] = static_cast<T>(std * rng.normal());
  return t;
}
}  // namespace detail_

template <class T> BasicTransformer<T>::BasicTransformer(const TransformerConfig& given, std::uint64_t seed) : config(given) {
  config.validate();
  if (config.intermediate_size == 0) config.intermediate_size = 4 * config.hidden_size;
  const std::int64_t c = config.hidden_size, f = config.intermediate_size;
  const double residual_std = config.init_std / std::sqrt(2.0 * static_cast<double>(config.num_layers));
  std::uint32_t number = 0;  // of the weight matrix, its place in the random counter
  const auto weight = [&](std::int64_t out, std::int64_t in, double std) { return detail_::normal<T>({out, in}, std, seed, number++); };
  token_embedding = weight(config.vocab_size, c, config.init_std);
  position_embedding = weight(config.max_positions, c, config.init_std);
  blocks.resize(static_cast<std::size_t>(config.num_layers));
  for (auto& b : blocks) {
    b.norm1_gain = b.norm2_gain = BasicTensor<T>::full({c}, T(1));
    b.norm1_bias = b.norm2_bias = b.out_bias = b.down_bias = BasicTensor<T>({c});
    b.qkv_weight = weight(3 * c, c, config.init_std);
    b.qkv_bias = BasicTensor<T>({3 * c});
    b.out_weight = weight(c, c, residual_std);
    b.up_weight = weight(f, c, config.init_std);
    b.up_bias = BasicTensor<T>({f});
    b.down_weight = weight(c, f, residual_std);
  }
  norm_gain = BasicTensor<T>::full({c}, T(1));
  norm_bias = BasicTensor<T>({c});
}

template <class T> std::int64_t BasicTransformer<T>::num_parameters() const {
  const FpStateGuard guard;
  std::int64_t n = 0;
  visit([&](const std::string&, const BasicTensor<T>& t) { n += t.size(); });
  return n;
}

template <class T> BasicTensor<T> BasicTransformer<T>::hidden(const TokenBatch& batch) const {
  const FpStateGuard guard;
  detail_::check_batch(batch, config.max_positions);
  std::vector<std::int32_t> positions;
  positions.reserve(batch.ids.size());
  for (std::size_t s = 0; s + 1 < batch.offsets.size(); ++s)
    for (std::int64_t t = batch.offsets[s]; t < batch.offsets[s + 1]; ++t) positions.push_back(static_cast<std::int32_t>(t - batch.offsets[s]));
  auto x = ops::add(ops::embedding(token_embedding, batch.ids), ops::embedding(position_embedding, positions));
  for (const auto& b : blocks) {
    if (!recompute_blocks) {
      x = detail_::block(config, batch.offsets, x, b);
      continue;
    }
    std::vector<BasicTensor<T>> inputs{x};
    b.visit([&](const char*, const BasicTensor<T>& t) { inputs.push_back(t); });
    x = ops::recomputed<T>(
        [c = config, offsets = batch.offsets](std::span<const BasicTensor<T>> given) {
          BlockParams<T> own;
          std::size_t i = 1;
          own.visit([&](const char*, BasicTensor<T>& t) { t = given[i++]; });
          return detail_::block(c, offsets, given[0], own);
        },
        inputs);
  }
  return ops::layer_norm(x, norm_gain, norm_bias, config.norm_eps);
}

template <class T> BasicTensor<T> BasicTransformer<T>::logits(const TokenBatch& batch) const {
  const FpStateGuard guard;
  return ops::linear(hidden(batch), token_embedding, BasicTensor<T>());
}

template <class T> BasicTensor<T> BasicTransformer<T>::logprobs(const TokenBatch& batch, double temperature) const {
  const FpStateGuard guard;
  detail_::check_batch(batch, config.max_positions);
  std::vector<std::int64_t> before;
  std::vector<std::int32_t> targets;
  for (std::size_t s = 0; s + 1 < batch.offsets.size(); ++s)
    for (std::int64_t t = batch.offsets[s] + 1; t < batch.offsets[s + 1]; ++t) {
      before.push_back(t - 1);
      targets.push_back(batch.ids[static_cast<std::size_t>(t)]);
    }
  const auto h = hidden(batch);
  if (before.empty()) return BasicTensor<T>({0});
  return ops::linear_logprobs(ops::rows(h, before), token_embedding, targets, temperature);
}

template <class T> ScalarHead<T>::ScalarHead(std::int64_t hidden_size) : weight({1, hidden_size}), bias({1}) {}

template <class T>
ScalarHead<T>::ScalarHead(std::int64_t hidden_size, double std, std::uint64_t seed)
    : weight(detail_::normal<T>({1, hidden_size}, std, seed, 1u << 20)), bias({1}) {}

template <class T> BasicTensor<T> ScalarHead<T>::operator()(const BasicTensor<T>& hidden) const {
  const auto y = ops::linear(hidden, weight, bias);
  return ops::reshape(y, {y.dim(0)});
}

}  // namespace nn

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
