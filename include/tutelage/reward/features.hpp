#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tutelage/nn/transformer.hpp"

TUTELAGE_BEGIN

namespace reward {

/// What is read off a frozen trunk. Middle layers with "mean" tell most of a small language model; its last layer is about the next token.
struct FeatureConfig {
  std::vector<std::int64_t> layers;  // 0 (the embedding) to L, put side by side; empty: L / 2 alone
  std::string pooling = "mean";      // over a text's tokens, or "last": its last token
  std::int64_t batch_tokens = 2048;  // about so many are computed at once; does not change the result
  void validate() const;             // @throws ConfigError
};

/// One row a text, (texts, layers * C), to be computed once and kept: a head on it costs next to nothing.
///   mean: 1/n sum_t h_t, a chain in token order, in double.   last: h_n.   h leaves the layer, before any norm.
/// An adapter takes part. @throws ConfigError, IndexError for a layer that the trunk lacks, and as Transformer::hidden.
/// Cost: one forward pass up to the highest layer. Checked by: test_features.cpp.
Tensor text_features(const nn::Transformer& trunk, const nn::TokenBatch& texts, const FeatureConfig& config = {});

}  // namespace reward

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/reward/features.ipp"
#endif
