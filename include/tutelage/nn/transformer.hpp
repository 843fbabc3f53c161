#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tutelage/autograd/ops.hpp"
#include "tutelage/base/rng.hpp"

TUTELAGE_BEGIN

namespace nn {

/// A decoder transformer in the GPT-2 style: learned positions, layer norm before each part, GELU, biases, tied embedding.
struct TransformerConfig {
  std::int64_t vocab_size = 0;         // tokens
  std::int64_t max_positions = 128;    // longest sequence, tokens
  std::int64_t hidden_size = 128;      // C
  std::int64_t num_layers = 4;         // L
  std::int64_t num_heads = 4;          // H; hidden_size is a multiple of it
  std::int64_t intermediate_size = 0;  // 0: 4 * hidden_size
  double init_std = 0.02;              // of every weight matrix; the residual projections by init_std / sqrt(2 L)
  double norm_eps = 1e-5;
  void validate() const;  // @throws ConfigError
};

/// Token ids of several sequences, end to end; sequence i is [offsets[i], offsets[i + 1]).
struct TokenBatch {
  std::vector<std::int32_t> ids;
  std::vector<std::int64_t> offsets{0};
  void add(std::span<const std::int32_t> sequence);
  std::int64_t sequences() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
  std::int64_t tokens() const { return static_cast<std::int64_t>(ids.size()); }
};

template <class T> struct BlockParams {
  BasicTensor<T> norm1_gain, norm1_bias, qkv_weight, qkv_bias, out_weight, out_bias, norm2_gain, norm2_bias, up_weight, up_bias, down_weight,
      down_bias;

  template <class F> void visit(F&& f) { visit_fields(*this, f); }
  template <class F> void visit(F&& f) const { visit_fields(*this, f); }

 private:
  template <class Self, class F> static void visit_fields(Self& b, F& f) {
    f("norm1_gain", b.norm1_gain);
    f("norm1_bias", b.norm1_bias);
    f("qkv_weight", b.qkv_weight);
    f("qkv_bias", b.qkv_bias);
    f("out_weight", b.out_weight);
    f("out_bias", b.out_bias);
    f("norm2_gain", b.norm2_gain);
    f("norm2_bias", b.norm2_bias);
    f("up_weight", b.up_weight);
    f("up_bias", b.up_bias);
    f("down_weight", b.down_weight);
    f("down_bias", b.down_bias);
  }
};

/// Weights only; (out, in) like torch. Plain values: copying is cheap and never aliases.
template <class T> struct BasicTransformer {
  TransformerConfig config;
  BasicTensor<T> token_embedding;     // (V, C), also the output matrix
  BasicTensor<T> position_embedding;  // (max_positions, C)
  std::vector<BlockParams<T>> blocks;
  BasicTensor<T> norm_gain, norm_bias;
  bool recompute_blocks = false;  // training keeps only what enters a block and computes its inside twice: less memory, the same bits

  BasicTransformer() = default;
  /// Fresh weights from N(0, init_std). @throws ConfigError
  BasicTransformer(const TransformerConfig& config, std::uint64_t seed);

  template <class F> void visit(F&& f) { visit_fields(*this, f); }
  template <class F> void visit(F&& f) const { visit_fields(*this, f); }

  /// Last hidden states, after the final norm: (tokens, C). @throws ValueError for an empty batch or sequence, IndexError, ShapeError past
  /// max_positions
  BasicTensor<T> hidden(const TokenBatch& batch) const;
  /// (tokens, V).
  BasicTensor<T> logits(const TokenBatch& batch) const;
  /// log p(next token | before) inside each sequence, at a temperature: n - 1 values for a sequence of n, end to end.
  BasicTensor<T> logprobs(const TokenBatch& batch, double temperature = 1.0) const;
  std::int64_t num_parameters() const;

 private:
  template <class Self, class F> static void visit_fields(Self& self, F& f) {
    f("token_embedding", self.token_embedding);
    f("position_embedding", self.position_embedding);
    for (std::size_t i = 0; i < self.blocks.size(); ++i) {
      const std::string p = "blocks." + std::to_string(i) + ".";
      self.blocks[i].visit([&](const char* name, auto& t) { f(p + name, t); });
    }
    f("norm_gain", self.norm_gain);
    f("norm_bias", self.norm_bias);
  }
};
using Transformer = BasicTransformer<float>;

/// One number a position: hidden (tokens, C) -> (tokens). For values and rewards.
template <class T> struct ScalarHead {
  BasicTensor<T> weight;  // (1, C)
  BasicTensor<T> bias;    // (1)
  ScalarHead() = default;
  explicit ScalarHead(std::int64_t hidden_size);                         // zeros
  ScalarHead(std::int64_t hidden_size, double std, std::uint64_t seed);  // N(0, std)
  template <class F> void visit(F&& f) { visit_fields(*this, f); }
  template <class F> void visit(F&& f) const { visit_fields(*this, f); }
  BasicTensor<T> operator()(const BasicTensor<T>& hidden) const;

 private:
  template <class Self, class F> static void visit_fields(Self& self, F& f) {
    f("weight", self.weight);
    f("bias", self.bias);
  }
};

/// A transformer and a scalar head on its hidden states; a critic or a reward model.
template <class T> struct TransformerWithHead {
  BasicTransformer<T> trunk;
  ScalarHead<T> head;
  template <class F> void visit(F&& f) { visit_fields(*this, f); }
  template <class F> void visit(F&& f) const { visit_fields(*this, f); }

 private:
  template <class Self, class F> static void visit_fields(Self& self, F& f) {
    self.trunk.visit([&](const std::string& n, auto& t) { f("trunk." + n, t); });
    self.head.visit([&](const std::string& n, auto& t) { f("head." + n, t); });
  }
};

}  // namespace nn

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/nn/transformer.ipp"
#endif
