#pragma once
#include <algorithm>

#include "tutelage/base/fail.hpp"
#include "tutelage/io/hf_names.hpp"

TUTELAGE_BEGIN

namespace io {

namespace detail_ {

/// Names of one architecture: top ones, and those of a layer without ".weight" or ".bias".
struct HfNames {
  std::string model_type, prefix, layers, token_embedding, position_embedding, norm, head;
  std::string norm1;
  std::vector<std::string> qkv;
  std::string q_norm, k_norm, out, norm2, gate, up, down;
  bool transposed = false, interleaved = false;
};

inline HfNames hf_names_of(const std::string& model_type) {
  HfNames n;
  n.model_type = model_type;
  if (model_type == "gpt2") {
    n.prefix = "transformer.", n.layers = "h.", n.token_embedding = "wte", n.position_embedding = "wpe", n.norm = "ln_f", n.head = "lm_head";
    n.norm1 = "ln_1", n.qkv = {"attn.c_attn"}, n.out = "attn.c_proj", n.norm2 = "ln_2", n.up = "mlp.c_fc", n.down = "mlp.c_proj";
    n.transposed = true;
  } else if (model_type == "gpt_neox") {
    n.prefix = "gpt_neox.", n.layers = "layers.", n.token_embedding = "embed_in", n.norm = "final_layer_norm", n.head = "embed_out";
    n.norm1 = "input_layernorm", n.qkv = {"attention.query_key_value"}, n.out = "attention.dense", n.norm2 = "post_attention_layernorm";
    n.up = "mlp.dense_h_to_4h", n.down = "mlp.dense_4h_to_h";
    n.interleaved = true;
  } else if (model_type == "llama" || model_type == "mistral" || model_type == "qwen2" || model_type == "qwen3") {
    n.prefix = "model.", n.layers = "layers.", n.token_embedding = "embed_tokens", n.norm = "norm", n.head = "lm_head";
    n.norm1 = "input_layernorm", n.qkv = {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"}, n.out = "self_attn.o_proj";
    n.norm2 = "post_attention_layernorm", n.gate = "mlp.gate_proj", n.up = "mlp.up_proj", n.down = "mlp.down_proj";
    if (model_type == "qwen3") n.q_norm = "self_attn.q_norm", n.k_norm = "self_attn.k_norm";
  } else {
    detail::fail<ConfigError>("hf_parameters", "unknown model_type", model_type, "gpt2, gpt_neox, llama, mistral, qwen2 or qwen3");
  }
  return n;
}

/// The file's name of a field of ours, without ".weight" or ".bias"; empty: the architecture has no place for it.
inline std::string hf_name_of(const HfNames& n, const std::string& field) {
  const std::pair<const char*, const std::string*> all[] = {{"token_embedding", &n.token_embedding},
                                                            {"position_embedding", &n.position_embedding},
                                                            {"norm1", &n.norm1},
                                                            {"q_norm", &n.q_norm},
                                                            {"k_norm", &n.k_norm},
                                                            {"out", &n.out},
                                                            {"norm2", &n.norm2},
                                                            {"gate", &n.gate},
                                                            {"up", &n.up},
                                                            {"down", &n.down},
                                                            {"norm", &n.norm},
                                                            {"head", &n.head}};
  for (const auto& [name, theirs] : all)
    if (field == name) return *theirs;
  return {};
}

inline void check_shape(const char* function, const std::string& name, const Shape& got, const Shape& expected) {
  if (!(got == expected)) detail::fail<ShapeError>(function, name + " has the wrong shape", got.str(), expected.str());
}

/// (rows, columns) -> (columns, rows)
inline Tensor turned(const Tensor& x) {
  const std::int64_t rows = x.dim(0), columns = x.dim(1);
  auto y = Tensor::uninitialized({columns, rows});
  const float* from = x.data();
  float* to = y.mutable_data();
  constexpr std::int64_t tile = 32;
  for (std::int64_t r0 = 0; r0 < rows; r0 += tile)
    for (std::int64_t c0 = 0; c0 < columns; c0 += tile)
      for (std::int64_t r = r0; r < std::min(rows, r0 + tile); ++r)
        for (std::int64_t c = c0; c < std::min(columns, c0 + tile); ++c) to[c * rows + r] = from[r * columns + c];
  return y;
}

/// Runs of the first dimension in another order. `apart`: from (head, part) to (part, head), else back.
inline Tensor reordered(const Tensor& x, std::int64_t heads, bool apart) {
  auto y = Tensor::uninitialized(x.shape());
  const std::int64_t run = x.size() / (3 * heads);
  float* to = y.mutable_data();
  for (std::int64_t h = 0; h < heads; ++h)
    for (std::int64_t p = 0; p < 3; ++p) {
      const std::int64_t theirs = (3 * h + p) * run, ours = (p * heads + h) * run;
      std::copy_n(x.data() + (apart ? theirs : ours), run, to + (apart ? ours : theirs));
    }
  return y;
}

}  // namespace detail_

TUTELAGE_INLINE std::vector<HfParameter> hf_parameters(const std::string& model_type, const nn::TransformerConfig& config) {
  const auto names = detail_::hf_names_of(model_type);
  const std::int64_t d = config.head_width(), q = config.num_heads * d, k = config.kv_heads() * d;
  const auto no_place = [&](const std::string& what) {
    detail::fail<ConfigError>("hf_parameters", model_type + " has no place for what the configuration asks for", what, "an architecture that has it");
  };
  if (names.qkv.size() == 1 && config.kv_heads() != config.num_heads) no_place("num_kv_heads " + detail::str(config.kv_heads()));
  if (config.qk_norm != !names.q_norm.empty()) no_place(config.qk_norm ? "qk_norm" : "no qk_norm");
  if (config.gated_mlp != !names.gate.empty()) no_place(config.gated_mlp ? "gated_mlp" : "no gated_mlp");
  if ((config.positions == "learned") != !names.position_embedding.empty()) no_place("positions " + config.positions);

  std::vector<HfParameter> all;
  for (const auto& [name, shape] : nn::parameter_shapes(config)) {
    HfParameter p;
    p.ours = name, p.shape = shape;
    std::string prefix = names.prefix, field = name;
    if (name.starts_with("blocks.")) {
      const std::size_t dot = name.find('.', 7);
      prefix += names.layers + name.substr(7, dot - 7) + ".";
      field = name.substr(dot + 1);
    }
    std::string kind = ".weight";
    for (const char* end : {"_gain", "_bias", "_weight"})
      if (field.ends_with(end)) {
        field.erase(field.size() - std::string_view(end).size());
        if (end == std::string_view("_bias")) kind = ".bias";
        break;
      }
    if (field == "qkv") {
      const std::int64_t parts[] = {q, k, k};
      for (std::size_t i = 0; i < names.qkv.size(); ++i) {
        p.names.push_back(prefix + names.qkv[i] + kind);
        const std::int64_t rows = names.qkv.size() == 1 ? shape[0] : parts[i];
        p.shapes.push_back(shape.rank() == 2 ? Shape{rows, shape[1]} : Shape{rows});
      }
      if (names.interleaved) p.interleaved_heads = config.num_heads;
    } else {
      const std::string theirs = detail_::hf_name_of(names, field);
      if (theirs.empty()) no_place(name);
      p.names.push_back((field == "head" ? "" : prefix) + theirs + kind);
      p.shapes.push_back(shape);
    }
    if (names.transposed && shape.rank() == 2 && name.starts_with("blocks.")) {
      p.transposed = true;
      for (auto& s : p.shapes) s = Shape{s[1], s[0]};
    }
    all.push_back(std::move(p));
  }
  return all;
}

TUTELAGE_INLINE std::string hf_prefix(const std::string& model_type) { return detail_::hf_names_of(model_type).prefix; }

TUTELAGE_INLINE bool hf_constant(std::string_view name) {
  for (const std::string_view end : {".attn.bias", ".attn.masked_bias", ".attention.bias", ".attention.masked_bias", ".rotary_emb.inv_freq"})
    if (name.ends_with(end)) return true;
  return false;
}

TUTELAGE_INLINE Tensor from_hf(const HfParameter& p, std::span<const Tensor> tensors) {
  if (tensors.size() != p.names.size())
    detail::fail<ShapeError>("from_hf", p.ours + " is made of other tensors", detail::str(tensors.size()), detail::str(p.names.size()));
  std::vector<Tensor> parts;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    detail_::check_shape("from_hf", p.names[i], tensors[i].shape(), p.shapes[i]);
    parts.push_back(p.transposed ? detail_::turned(tensors[i]) : tensors[i].detach());
  }
  Tensor joined = parts[0];
  if (parts.size() > 1) {
    joined = Tensor::uninitialized(p.shape);
    float* to = joined.mutable_data();
    for (const auto& part : parts) to = std::copy_n(part.data(), part.size(), to);
  }
  return p.interleaved_heads ? detail_::reordered(joined, p.interleaved_heads, true) : joined;
}

TUTELAGE_INLINE std::vector<Tensor> to_hf(const HfParameter& p, const Tensor& ours) {
  detail_::check_shape("to_hf", p.ours, ours.shape(), p.shape);
  const Tensor whole = p.interleaved_heads ? detail_::reordered(ours, p.interleaved_heads, false) : ours.detach();
  std::vector<Tensor> parts;
  const float* from = whole.data();
  for (const auto& shape : p.shapes) {
    const Shape own = p.transposed ? Shape{shape[1], shape[0]} : shape;
    const Tensor part = p.shapes.size() == 1 ? whole : Tensor::from(own, {from, static_cast<std::size_t>(own.size())});
    from += own.size();
    parts.push_back(p.transposed ? detail_::turned(part) : part);
  }
  return parts;
}

}  // namespace io

TUTELAGE_END
