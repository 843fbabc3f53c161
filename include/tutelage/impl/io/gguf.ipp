#pragma once
#include <cmath>

#include "tutelage/base/math.hpp"
#include "tutelage/impl/io/assemble.hpp"
#include "tutelage/impl/io/gguf_file.ipp"
#include "tutelage/impl/io/hf_folder.hpp"
#include "tutelage/io/gguf.hpp"
#include "tutelage/io/pretrained.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace io {

namespace detail_ {

/// GGUF's name of a tensor, from Hugging Face's. What both end with, .weight or .bias, stays.
inline std::string gguf_name(const std::string& theirs, const std::string& prefix) {
  static constexpr std::pair<const char*, const char*> kTop[] = {
      {"wte", "token_embd"},    {"embed_in", "token_embd"}, {"embed_tokens", "token_embd"},
      {"wpe", "position_embd"}, {"ln_f", "output_norm"},    {"final_layer_norm", "output_norm"},
      {"norm", "output_norm"},  {"lm_head", "output"},      {"embed_out", "output"}};
  static constexpr std::pair<const char*, const char*> kLayer[] = {{"ln_1", "attn_norm"},
                                                                   {"input_layernorm", "attn_norm"},
                                                                   {"attn.c_attn", "attn_qkv"},
                                                                   {"attention.query_key_value", "attn_qkv"},
                                                                   {"self_attn.q_proj", "attn_q"},
                                                                   {"self_attn.k_proj", "attn_k"},
                                                                   {"self_attn.v_proj", "attn_v"},
                                                                   {"self_attn.q_norm", "attn_q_norm"},
                                                                   {"self_attn.k_norm", "attn_k_norm"},
                                                                   {"attn.c_proj", "attn_output"},
                                                                   {"attention.dense", "attn_output"},
                                                                   {"self_attn.o_proj", "attn_output"},
                                                                   {"ln_2", "ffn_norm"},
                                                                   {"post_attention_layernorm", "ffn_norm"},
                                                                   {"mlp.c_fc", "ffn_up"},
                                                                   {"mlp.dense_h_to_4h", "ffn_up"},
                                                                   {"mlp.up_proj", "ffn_up"},
                                                                   {"mlp.gate_proj", "ffn_gate"},
                                                                   {"mlp.c_proj", "ffn_down"},
                                                                   {"mlp.dense_4h_to_h", "ffn_down"},
                                                                   {"mlp.down_proj", "ffn_down"}};
  std::string name = theirs.starts_with(prefix) ? theirs.substr(prefix.size()) : theirs, block;
  const std::size_t dot = name.rfind('.');
  const std::string kind = name.substr(dot);
  name.resize(dot);
  for (const char* layers : {"h.", "layers."})
    if (name.starts_with(layers)) {
      const std::size_t number = std::string_view(layers).size(), end = name.find('.', number);
      block = "blk." + name.substr(number, end - number) + ".";
      name.erase(0, end + 1);
      break;
    }
  if (block.empty()) {
    for (const auto& [hf, gguf] : kTop)
      if (name == hf) return gguf + kind;
  } else {
    for (const auto& [hf, gguf] : kLayer)
      if (name == hf) return block + gguf + kind;
  }
  return theirs;
}

/// The factors by which Llama 3 divides its frequencies are in the file as a tensor; the four numbers that they come from are not. They are found
/// again for the values that every such model has, and compared.
inline void read_rope_factors(const GgufFile& file, nn::TransformerConfig& c) {
  const auto it = file.all_tensors().find("rope_freqs.weight");
  if (it == file.all_tensors().end()) return;
  const StoredTensor& t = it->second;
  if (t.type != Stored::kF32 || !(t.shape == Shape{c.head_width() / 2}))
    file.wrong("rope_freqs.weight has another form", t.type_name + " " + t.shape.str(), "F32 " + Shape{c.head_width() / 2}.str());
  std::vector<float> factors(static_cast<std::size_t>(t.shape.size()));
  convert(t, 0, t.shape.size(), factors.data());
  const double most = static_cast<double>(*std::max_element(factors.begin(), factors.end()));
  nn::RopeScaling s;
  s.type = "llama3", s.factor = most, s.low_freq_factor = 1, s.high_freq_factor = 4, s.original_max_positions = 8192;
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const double wavelength = 6.283185307179586 * math::pow(c.rope_theta, static_cast<double>(2 * i) / static_cast<double>(c.head_width()));
    const double smooth = (8192 / wavelength - 1) / 3;
    const double expected = wavelength < 2048 ? 1.0 : wavelength > 8192 ? most : 1 / ((1 - smooth) / most + smooth);
    const double off = static_cast<double>(factors[i]) / expected - 1;
    if (!(off < 1e-4 && off > -1e-4))
      detail::fail<ConfigError>("load_pretrained", file.path() + ": rope_freqs.weight is not supported", "factors of another rule",
                                "those of Llama 3 for 8192 positions");
  }
  if (most > 1) c.rope_scaling = s;
}

/// Keys below the architecture's name that are read; any other may change the mathematics and is refused.
inline void refuse_unknown_keys(const GgufFile& file, const std::string& architecture) {
  static const std::set<std::string> known{"vocab_size",
                                           "context_length",
                                           "embedding_length",
                                           "block_count",
                                           "feed_forward_length",
                                           "use_parallel_residual",
                                           "tensor_data_layout",
                                           "attention.head_count",
                                           "attention.head_count_kv",
                                           "attention.key_length",
                                           "attention.value_length",
                                           "attention.layer_norm_epsilon",
                                           "attention.layer_norm_rms_epsilon",
                                           "attention.sliding_window",
                                           "rope.dimension_count",
                                           "rope.freq_base",
                                           "rope.scaling.type",
                                           "rope.scaling.factor",
                                           "rope.scaling.original_context_length",
                                           "rope.scaling.finetuned",
                                           "rope.scaling.attn_factor"};
  for (const auto& [key, value] : file.keys()) {
    if (!key.starts_with(architecture + ".")) continue;
    const std::string rest = key.substr(architecture.size() + 1);
    const bool off = (rest == "expert_count" || rest == "expert_used_count") && file.whole(key, 0) == 0;
    const bool causal = rest == "attention.causal" && file.flag(key, true);
    if (!known.count(rest) && !off && !causal)
      detail::fail<ConfigError>("load_pretrained", file.path() + ": key is not supported", key, "the keys of " + architecture + " that are");
  }
}

inline HfConfig read_gguf_config(const GgufFile& file) {
  const char* function = "load_pretrained";
  const std::string name = file.text("general.architecture", "");
  HfConfig all;
  all.model_type = name == "gptneox" ? "gpt_neox" : name;
  if (name != "llama" && name != "gpt2" && name != "gptneox" && name != "qwen2" && name != "qwen3")
    detail::fail<ConfigError>(function, file.path() + ": architecture is not supported", name.empty() ? "none" : name,
                              "llama, gpt2, gptneox, qwen2 or qwen3");
  refuse_unknown_keys(file, name);
  const auto key = [&](const char* rest) { return name + "." + rest; };
  const auto need = [&](const char* rest) {
    if (!file.has(key(rest))) file.wrong("file lacks a key", "no " + key(rest), "the sizes of the model");
    return file.whole(key(rest), 0);
  };
  const auto there = [&](const char* tensor) { return file.all_tensors().count(tensor) > 0; };
  nn::TransformerConfig& c = all.config;
  const auto embedding = file.all_tensors().find("token_embd.weight");
  if (embedding == file.all_tensors().end()) file.wrong("file lacks a tensor", "no token_embd.weight", "every parameter of the model");
  c.vocab_size = embedding->second.shape[0];
  if (file.whole(key("vocab_size"), c.vocab_size) != c.vocab_size)
    file.wrong(key("vocab_size") + " and token_embd.weight differ", detail::str(file.whole(key("vocab_size"), 0)), detail::str(c.vocab_size));
  c.max_positions = need("context_length"), c.hidden_size = need("embedding_length"), c.num_layers = need("block_count");
  c.num_heads = need("attention.head_count"), c.intermediate_size = need("feed_forward_length");
  c.num_kv_heads = file.whole(key("attention.head_count_kv"), c.num_heads);
  c.head_size = file.whole(key("attention.key_length"), 0);
  if (file.whole(key("attention.value_length"), c.head_size) != c.head_size && c.num_heads > 0 &&
      file.whole(key("attention.value_length"), 0) != (c.head_size ? c.head_size : c.hidden_size / c.num_heads))
    detail::fail<ConfigError>(function, file.path() + ": values wider or narrower than keys are not supported",
                              detail::str(file.whole(key("attention.value_length"), 0)), detail::str(c.head_size));
  c.sliding_window = file.whole(key("attention.sliding_window"), 0);
  const bool old = name == "gpt2" || name == "gptneox";
  c.norm_eps = file.number(key(old ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon"), old ? 1e-5 : 1e-6);
  c.qkv_bias = there("blk.0.attn_qkv.bias") || there("blk.0.attn_q.bias");
  c.out_bias = there("blk.0.attn_output.bias"), c.mlp_bias = there("blk.0.ffn_up.bias");
  c.tie_embeddings = !there("output.weight") || same_bytes(file.all_tensors().at("output.weight"), embedding->second);
  c.qk_norm = name == "qwen3";
  if (name == "llama" && c.sliding_window > 0) all.model_type = "mistral";  // GGUF has no word of its own for it
  if (!old) c.norm = "rms", c.gated_mlp = true, c.activation = "silu";
  if (name == "gptneox") c.activation = "gelu_exact", c.parallel_blocks = file.flag(key("use_parallel_residual"), true);
  if (name == "gpt2") {
    check_config(function, file.path(), c);
    return all;
  }
  c.positions = "rotary";
  c.rope_theta = file.number(key("rope.freq_base"), 10000);
  if (c.num_heads < 1 || c.hidden_size < 1) check_config(function, file.path(), c);  // refuses them
  const std::int64_t turned = file.whole(key("rope.dimension_count"), c.head_width());
  if (turned != c.head_width()) {
    if (name != "gptneox")
      detail::fail<ConfigError>(function, file.path() + ": " + key("rope.dimension_count") + " is not supported", detail::str(turned),
                                detail::str(c.head_width()));
    c.rotary_fraction = static_cast<double>(turned) / static_cast<double>(std::max<std::int64_t>(c.head_width(), 1));
  }
  const std::string scaling = file.text(key("rope.scaling.type"), "none");
  if (scaling != "none" && scaling != "linear" && scaling != "yarn")
    detail::fail<ConfigError>(function, file.path() + ": rope type is not supported", scaling, "none, linear or yarn");
  if (file.number(key("rope.scaling.attn_factor"), 1) != 1)
    detail::fail<ConfigError>(function, file.path() + ": " + key("rope.scaling.attn_factor") + " is not supported",
                              detail::str(file.number(key("rope.scaling.attn_factor"), 1)), "1");
  if (scaling != "none") {
    c.rope_scaling.type = scaling;
    c.rope_scaling.factor = file.number(key("rope.scaling.factor"), 1);
    if (scaling == "yarn") c.rope_scaling.original_max_positions = file.whole(key("rope.scaling.original_context_length"), 0);
  }
  check_config(function, file.path(), c);
  read_rope_factors(file, c);
  check_config(function, file.path(), c);
  return all;
}

inline text::TokenizerData read_tokenizer(const GgufFile& file) {
  const auto key = [](const char* rest) { return std::string("tokenizer.ggml.") + rest; };
  text::TokenizerData t;
  t.kind = file.text(key("model"), "");
  if (t.kind.empty() || !file.has(key("tokens")))
    file.wrong("file carries no tokenizer", "no tokenizer.ggml." + std::string(t.kind.empty() ? "model" : "tokens"), "both");
  t.pre = file.text(key("pre"), "default");
  t.name = file.path();
  t.tokens = file.texts(key("tokens"));
  t.scores = file.numbers(key("scores"));
  t.types = file.wholes(key("token_type"));
  t.merges = file.texts(key("merges"));
  t.chat_template = file.text("tokenizer.chat_template", "");
  for (const auto& [name, size] : {std::pair{"scores", t.scores.size()}, std::pair{"token_type", t.types.size()}})
    if (size != 0 && size != t.tokens.size()) file.wrong(key(name) + " is not one a token", detail::str(size), detail::str(t.tokens.size()));
  for (const auto& [name, id] : {std::pair{"bos_token_id", &t.bos}, std::pair{"eos_token_id", &t.eos}, std::pair{"unknown_token_id", &t.unk},
                                 std::pair{"padding_token_id", &t.pad}}) {
    const std::int64_t x = file.whole(key(name), -1);
    if (file.has(key(name)) && x != 0xffffffff && (x < 0 || x >= static_cast<std::int64_t>(t.tokens.size())))
      file.wrong(key(name) + " is no token", detail::str(x), "0 to " + detail::str(static_cast<std::int64_t>(t.tokens.size()) - 1));
    *id = x == 0xffffffff ? -1 : static_cast<std::int32_t>(x);
  }
  t.add_bos = file.flag(key("add_bos_token"), t.kind == "llama");
  t.add_eos = file.flag(key("add_eos_token"), false);
  t.add_space_prefix = file.flag(key("add_space_prefix"), true);
  return t;
}

inline Pretrained read_gguf(const std::string& path) {
  const char* function = "load_pretrained";
  const GgufFile file(function, path);
  const HfConfig hf = read_gguf_config(file);
  const bool paired = hf.model_type == "llama" || hf.model_type == "mistral";
  std::vector<FileParameter> parameters;
  for (auto& p : hf_parameters(hf.model_type, hf.config)) {
    FileParameter f{std::move(p)};
    for (std::size_t i = 0; i < f.names.size(); ++i) {
      f.names[i] = gguf_name(f.names[i], hf_prefix(hf.model_type));
      if (f.transposed) f.shapes[i] = Shape{f.shapes[i][1], f.shapes[i][0]};  // GGUF keeps (out, in), and queries, keys, values apart
    }
    f.transposed = false, f.interleaved_heads = 0;
    if (paired && f.names.size() == 3) f.paired_heads = hf.config.head_width();
    parameters.push_back(std::move(f));
  }
  Pretrained all;
  all.model_type = hf.model_type;
  const StoredTensors stored = file.tensors();
  all.transformer = assemble(function, stored, hf.config, parameters, [&](const std::string& name) {
    return name == "rope_freqs.weight" || (name == "output.weight" && hf.config.tie_embeddings);
  });
  if (file.has("tokenizer.ggml.tokens")) {
    const auto inside = [&](const char* rest) {
      const std::int64_t x = file.whole(std::string("tokenizer.ggml.") + rest, -1);
      return x >= 0 && x < hf.config.vocab_size ? static_cast<std::int32_t>(x) : -1;
    };
    all.ids.bos = inside("bos_token_id"), all.ids.pad = inside("padding_token_id");
    for (const char* rest : {"eos_token_id", "eot_token_id"})
      if (const std::int32_t id = inside(rest); id >= 0 && std::find(all.ids.eos.begin(), all.ids.eos.end(), id) == all.ids.eos.end())
        all.ids.eos.push_back(id);
  }
  return all;
}

}  // namespace detail_

TUTELAGE_INLINE text::TokenizerData read_gguf_tokenizer(const std::string& path) {
  return detail_::read_tokenizer(detail_::GgufFile("read_gguf_tokenizer", path));
}

}  // namespace io

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
