#pragma once
#include <algorithm>
#include <cmath>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/nn/transformer.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace nn {

TUTELAGE_INLINE double LoraConfig::scale() const {
  const auto r = static_cast<double>(rank);
  return alpha / (use_rslora ? std::sqrt(r) : r);
}

TUTELAGE_INLINE void LoraConfig::validate() const {
  const auto need = [](bool ok, const char* field, double got, const char* expected) {
    if (!ok) detail::fail<ConfigError>("LoraConfig", std::string(field) + " is out of range", detail::str(got), expected);
  };
  need(rank >= 1 && rank <= 65536, "rank", static_cast<double>(rank), "1 to 65536");
  need(std::isfinite(alpha) && std::isfinite(static_cast<float>(scale())), "alpha", alpha, "a finite number");
  need(dropout >= 0 && dropout < 1, "dropout", dropout, "0 to below 1");
  const auto has = [&](const char* name) { return std::find(target_modules.begin(), target_modules.end(), name) != target_modules.end(); };
  for (std::size_t i = 0; i < target_modules.size(); ++i) {
    const auto& name = target_modules[i];
    if (std::find(kLoraModules.begin(), kLoraModules.end(), name) == kLoraModules.end())
      detail::fail<ConfigError>("LoraConfig", "target_modules names an unknown one", name, "q, k, v or qkv, out, gate, up, down");
    if (std::find(target_modules.begin(), target_modules.begin() + static_cast<std::ptrdiff_t>(i), name) !=
        target_modules.begin() + static_cast<std::ptrdiff_t>(i))
      detail::fail<ConfigError>("LoraConfig", "target_modules names one twice", name, "each once");
  }
  for (std::size_t i = 0; i < layers_to_transform.size(); ++i)
    if (layers_to_transform[i] < (i == 0 ? 0 : layers_to_transform[i - 1] + 1))
      detail::fail<ConfigError>("LoraConfig", "layers_to_transform does not rise", detail::str(layers_to_transform[i]),
                                "layers from 0, rising, each once");
  if (has("qkv") && (has("q") || has("k") || has("v")))
    detail::fail<ConfigError>("LoraConfig", "target_modules names the same weights twice", "qkv beside q, k or v", "one or the other");
}

namespace detail_ {

/// The first output of a fused weight that a module's are.
inline std::int64_t lora_first(const TransformerConfig& c, std::size_t module) {
  return module == kLoraK ? c.num_heads * c.head_width() : module == kLoraV ? (c.num_heads + c.kv_heads()) * c.head_width() : 0;
}

/// (in, out) of a module; (0, 0) where a block has no such map.
inline std::pair<std::int64_t, std::int64_t> lora_sizes(const TransformerConfig& c, std::size_t module) {
  const std::int64_t width = c.hidden_size, q = c.num_heads * c.head_width(), k = c.kv_heads() * c.head_width(), f = c.mlp_width();
  switch (module) {
    case kLoraQ:
      return {width, q};
    case kLoraK:
    case kLoraV:
      return {width, k};
    case kLoraQkv:
      return {width, c.qkv_width()};
    case kLoraOut:
      return {q, width};
    case kLoraGate:
      return c.gated_mlp ? std::pair{width, f} : std::pair<std::int64_t, std::int64_t>{0, 0};
    case kLoraUp:
      return {width, f};
    default:
      return {f, width};
  }
}

/// What an adapter adds to one of a block's weights: its parts that `modules` names.
template <class T>
ops::LowRanks<T> low_ranks(const TransformerConfig& c, double scale, const std::shared_ptr<const ops::Dropout>& dropout, std::size_t layer,
                           const LoraBlock<T>& block, std::initializer_list<std::size_t> modules) {
  ops::LowRanks<T> all;
  for (const std::size_t i : modules)
    if (const auto& pair = block.pairs[i]; pair.a.size())
      all.push_back({pair.a, pair.b, lora_first(c, i), scale, dropout, static_cast<std::uint32_t>(layer * kLoraModules.size() + i)});
  return all;
}

}  // namespace detail_

TUTELAGE_INLINE std::vector<LoraPlace> lora_places(const TransformerConfig& model, const LoraConfig& config) {
  model.validate();
  config.validate();
  std::vector<std::size_t> modules;
  for (std::size_t i = 0; i < kLoraModules.size(); ++i) {
    const bool there = detail_::lora_sizes(model, i).first > 0, fused = model.norm == "layer";
    const bool named = std::find(config.target_modules.begin(), config.target_modules.end(), kLoraModules[i]) != config.target_modules.end();
    if (named && !there)
      detail::fail<ConfigError>("LoraConfig", "target_modules names what the model lacks", kLoraModules[i], "maps that its blocks have");
    const bool by_default = there && (i == kLoraQkv ? fused : i > kLoraQkv || !fused);
    if (config.target_modules.empty() ? by_default : named) modules.push_back(i);
  }
  std::vector<std::int64_t> layers = config.layers_to_transform;
  if (layers.empty())
    for (std::int64_t l = 0; l < model.num_layers; ++l) layers.push_back(l);
  if (layers.back() >= model.num_layers)
    detail::fail<ConfigError>("LoraConfig", "layers_to_transform names a layer that the model lacks", detail::str(layers.back()),
                              "0 to " + detail::str(model.num_layers - 1));
  std::vector<LoraPlace> places;
  for (const std::int64_t l : layers)
    for (const std::size_t i : modules) {
      const auto [in, out] = detail_::lora_sizes(model, i);
      places.push_back({static_cast<std::size_t>(l), i, {config.rank, in}, {out, config.rank}});
    }
  return places;
}

template <class T> Lora<T> Lora<T>::fresh(const TransformerConfig& model, const LoraConfig& config) {
  const FpStateGuard guard;
  std::uint32_t number = 0;
  return made_of(model, config, [&](const std::string& name, const Shape& shape) {
    BasicTensor<T> t(shape);
    if (name.ends_with(".b")) return t;
    Rng rng(config.seed, Purpose::kInit, number++);
    const double bound = 1.0 / std::sqrt(static_cast<double>(shape[1]));
    T* x = t.mutable_data();
    for (std::int64_t i = 0; i < t.size(); ++i) x[i] = static_cast<T>(bound * (2.0 * rng.uniform() - 1.0));
    return t;
  });
}

template <class T> void Lora<T>::check(const char* function, const TransformerConfig& model) const {
  if (empty()) return;
  const auto places = lora_places(model, config);
  if (static_cast<std::int64_t>(blocks.size()) != model.num_layers)
    detail::fail<ShapeError>(function, "the adapter does not fit the model", detail::str(blocks.size()) + " blocks", detail::str(model.num_layers));
  for (const auto& place : places) {
    const auto& pair = blocks[place.layer].pairs[place.module];
    if (!(pair.a.shape() == place.a) || !(pair.b.shape() == place.b))
      detail::fail<ShapeError>(function, place.name() + " does not fit the model", pair.a.shape().str() + " and " + pair.b.shape().str(),
                               place.a.str() + " and " + place.b.str());
  }
}

template <class T> BasicTransformer<T> BasicTransformer<T>::with_lora(const LoraConfig& lora) const {
  BasicTransformer model = *this;
  model.adapter = Lora<T>::fresh(config, lora);
  return model;
}

template <class T> BasicTransformer<T> BasicTransformer<T>::without_adapter() const {
  BasicTransformer model = *this;
  model.adapter = {};
  return model;
}

template <class T> BasicTransformer<T> BasicTransformer<T>::merged() const {
  const FpStateGuard guard;
  adapter.check("merged", config);
  BasicTransformer model = without_adapter();
  for (std::size_t l = 0; l < adapter.blocks.size(); ++l)
    for (std::size_t i = 0; i < kLoraModules.size(); ++i) {
      const auto& pair = adapter.blocks[l].pairs[i];
      if (!pair.a.size()) continue;
      auto& b = model.blocks[l];
      BasicTensor<T>* weights[] = {&b.qkv_weight, &b.qkv_weight,  &b.qkv_weight, &b.qkv_weight,
                                   &b.out_weight, &b.gate_weight, &b.up_weight,  &b.down_weight};
      auto scaled = pair.b.detach();
      kernels::affine(static_cast<T>(adapter.config.scale()), T(0), pair.b.data(), scaled.mutable_data(), scaled.size());
      kernels::Gemm<T> g;  // every element goes on from W, over the rank
      g.m = pair.b.dim(0), g.r = pair.b.dim(1), g.n = pair.a.dim(1);
      g.a = scaled.data(), g.a_row = g.r;
      g.b = pair.a.data(), g.b_row = g.n;
      g.c = weights[i]->mutable_data() + detail_::lora_first(config, i) * g.n, g.c_row = g.n, g.start = kernels::Gemm<T>::Start::kContinue;
      kernels::gemm(g);
    }
  return model;
}

}  // namespace nn

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
