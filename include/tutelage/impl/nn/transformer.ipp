#pragma once
#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/nn/lora.ipp"
#include "tutelage/impl/nn/transformer_config.ipp"
#include "tutelage/nn/transformer.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace nn {

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

/// What all blocks of a pass share. `angles` is empty where positions are learned.
template <class T> struct Pass {
  TransformerConfig config;
  std::vector<std::int64_t> offsets;
  std::vector<std::int32_t> positions;
  BasicTensor<T> angles;
  double scale = 0;                             // of the adapter
  std::shared_ptr<const ops::Dropout> dropout;  // null: off

  Pass(const BasicTransformer<T>& model, const TokenBatch& batch) : config(model.config), offsets(batch.offsets) {
    positions.reserve(batch.ids.size());
    std::int64_t longest = 0;
    for (std::size_t s = 0; s + 1 < offsets.size(); ++s) {
      for (std::int64_t t = offsets[s]; t < offsets[s + 1]; ++t) positions.push_back(static_cast<std::int32_t>(t - offsets[s]));
      longest = std::max(longest, offsets[s + 1] - offsets[s]);
    }
    if (!model.adapter.empty()) {
      scale = model.adapter.config.scale();
      if (model.adapter.config.dropout > 0 && batch.training) dropout = dropout_of(model.adapter.config, *batch.training);
    }
    if (config.rotated() == 0) return;
    const Rotation rotation(config);
    angles = BasicTensor<T>::uninitialized({longest, rotation.rotated()});
    T* to = angles.mutable_data();
    parallel_for(longest, 1 + 4096 / rotation.rotated(), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t t = begin; t < end; ++t) rotation.at(t, to + t * rotation.rotated());
    });
  }
  std::shared_ptr<const ops::Dropout> dropout_of(const LoraConfig& lora, const TrainingStep& at) const {
    ops::Dropout d{lora.dropout, lora.seed, at.step, {}, {positions.begin(), positions.end()}};
    for (std::size_t s = 0; s + 1 < offsets.size(); ++s)
      d.items.insert(d.items.end(), static_cast<std::size_t>(offsets[s + 1] - offsets[s]), at.first_item + static_cast<std::uint32_t>(s));
    return std::make_shared<const ops::Dropout>(std::move(d));
  }
  ops::LowRanks<T> added(std::size_t layer, const LoraBlock<T>& lora, std::initializer_list<std::size_t> modules) const {
    return low_ranks(config, scale, dropout, layer, lora, modules);
  }
};

template <class T>
BasicTensor<T> attention(const Pass<T>& pass, std::size_t layer, const BasicTensor<T>& x, const BlockParams<T>& b, const LoraBlock<T>& lora) {
  const auto& c = pass.config;
  const int heads = static_cast<int>(c.num_heads), kv_heads = static_cast<int>(c.kv_heads());
  auto qkv = ops::norm_linear(x, b.norm1_gain, b.norm1_bias, c.norm_eps, b.qkv_weight, b.qkv_bias,
                              pass.added(layer, lora, {kLoraQ, kLoraK, kLoraV, kLoraQkv}));
  if (c.qk_norm) qkv = ops::qk_norm(qkv, b.q_norm_gain, b.k_norm_gain, c.norm_eps, heads, kv_heads);
  if (pass.angles.size()) qkv = ops::rotary(qkv, pass.positions, pass.angles, heads, kv_heads);
  const auto seen = ops::causal_attention(qkv, pass.offsets, heads, kv_heads, c.window(layer));
  return ops::linear(seen, b.out_weight, b.out_bias, Activation::kNone, pass.added(layer, lora, {kLoraOut}));
}

template <class T>
BasicTensor<T> mlp(const Pass<T>& pass, std::size_t layer, const BasicTensor<T>& x, const BlockParams<T>& b, const LoraBlock<T>& lora) {
  const auto& c = pass.config;
  const Activation act = activation_of(c);
  const auto up = pass.added(layer, lora, {kLoraUp}), down = pass.added(layer, lora, {kLoraDown});
  if (c.gated_mlp)
    return ops::norm_gated_mlp(x, b.norm2_gain, b.norm2_bias, c.norm_eps, b.gate_weight, b.gate_bias, b.up_weight, b.up_bias, act, b.down_weight,
                               b.down_bias, pass.added(layer, lora, {kLoraGate}), up, down);
  return ops::norm_mlp(x, b.norm2_gain, b.norm2_bias, c.norm_eps, b.up_weight, b.up_bias, act, b.down_weight, b.down_bias, up, down);
}

template <class T> BasicTensor<T> block(const Pass<T>& pass, std::size_t layer, BasicTensor<T> x, const BlockParams<T>& b, const LoraBlock<T>& lora) {
  auto attended = attention(pass, layer, x, b, lora);
  if (!pass.config.parallel_blocks) {
    x = ops::add(x, std::exchange(attended, {}));
    return ops::add(x, mlp(pass, layer, x, b, lora));
  }
  const auto made = mlp(pass, layer, x, b, lora);  // recorded after attention, whatever order a compiler gives arguments
  return ops::add(ops::add(x, attended), made);
}

/// A block's tensors, then its adapter's.
template <class T, class F> void visit_both(std::pair<BlockParams<T>, LoraBlock<T>>& block, const F& f) {
  block.first.visit([&](const char*, BasicTensor<T>& t) { f(t); });
  for (auto& pair : block.second.pairs)
    if (pair.a.size()) f(pair.a), f(pair.b);
}

template <class T> BasicTensor<T> normal(Shape shape, double std, std::uint64_t seed, std::uint32_t number) {
  const FpStateGuard guard;
  Rng rng(seed, Purpose::kInit, number);
  auto t = BasicTensor<T>::uninitialized(shape);
  T* x = t.mutable_data();
  for (std::int64_t i = 0; i < t.size(); ++i) x[i] = static_cast<T>(std * rng.normal());
  return t;
}
/// Block `l` of the model, its inside computed twice where that is asked for.
template <class T>
BasicTensor<T> after_block(const BasicTransformer<T>& model, const std::shared_ptr<const Pass<T>>& pass, std::size_t l, const BasicTensor<T>& x) {
  const auto lora = model.adapter.empty() ? LoraBlock<T>() : model.adapter.blocks[l];
  if (!model.recompute_blocks) return block(*pass, l, x, model.blocks[l], lora);
  std::vector<BasicTensor<T>> inputs{x};
  std::pair<BlockParams<T>, LoraBlock<T>> like{model.blocks[l], lora};  // which tensors there are
  visit_both(like, [&](BasicTensor<T>& t) {
    inputs.push_back(t);
    t = t.detach();
  });
  return ops::recomputed<T>(
      [pass, l, like](std::span<const BasicTensor<T>> given) {
        auto own = like;
        std::size_t i = 1;
        visit_both(own, [&](BasicTensor<T>& t) { t = given[i++]; });
        return block(*pass, l, given[0], own.first, own.second);
      },
      inputs);
}

/// Blocks [first, last) on x.
template <class T>
BasicTensor<T> blocks(const BasicTransformer<T>& model, const std::shared_ptr<const Pass<T>>& pass, BasicTensor<T> x, std::int64_t first,
                      std::int64_t last) {
  for (std::int64_t l = first; l < last; ++l) x = after_block(model, pass, static_cast<std::size_t>(l), x);
  return x;
}

template <class T> BasicTensor<T> final_norm(const BasicTransformer<T>& model, const BasicTensor<T>& x) {
  const double eps = model.config.norm_eps;
  return model.config.norm == "rms" ? ops::rms_norm(x, model.norm_gain, eps) : ops::layer_norm(x, model.norm_gain, model.norm_bias, eps);
}

inline void check_layer(const char* function, std::int64_t layer, const TransformerConfig& config) {
  if (layer < 0 || layer > config.num_layers)
    detail::fail<IndexError>(function, "there is no such layer", detail::str(layer), "0 to " + detail::str(config.num_layers));
}

}  // namespace detail_

template <class T> BasicTransformer<T>::BasicTransformer(const TransformerConfig& given, std::uint64_t seed) {
  const double residual_std = given.init_std / std::sqrt(2.0 * static_cast<double>(given.num_layers));
  std::uint32_t number = 0;  // of the weight matrix, its place in the random counter
  *this = made_of(given, [&](const std::string& name, const Shape& shape) {
    if (name.ends_with("gain")) return BasicTensor<T>::full(shape, T(1));
    if (name.ends_with("bias")) return BasicTensor<T>(shape);
    const bool residual = name.ends_with(".out_weight") || name.ends_with(".down_weight");
    return detail_::normal<T>(shape, residual ? residual_std : given.init_std, seed, number++);
  });
}

template <class T> std::int64_t BasicTransformer<T>::num_parameters() const {
  const FpStateGuard guard;
  std::int64_t n = 0;
  const auto count = [&](const std::string&, const BasicTensor<T>& t) { n += t.size(); };
  visit_all(count);
  adapter.visit(count);
  return n;
}

template <class T> BasicTensor<T> BasicTransformer<T>::hidden(const TokenBatch& batch) const {
  const FpStateGuard guard;
  const std::int64_t last = config.num_layers;
  return detail_::final_norm(*this, hidden(batch, std::span(&last, 1)).front());
}

template <class T> std::vector<BasicTensor<T>> BasicTransformer<T>::hidden(const TokenBatch& batch, std::span<const std::int64_t> layers) const {
  const FpStateGuard guard;
  detail_::check_batch(batch, config.max_positions);
  if (layers.empty()) detail::fail<ValueError>("Transformer::hidden", "no layer", "none", "at least one");
  for (const std::int64_t l : layers) detail_::check_layer("Transformer::hidden", l, config);
  adapter.check("Transformer", config);
  const auto pass = std::make_shared<const detail_::Pass<T>>(*this, batch);
  auto x = ops::embedding(token_embedding, batch.ids);
  if (config.positions == "learned") x = ops::add(x, ops::embedding(position_embedding, pass->positions));
  std::vector<std::int64_t> rising(layers.begin(), layers.end());
  std::sort(rising.begin(), rising.end());
  std::vector<BasicTensor<T>> found(layers.size());
  std::int64_t reached = 0;
  for (const std::int64_t l : rising) {
    x = detail_::blocks(*this, pass, std::move(x), std::exchange(reached, l), l);
    for (std::size_t i = 0; i < layers.size(); ++i)
      if (layers[i] == l) found[i] = x;
  }
  return found;
}

template <class T> BasicTensor<T> BasicTransformer<T>::hidden_from(std::int64_t layer, const BasicTensor<T>& leaving, const TokenBatch& batch) const {
  const FpStateGuard guard;
  detail_::check_batch(batch, config.max_positions);
  detail_::check_layer("Transformer::hidden_from", layer, config);
  adapter.check("Transformer", config);
  if (!(leaving.shape() == Shape{batch.tokens(), config.hidden_size}))
    detail::fail<ShapeError>("Transformer::hidden_from", "what leaves the layer has another shape", leaving.shape().str(),
                             Shape{batch.tokens(), config.hidden_size}.str());
  const auto pass = std::make_shared<const detail_::Pass<T>>(*this, batch);
  return detail_::final_norm(*this, detail_::blocks(*this, pass, leaving, layer, config.num_layers));
}

template <class T> std::int64_t BasicTransformer<T>::frozen_layers() const {
  std::int64_t layers = 0;
  while (layers < static_cast<std::int64_t>(adapter.blocks.size())) {
    const auto& pairs = adapter.blocks[static_cast<std::size_t>(layers)].pairs;
    if (std::any_of(pairs.begin(), pairs.end(), [](const auto& pair) { return pair.a.size() > 0; })) break;
    ++layers;
  }
  return layers;
}

template <class T> BasicTensor<T> BasicTransformer<T>::logits(const TokenBatch& batch) const {
  const FpStateGuard guard;
  return ops::linear(hidden(batch), output_weight(), BasicTensor<T>());
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
  return ops::linear_logprobs(ops::rows(h, before), output_weight(), targets, temperature);
}

}  // namespace nn

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
