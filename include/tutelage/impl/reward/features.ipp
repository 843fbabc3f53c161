#pragma once
#include <algorithm>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/reward/features.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace reward {

TUTELAGE_INLINE void FeatureConfig::validate() const {
  if (pooling != "mean" && pooling != "last") detail::fail<ConfigError>("FeatureConfig", "pooling is unknown", pooling, "mean or last");
  if (batch_tokens < 1) detail::fail<ConfigError>("FeatureConfig", "batch_tokens is out of range", detail::str(batch_tokens), "1 or more");
}

TUTELAGE_INLINE Tensor text_features(const nn::Transformer& trunk, const nn::TokenBatch& texts, const FeatureConfig& config) {
  const FpStateGuard guard;
  config.validate();
  auto layers = config.layers;
  if (layers.empty()) layers = {trunk.config.num_layers / 2};
  if (texts.sequences() < 1) detail::fail<ValueError>("text_features", "no text", "0", "at least one");
  const std::int64_t n = texts.sequences(), c = trunk.config.hidden_size, width = c * static_cast<std::int64_t>(layers.size());
  Tensor features = Tensor::uninitialized({n, width});
  float* out = features.mutable_data();
  const auto& offsets = texts.offsets;
  for (std::int64_t begin = 0, end = 0; begin < n; begin = end) {
    nn::TokenBatch batch;
    while (end < n && (end == begin || offsets[static_cast<std::size_t>(end)] - offsets[static_cast<std::size_t>(begin)] < config.batch_tokens)) {
      const auto from = static_cast<std::size_t>(offsets[static_cast<std::size_t>(end)]);
      batch.add(std::span(texts.ids).subspan(from, static_cast<std::size_t>(offsets[static_cast<std::size_t>(++end)]) - from));
    }
    const auto states = trunk.hidden(batch, layers);
    for (std::size_t l = 0; l < layers.size(); ++l)
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t last = batch.offsets[static_cast<std::size_t>(i - begin) + 1];
        const std::int64_t first = config.pooling == "last" ? last - 1 : batch.offsets[static_cast<std::size_t>(i - begin)];
        for (std::int64_t k = 0; k < c; ++k) {
          double sum = 0;
          for (std::int64_t t = first; t < last; ++t) sum = sum + static_cast<double>(states[l].data()[t * c + k]);
          out[i * width + static_cast<std::int64_t>(l) * c + k] = static_cast<float>(sum / static_cast<double>(last - first));
        }
      }
  }
  return features;
}

}  // namespace reward

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
