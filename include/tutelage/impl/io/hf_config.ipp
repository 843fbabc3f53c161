#pragma once
#include <algorithm>
#include <limits>
#include <string>

#include "tutelage/impl/io/assemble.hpp"
#include "tutelage/impl/io/json.hpp"
#include "tutelage/io/pretrained.hpp"

TUTELAGE_BEGIN

namespace io::detail_ {

/// Fields of an object of JSON; null counts as absent. A value of another type is an IoError that names it.
class Fields {
 public:
  Fields(const char* function, const Json& object, std::string where) : function_(function), object_(object), where_(std::move(where)) {}
  bool has(const char* name) const { return find(name) != nullptr; }
  bool absent(const char* name) const { return !object_.contains(name); }  // not even null
  std::int64_t whole(const char* name, std::int64_t otherwise) const {
    const Json* x = find(name);
    if (!x) return otherwise;
    if (!x->is_number_integer() || (x->is_number_unsigned() && x->get<std::uint64_t>() > std::uint64_t{1} << 62)) wrong(name, *x, "a whole number");
    return x->get<std::int64_t>();
  }
  double number(const char* name, double otherwise) const {
    const Json* x = find(name);
    if (x && !x->is_number()) wrong(name, *x, "a number");
    return x ? x->get<double>() : otherwise;
  }
  bool flag(const char* name, bool otherwise) const {
    const Json* x = find(name);
    if (x && !x->is_boolean()) wrong(name, *x, "true or false");
    return x ? x->get<bool>() : otherwise;
  }
  std::string text(const char* name, const std::string& otherwise) const {
    const Json* x = find(name);
    if (x && !x->is_string()) wrong(name, *x, "a string");
    return x ? x->get<std::string>() : otherwise;
  }
  /// An object, or an empty one.
  const Json& object(const char* name) const {
    static const Json none = Json::object();
    const Json* x = find(name);
    if (x && !x->is_object()) wrong(name, *x, "an object");
    return x ? *x : none;
  }
  std::vector<std::string> texts(const char* name) const {
    std::vector<std::string> all;
    const Json* x = find(name);
    if (!x) return all;
    if (!x->is_array()) wrong(name, *x, "a list of strings");
    for (const auto& item : *x) {
      if (!item.is_string()) wrong(name, item, "a string");
      all.push_back(item.get<std::string>());
    }
    return all;
  }
  const Json* find(const char* name) const {
    const auto it = object_.find(name);
    return it == object_.end() || it->is_null() ? nullptr : &*it;
  }
  [[noreturn]] void wrong(const char* name, const Json& got, const std::string& expected) const {
    detail::fail<IoError>(function_, where_ + ": " + name + " has a value of the wrong type", shown(got), expected);
  }
  [[noreturn]] void unsupported(const std::string& name, const std::string& got, const std::string& expected) const {
    detail::fail<ConfigError>(function_, where_ + ": " + name + " is not supported", got, expected);
  }
  static std::string shown(const Json& x) {
    const std::string s = x.dump(-1, ' ', false, Json::error_handler_t::replace);
    return s.size() > 80 ? s.substr(0, 80) + " ..." : s;
  }

 private:
  const char* function_;
  const Json& object_;
  std::string where_;
};

struct Family {
  const char *model_type, *causal, *classifier;
};
inline constexpr Family kFamilies[] = {
    {"gpt2", "GPT2LMHeadModel", "GPT2ForSequenceClassification"},    {"gpt_neox", "GPTNeoXForCausalLM", "GPTNeoXForSequenceClassification"},
    {"qwen3", "Qwen3ForCausalLM", "Qwen3ForSequenceClassification"}, {"qwen2", "Qwen2ForCausalLM", "Qwen2ForSequenceClassification"},
    {"llama", "LlamaForCausalLM", "LlamaForSequenceClassification"}, {"mistral", "MistralForCausalLM", "MistralForSequenceClassification"}};

/// What config.json says.
struct HfConfig {
  std::string model_type;
  nn::TransformerConfig config;
  bool classifier = false;
};

inline std::string activation_from_hf(const Fields& fields, const char* key, const std::string& otherwise) {
  const std::string name = fields.text(key, otherwise);
  if (name == "gelu_new" || name == "gelu_pytorch_tanh" || name == "gelu_fast") return "gelu";
  if (name == "gelu" || name == "gelu_python") return "gelu_exact";
  if (name == "silu" || name == "swish") return "silu";
  if (name == "relu") return "relu";
  fields.unsupported(key, name, "gelu_new, gelu_pytorch_tanh, gelu, silu or relu");
}

/// Rotary positions: `rope_parameters` of transformers 5, or `rope_scaling` and `rope_theta` of 4.
inline void read_rope(const char* function, const Fields& fields, const std::string& where, HfConfig& to) {
  nn::TransformerConfig& c = to.config;
  const bool neox = to.model_type == "gpt_neox", old = fields.has("rope_scaling");
  const char* key = old ? "rope_scaling" : "rope_parameters";
  const Json& object = fields.object(key);
  for (const auto& [name, value] : object.items())
    if (value.is_object()) fields.unsupported(std::string(key) + "." + name, "an object", "one set of numbers for all layers");
  const Fields rope(function, object, where + ": " + key);
  c.positions = "rotary";
  c.rope_theta = rope.number("rope_theta", fields.number(neox ? "rotary_emb_base" : "rope_theta", 10000));
  c.rotary_fraction = rope.number("partial_rotary_factor", neox ? fields.number("rotary_pct", 0.25) : fields.number("partial_rotary_factor", 1));
  if (!neox && c.rotary_fraction != 1) fields.unsupported("partial_rotary_factor of " + to.model_type, detail::str(c.rotary_fraction), "1");
  nn::RopeScaling& s = c.rope_scaling;
  const std::string type = rope.text("rope_type", rope.text("type", "default"));
  if (type == "default") return;
  if (type != "linear" && type != "dynamic" && type != "yarn" && type != "llama3")
    fields.unsupported("rope type", type, "default, linear, dynamic, yarn or llama3");
  s.type = type;
  if (!rope.has("factor")) detail::fail<IoError>(function, where + ": " + key + " lacks a field", "no factor", "factor for rope type " + type);
  s.factor = rope.number("factor", 1);
  if (type == "dynamic" && c.max_positions > 0 && c.max_positions <= (1 << 24) && s.factor >= 1 && s.factor <= 1e6) {
    // Made to go beyond max_position_embeddings. transformers sets no end; here it is four times the length that the factor names.
    s.original_max_positions = c.max_positions;
    c.max_positions = static_cast<std::int64_t>(std::min(4 * s.factor * static_cast<double>(c.max_positions), 16777216.0));
  }
  if (type == "llama3" || type == "yarn") s.original_max_positions = rope.whole("original_max_position_embeddings", 0);
  if (type == "llama3") {
    s.low_freq_factor = rope.number("low_freq_factor", s.low_freq_factor);
    s.high_freq_factor = rope.number("high_freq_factor", s.high_freq_factor);
  }
  if (type == "yarn") {
    s.attention_factor = rope.number("attention_factor", 0);
    s.beta_fast = rope.number("beta_fast", s.beta_fast);
    s.beta_slow = rope.number("beta_slow", s.beta_slow);
    s.mscale = rope.number("mscale", 0);
    s.mscale_all_dim = rope.number("mscale_all_dim", 0);
    s.truncate = rope.flag("truncate", true);
  }
}

/// Windows of Mistral (every layer) and of Qwen (the layers that layer_types or max_window_layers name).
inline void read_window(const Fields& fields, HfConfig& to) {
  nn::TransformerConfig& c = to.config;
  const bool qwen = to.model_type == "qwen2" || to.model_type == "qwen3";
  if (to.model_type == "mistral") c.sliding_window = fields.absent("sliding_window") ? 4096 : fields.whole("sliding_window", 0);
  if (!qwen) return;
  const bool windows = fields.flag("use_sliding_window", false);
  const auto types = fields.texts("layer_types");
  const std::int64_t full = fields.whole("max_window_layers", 28);
  std::vector<std::uint8_t> layers;
  if (!types.empty() && static_cast<std::int64_t>(types.size()) != c.num_layers)
    fields.unsupported("layer_types", detail::str(types.size()) + " types", detail::str(c.num_layers) + ", one a layer");
  for (std::int64_t i = 0; i < c.num_layers; ++i) {
    const std::string type = types.empty() ? (windows && i >= full ? "sliding_attention" : "full_attention") : types[static_cast<std::size_t>(i)];
    if (type != "full_attention" && type != "sliding_attention") fields.unsupported("layer type", type, "full_attention or sliding_attention");
    layers.push_back(type == "sliding_attention");
  }
  const bool any = std::find(layers.begin(), layers.end(), 1) != layers.end();
  if (any && !windows) fields.unsupported("layer_types", "sliding_attention without use_sliding_window", "full_attention");
  if (!any) return;
  c.sliding_window = fields.whole("sliding_window", 4096);
  if (std::find(layers.begin(), layers.end(), 0) != layers.end()) c.sliding_layers = layers;
}

/// config.json -> our configuration, validated. @throws IoError naming the file and the key; ConfigError for what is not supported, by name
inline HfConfig read_config(const char* function, const std::string& text, const std::string& where) {
  const Json object = parse_json(text, where);
  if (!object.is_object()) detail::fail<IoError>(function, where + " is not an object", object.type_name(), "an object");
  const Fields fields(function, object, where);
  HfConfig all;
  all.model_type = fields.text("model_type", "");
  const auto family = std::find_if(std::begin(kFamilies), std::end(kFamilies), [&](const Family& f) { return all.model_type == f.model_type; });
  if (family == std::end(kFamilies))
    fields.unsupported("model_type", all.model_type.empty() ? "none" : all.model_type, "gpt2, gpt_neox, llama, mistral, qwen2 or qwen3");
  const auto architectures = fields.texts("architectures");
  if (!architectures.empty()) {
    all.classifier = architectures[0] == family->classifier;
    if (!all.classifier && architectures[0] != family->causal)
      fields.unsupported("architecture", architectures[0], std::string(family->causal) + " or " + family->classifier);
  }
  for (const char* key : {"quantization_config", "compression_config"})
    if (const Json* x = fields.find(key)) fields.unsupported(key, Fields::shown(*x), "weights of float32, float16 or bfloat16");
  for (const char* key : {"is_encoder_decoder", "add_cross_attention", "scale_attn_by_inverse_layer_idx"})
    if (fields.flag(key, false)) fields.unsupported(key, "true", "false");
  for (const char* key : {"scale_attn_weights", "is_causal"})
    if (!fields.flag(key, true)) fields.unsupported(key, "false", "true");
  if (const Json* x = fields.find("pruned_heads"); x && !x->empty()) fields.unsupported("pruned_heads", Fields::shown(*x), "none");
  if (all.classifier) {
    const Json* labels = fields.find("id2label");
    const std::int64_t n = labels ? static_cast<std::int64_t>(labels->size()) : fields.whole("num_labels", 2);
    if (n != 1) fields.unsupported("num_labels", detail::str(n), "1, a reward or value model");
  }

  const auto need = [&](const char* key) {
    if (!fields.has(key)) detail::fail<IoError>(function, where + " lacks a field", std::string("no ") + key, "the sizes of the model");
    return fields.whole(key, 0);
  };
  nn::TransformerConfig& c = all.config;
  c.vocab_size = need("vocab_size");
  c.init_std = std::max(fields.number("initializer_range", 0.02), 1e-12);
  if (all.model_type == "gpt2") {
    c.max_positions = need("n_positions"), c.hidden_size = need("n_embd"), c.num_layers = need("n_layer"), c.num_heads = need("n_head");
    c.intermediate_size = fields.whole("n_inner", 0);
    c.norm_eps = fields.number("layer_norm_epsilon", 1e-5);
    c.activation = activation_from_hf(fields, "activation_function", "gelu_new");
    c.tie_embeddings = fields.flag("tie_word_embeddings", true);
  } else {
    c.max_positions = need("max_position_embeddings"), c.hidden_size = need("hidden_size"), c.num_layers = need("num_hidden_layers");
    c.num_heads = need("num_attention_heads"), c.intermediate_size = need("intermediate_size");
    c.tie_embeddings = fields.flag("tie_word_embeddings", false);
    const bool neox = all.model_type == "gpt_neox", qwen2 = all.model_type == "qwen2";
    c.activation = activation_from_hf(fields, "hidden_act", neox ? "gelu" : "silu");
    c.norm_eps = neox ? fields.number("layer_norm_eps", 1e-5) : fields.number("rms_norm_eps", 1e-6);
    if (neox) {
      c.parallel_blocks = fields.flag("use_parallel_residual", true);
      c.qkv_bias = c.out_bias = fields.flag("attention_bias", true);
    } else {
      c.norm = "rms", c.gated_mlp = true;
      c.num_kv_heads = fields.whole("num_key_value_heads", c.num_heads);
      if (all.model_type != "llama" && fields.absent("num_key_value_heads")) c.num_kv_heads = all.model_type == "mistral" ? 8 : 32;
      c.head_size = fields.whole("head_dim", all.model_type == "qwen3" ? 128 : 0);
      c.out_bias = (all.model_type == "llama" || all.model_type == "qwen3") && fields.flag("attention_bias", false);
      c.qkv_bias = c.out_bias || qwen2;
      c.mlp_bias = all.model_type == "llama" && fields.flag("mlp_bias", false);
      c.qk_norm = all.model_type == "qwen3";
    }
    read_rope(function, fields, where, all);
    if (c.num_layers >= 1 && c.num_layers <= 1024) read_window(fields, all);
  }
  if (all.classifier) c.tie_embeddings = true;  // it has no output matrix
  check_config(function, where, c);
  return all;
}

/// Ids from generation_config.json, and those it lacks from config.json. Ids outside the vocabulary, which never occur, are left out.
inline TokenIds read_ids(const char* function, const std::string& folder, const std::string& config_text, std::int64_t vocab_size) {
  TokenIds ids;
  const std::string generation = folder + "/generation_config.json";
  const Json texts[] = {exists(generation) ? parse_json(read_file(generation), generation) : Json::object(),
                        parse_json(config_text, folder + "/config.json")};
  const auto inside = [&](const Json& x) { return x.is_number_integer() && x.get<std::int64_t>() >= 0 && x.get<std::int64_t>() < vocab_size; };
  for (const Json& object : texts) {
    if (!object.is_object()) detail::fail<IoError>(function, generation + " is not an object", object.type_name(), "an object");
    const Fields fields(function, object, &object == texts ? generation : folder + "/config.json");
    for (const auto& [key, id] : {std::pair{"bos_token_id", &ids.bos}, std::pair{"pad_token_id", &ids.pad}})
      if (const Json* x = fields.find(key)) {
        if (!x->is_number_integer()) fields.wrong(key, *x, "a whole number");
        if (*id < 0 && inside(*x)) *id = x->get<std::int32_t>();
      }
    if (const Json* x = fields.find("eos_token_id")) {
      const Json list = x->is_array() ? *x : Json::array({*x});
      for (const auto& item : list)
        if (!item.is_number_integer()) fields.wrong("eos_token_id", *x, "a whole number or a list of them");
      if (ids.eos.empty())
        for (const auto& item : list)
          if (inside(item)) ids.eos.push_back(item.get<std::int32_t>());
    }
  }
  return ids;
}

}  // namespace io::detail_

TUTELAGE_END
