#pragma once
// Architectures, drawn: what a configuration offers beyond sizes.
#include <algorithm>
#include <cstdint>

#include "tutelage/base/rng.hpp"
#include "tutelage/nn/transformer.hpp"

/// Fills in the fields that make up an architecture; sizes, num_heads and max_positions stay as they are. One in five stays GPT-2.
inline void draw_architecture(tutelage::nn::TransformerConfig& c, tutelage::Rng& rng) {
  const auto below = [&](std::int64_t n) { return static_cast<std::int64_t>(rng.bits() % static_cast<std::uint64_t>(n)); };
  if (below(5) == 0) return;
  c.norm = below(3) ? "rms" : "layer";
  do c.num_kv_heads = 1 + below(c.num_heads);
  while (c.num_heads % c.num_kv_heads != 0);
  if (below(2)) c.head_size = 2 + 2 * below(20);
  if (const std::int64_t d = c.head_width(); d % 2 == 0 && below(5)) {
    c.positions = "rotary";
    const std::int64_t turned = below(2) ? d : 2 + 2 * below(d / 2);
    c.rotary_fraction = turned == d ? 1.0 : (static_cast<double>(turned) + 0.25) / static_cast<double>(d);
    c.rope_theta = below(2) ? 10000 : 100;
    const char* types[] = {"none", "linear", "dynamic", "yarn", "llama3"};
    auto& s = c.rope_scaling;
    s.type = types[below(5)];
    if (s.type == "dynamic" && turned < 4) s.type = "none";
    if (s.type != "none") s.factor = 1.0 + static_cast<double>(below(30)) / 4, s.original_max_positions = 2 + below(c.max_positions);
    s.truncate = below(2);
    if (below(2)) s.mscale = 0.7, s.mscale_all_dim = 0.9;
  }
  const char* activations[] = {"gelu", "gelu_exact", "silu", "relu"};
  c.activation = activations[below(4)];
  c.gated_mlp = below(2), c.parallel_blocks = below(3) == 0;
  c.qkv_bias = below(2), c.out_bias = below(2), c.mlp_bias = below(2);
  c.qk_norm = below(3) == 0;
  c.tie_embeddings = below(2);
  if (below(2)) {
    c.sliding_window = 1 + below(12);
    if (below(2))
      for (std::int64_t i = 0; i < c.num_layers; ++i) c.sliding_layers.push_back(static_cast<std::uint8_t>(below(2)));
  }
}
