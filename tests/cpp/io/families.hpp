#pragma once
// A small configuration of each architecture, with what sets it apart.
#include <string>
#include <utility>
#include <vector>

#include "tutelage/nn/transformer.hpp"

inline std::vector<std::pair<std::string, tutelage::nn::TransformerConfig>> small_families() {
  using Config = tutelage::nn::TransformerConfig;
  Config gpt2;
  gpt2.vocab_size = 11, gpt2.max_positions = 12, gpt2.hidden_size = 8, gpt2.num_layers = 2, gpt2.num_heads = 2, gpt2.intermediate_size = 12;
  Config untied = gpt2;
  untied.tie_embeddings = false, untied.activation = "gelu_exact";
  Config neox = gpt2;
  neox.positions = "rotary", neox.rotary_fraction = 0.5, neox.parallel_blocks = true, neox.tie_embeddings = false, neox.rope_theta = 500;
  Config llama = gpt2;
  llama.norm = "rms", llama.positions = "rotary", llama.activation = "silu", llama.gated_mlp = true, llama.num_kv_heads = 1;
  llama.qkv_bias = llama.out_bias = llama.mlp_bias = false;
  Config llama3 = llama;
  llama3.qkv_bias = llama3.out_bias = llama3.mlp_bias = true;
  llama3.rope_scaling.type = "llama3", llama3.rope_scaling.factor = 8, llama3.rope_scaling.original_max_positions = 6;
  Config dynamic = llama;
  dynamic.rope_scaling.type = "dynamic", dynamic.rope_scaling.factor = 2, dynamic.rope_scaling.original_max_positions = 5, dynamic.max_positions = 40;
  Config yarn = llama;
  yarn.rope_scaling.type = "yarn", yarn.rope_scaling.factor = 4, yarn.rope_scaling.original_max_positions = 3, yarn.rope_scaling.mscale = 0.5;
  yarn.rope_scaling.truncate = false, yarn.rope_scaling.attention_factor = 1.25;
  Config mistral = llama;
  mistral.sliding_window = 3, mistral.head_size = 6;
  Config qwen2 = llama;
  qwen2.qkv_bias = true, qwen2.sliding_window = 4, qwen2.sliding_layers = {0, 1};
  Config qwen3 = llama;
  qwen3.qk_norm = true, qwen3.head_size = 6;
  return {{"gpt2", gpt2},     {"gpt2", untied}, {"gpt_neox", neox},   {"llama", llama}, {"llama", llama3},
          {"llama", dynamic}, {"llama", yarn},  {"mistral", mistral}, {"qwen2", qwen2}, {"qwen3", qwen3}};
}
