#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tutelage/base/rng.hpp"
#include "tutelage/nn/lora.hpp"

TUTELAGE_BEGIN

namespace nn {

/// How rotary positions reach beyond the lengths they were trained on, as transformers 5 defines each type (modeling_rope_utils.py).
/// "linear": frequencies / factor. "dynamic": from original_max_positions on the base grows with the position (NTK); transformers takes the batch's
/// longest text for all positions, so that its result depends on batch mates: here each position has the base that a text ending in it has, which is
/// what transformers computes token by token with a cache. "yarn": arXiv 2309.00071. "llama3": low frequencies / factor, high ones kept.
struct RopeScaling {
  std::string type = "none";                // "none", "linear", "dynamic", "yarn" or "llama3"
  double factor = 1.0;                      // 1 or more
  double low_freq_factor = 1.0;             // llama3: wavelengths above original_max_positions / low_freq_factor are divided by factor,
  double high_freq_factor = 4.0;            // those below original_max_positions / high_freq_factor are kept
  std::int64_t original_max_positions = 0;  // 0: max_positions
  double attention_factor = 0;              // yarn: of cos and sin; 0: from factor, mscale and mscale_all_dim
  double beta_fast = 32, beta_slow = 1;     // yarn: turns over the original length from which frequencies are kept, and up to which they are divided
  double mscale = 0, mscale_all_dim = 0;    // yarn: 0: not given
  bool truncate = true;                     // yarn: whole dimensions bound the ramp
  bool operator==(const RopeScaling&) const = default;
};

/// A decoder transformer: norms before attention and MLP, causal attention. The defaults are GPT-2; the other fields make it GPT-NeoX, Llama,
/// Mistral, Qwen2 or Qwen3.
struct TransformerConfig {
  std::int64_t vocab_size = 0;         // tokens
  std::int64_t max_positions = 128;    // longest sequence, tokens
  std::int64_t hidden_size = 128;      // C
  std::int64_t num_layers = 4;         // L
  std::int64_t num_heads = 4;          // H; hidden_size is a multiple of it, where head_size is 0
  std::int64_t intermediate_size = 0;  // 0: 4 * hidden_size
  double init_std = 0.02;              // of every weight matrix; the residual projections by init_std / sqrt(2 L)
  double norm_eps = 1e-5;
  std::int64_t num_kv_heads = 0;      // G, a divisor of H; 0: H
  std::int64_t head_size = 0;         // D; 0: hidden_size / num_heads
  std::string norm = "layer";         // "layer", or "rms" (no biases)
  std::string positions = "learned";  // "learned", or "rotary"
  double rotary_fraction = 1.0;       // share of each head that turns, its first numbers; the first half of them with the second
  double rope_theta = 10000;          // the base of the frequencies
  RopeScaling rope_scaling;
  std::string activation = "gelu";        // "gelu" (tanh form), "gelu_exact" (erf), "silu" or "relu"
  bool gated_mlp = false;                 // down(act(gate(x)) * up(x))
  bool parallel_blocks = false;           // x + attention(norm1(x)) + mlp(norm2(x))
  bool qkv_bias = true, out_bias = true;  // of attention
  bool mlp_bias = true;
  bool qk_norm = false;                      // an RMS norm of each query and key head, before it turns
  bool tie_embeddings = true;                // the token embedding is the output matrix
  std::int64_t sliding_window = 0;           // a query sees so many last keys, itself included; 0: all
  std::vector<std::uint8_t> sliding_layers;  // one a layer, 1: the window holds there; empty: in all

  std::int64_t kv_heads() const { return num_kv_heads ? num_kv_heads : num_heads; }
  std::int64_t head_width() const { return head_size ? head_size : hidden_size / (num_heads > 0 ? num_heads : 1); }
  std::int64_t mlp_width() const { return intermediate_size ? intermediate_size : 4 * hidden_size; }
  std::int64_t qkv_width() const { return (num_heads + 2 * kv_heads()) * head_width(); }
  std::int64_t rotated() const {  // numbers of a head that turn
    return positions == "rotary" ? static_cast<std::int64_t>(static_cast<double>(head_width()) * rotary_fraction) : 0;
  }
  std::int64_t window(std::size_t layer) const {
    return sliding_layers.empty() || (layer < sliding_layers.size() && sliding_layers[layer]) ? sliding_window : 0;
  }
  bool operator==(const TransformerConfig&) const = default;
  void validate() const;  // @throws ConfigError
};

/// Every parameter that a model of this configuration has, with its shape, in visit order. The configuration must be valid.
std::vector<std::pair<std::string, Shape>> parameter_shapes(const TransformerConfig& config);

template <class T> template <class F> Lora<T> Lora<T>::made_of(const TransformerConfig& model, const LoraConfig& config, F&& tensor) {
  Lora adapter;
  adapter.config = config;
  adapter.config.target_modules.clear();  // named, where all were meant
  const auto places = lora_places(model, config);
  if (!places.empty()) adapter.blocks.resize(static_cast<std::size_t>(model.num_layers));
  for (const auto& place : places) {
    if (place.layer == places[0].layer) adapter.config.target_modules.push_back(kLoraModules[place.module]);
    auto& pair = adapter.blocks[place.layer].pairs[place.module];
    pair.a = tensor(place.name() + ".a", place.a);
    pair.b = tensor(place.name() + ".b", place.b);
  }
  return adapter;
}

/// Token ids of several sequences, end to end; sequence i is [offsets[i], offsets[i + 1]).
struct TokenBatch {
  std::vector<std::int32_t> ids;
  std::vector<std::int64_t> offsets{0};
  std::optional<TrainingStep> training;  // set: an adapter's dropout is on
  void add(std::span<const std::int32_t> sequence);
  std::int64_t sequences() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
  std::int64_t tokens() const { return static_cast<std::int64_t>(ids.size()); }
};

/// One block. Tensors that the configuration does not have are empty.
template <class T> struct BlockParams {
  BasicTensor<T> norm1_gain, norm1_bias;
  BasicTensor<T> qkv_weight, qkv_bias;      // ((H + 2 G) D, C): all query heads, then keys, then values
  BasicTensor<T> q_norm_gain, k_norm_gain;  // (D)
  BasicTensor<T> out_weight, out_bias;      // (C, H D)
  BasicTensor<T> norm2_gain, norm2_bias;
  BasicTensor<T> gate_weight, gate_bias, up_weight, up_bias, down_weight, down_bias;

  /// Calls f(name, tensor) for those that are there.
  template <class F> void visit(F&& f) {
    visit_all([&](const char* name, BasicTensor<T>& t) {
      if (t.size()) f(name, t);
    });
  }
  template <class F> void visit(F&& f) const {
    visit_all([&](const char* name, const BasicTensor<T>& t) {
      if (t.size()) f(name, t);
    });
  }
  /// Also for those that are empty.
  template <class F> void visit_all(F&& f) { visit_fields(*this, f); }
  template <class F> void visit_all(F&& f) const { visit_fields(*this, f); }

 private:
  template <class Self, class F> static void visit_fields(Self& b, F& f) {
    f("norm1_gain", b.norm1_gain);
    f("norm1_bias", b.norm1_bias);
    f("qkv_weight", b.qkv_weight);
    f("qkv_bias", b.qkv_bias);
    f("q_norm_gain", b.q_norm_gain);
    f("k_norm_gain", b.k_norm_gain);
    f("out_weight", b.out_weight);
    f("out_bias", b.out_bias);
    f("norm2_gain", b.norm2_gain);
    f("norm2_bias", b.norm2_bias);
    f("gate_weight", b.gate_weight);
    f("gate_bias", b.gate_bias);
    f("up_weight", b.up_weight);
    f("up_bias", b.up_bias);
    f("down_weight", b.down_weight);
    f("down_bias", b.down_bias);
  }
};

/// Weights only; (out, in) like torch. Plain values: copying is cheap and never aliases.
template <class T> struct BasicTransformer {
  TransformerConfig config;
  BasicTensor<T> token_embedding;     // (V, C), also the output matrix where embeddings are tied
  BasicTensor<T> position_embedding;  // (max_positions, C); empty where positions are rotary
  std::vector<BlockParams<T>> blocks;
  BasicTensor<T> norm_gain, norm_bias;
  BasicTensor<T> head_weight;     // (V, C), the output matrix; empty where embeddings are tied
  Lora<T> adapter;                // where there is one, it alone is trained
  bool recompute_blocks = false;  // training keeps only what enters a block and computes its inside twice: less memory, the same bits

  BasicTransformer() = default;
  /// Fresh weights from N(0, init_std). @throws ConfigError
  BasicTransformer(const TransformerConfig& config, std::uint64_t seed);

  /// A model of this configuration whose tensors are `tensor(name, shape)`, asked for in visit order. @throws ConfigError
  template <class F> static BasicTransformer made_of(const TransformerConfig& config, F&& tensor) {
    config.validate();
    BasicTransformer model;
    model.config = config;
    model.config.intermediate_size = config.mlp_width();
    model.blocks.resize(static_cast<std::size_t>(config.num_layers));
    const auto shapes = parameter_shapes(config);
    std::size_t next = 0;
    model.visit_all([&](const std::string& name, BasicTensor<T>& t) {
      if (next < shapes.size() && shapes[next].first == name) t = tensor(name, shapes[next++].second);
    });
    return model;
  }

  /// Calls f(name, tensor) for every parameter that training changes: those that are there, or where there is an adapter those of the adapter.
  template <class F> void visit(F&& f) { visit_trained(*this, f); }
  template <class F> void visit(F&& f) const { visit_trained(*this, f); }
  /// For every parameter of the model without its adapter, also those that are empty.
  template <class F> void visit_all(F&& f) { visit_fields(*this, f); }
  template <class F> void visit_all(F&& f) const { visit_fields(*this, f); }
  const BasicTensor<T>& output_weight() const { return head_weight.size() ? head_weight : token_embedding; }

  /// Last hidden states, after the final norm: (tokens, C). @throws ValueError for an empty batch or sequence, IndexError, ShapeError past
  /// max_positions
  BasicTensor<T> hidden(const TokenBatch& batch) const;
  /// What leaves each of `layers` (0: the embedding; l: block l; L: the last block, before the final norm), in their order: one (tokens, C) each,
  /// from one pass that ends at the highest. @throws as hidden(); IndexError for a layer that is not 0 to L, ValueError for none
  std::vector<BasicTensor<T>> hidden(const TokenBatch& batch, std::span<const std::int64_t> layers) const;
  /// hidden(), to the bit, from what leaves `layer`. @throws as hidden(); IndexError for a layer that is not 0 to L; ShapeError
  BasicTensor<T> hidden_from(std::int64_t layer, const BasicTensor<T>& leaving, const TokenBatch& batch) const;
  /// Layers below the first block that an adapter changes: what leaves them is the base's, and has no gradient. 0 without an adapter.
  std::int64_t frozen_layers() const;
  /// (tokens, V).
  BasicTensor<T> logits(const TokenBatch& batch) const;
  /// log p(next token | before) inside each sequence, at a temperature: n - 1 values for a sequence of n, end to end.
  BasicTensor<T> logprobs(const TokenBatch& batch, double temperature = 1.0) const;
  std::int64_t num_parameters() const;  // with the adapter's

  /// This model, its weights shared and frozen, with a fresh adapter in place of the one it may have. @throws ConfigError
  /// Costs no memory but the adapter's: the same weights serve the policy, its reference, values and rewards.
  BasicTransformer with_lora(const LoraConfig& config) const;
  BasicTransformer without_adapter() const;  // the weights alone, shared
  /// A plain model whose weights are W + scale B A: the same function, to the precision of its numbers.
  BasicTransformer merged() const;

 private:
  template <class Self, class F> static void visit_trained(Self& self, F& f) {
    if (!self.adapter.empty()) return self.adapter.visit(f);
    self.visit_all([&](const std::string& name, auto& t) {
      if (t.size()) f(name, t);
    });
  }
  template <class Self, class F> static void visit_fields(Self& self, F& f) {
    f("token_embedding", self.token_embedding);
    f("position_embedding", self.position_embedding);
    for (std::size_t i = 0; i < self.blocks.size(); ++i) {
      const std::string p = "blocks." + std::to_string(i) + ".";
      self.blocks[i].visit_all([&](const char* name, auto& t) { f(p + name, t); });
    }
    f("norm_gain", self.norm_gain);
    f("norm_bias", self.norm_bias);
    f("head_weight", self.head_weight);
  }
};
using Transformer = BasicTransformer<float>;

}  // namespace nn

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/nn/lora.ipp"
#include "tutelage/impl/nn/transformer.ipp"
#endif
