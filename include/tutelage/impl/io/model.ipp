#pragma once
#include <set>

#include "tutelage/impl/io/json.hpp"
#include "tutelage/io/file.hpp"
#include "tutelage/io/model.hpp"
#include "tutelage/io/record.hpp"
#include "tutelage/io/safetensors.hpp"

TUTELAGE_BEGIN

namespace io {

namespace detail_ {

/// The fields of a configuration, by name: written and read by the same list. `always`: written also where it has its default.
template <class Config, class F> void visit_config(Config& c, F&& f) {
  constexpr bool always = true, changed = false;
  f("vocab_size", c.vocab_size, always);
  f("max_positions", c.max_positions, always);
  f("hidden_size", c.hidden_size, always);
  f("num_layers", c.num_layers, always);
  f("num_heads", c.num_heads, always);
  f("intermediate_size", c.intermediate_size, always);
  f("init_std", c.init_std, always);
  f("norm_eps", c.norm_eps, always);
  f("num_kv_heads", c.num_kv_heads, changed);
  f("head_size", c.head_size, changed);
  f("norm", c.norm, changed);
  f("positions", c.positions, changed);
  f("rotary_fraction", c.rotary_fraction, changed);
  f("rope_theta", c.rope_theta, changed);
  f("rope_scaling", c.rope_scaling, changed);
  f("activation", c.activation, changed);
  f("gated_mlp", c.gated_mlp, changed);
  f("parallel_blocks", c.parallel_blocks, changed);
  f("qkv_bias", c.qkv_bias, changed);
  f("out_bias", c.out_bias, changed);
  f("mlp_bias", c.mlp_bias, changed);
  f("qk_norm", c.qk_norm, changed);
  f("tie_embeddings", c.tie_embeddings, changed);
  f("sliding_window", c.sliding_window, changed);
  f("sliding_layers", c.sliding_layers, changed);
}

template <class Scaling, class F> void visit_rope_scaling(Scaling& s, F&& f) {
  f("type", s.type);
  f("factor", s.factor);
  f("low_freq_factor", s.low_freq_factor);
  f("high_freq_factor", s.high_freq_factor);
  f("original_max_positions", s.original_max_positions);
  f("attention_factor", s.attention_factor);
  f("beta_fast", s.beta_fast);
  f("beta_slow", s.beta_slow);
  f("mscale", s.mscale);
  f("mscale_all_dim", s.mscale_all_dim);
  f("truncate", s.truncate);
}

/// FNV-1a, 64 bits: tells two tokenizers apart.
inline std::string digest(const std::string& bytes) {
  std::uint64_t h = 14695981039346656037u;
  for (unsigned char b : bytes) h = (h ^ b) * 1099511628211u;
  return std::to_string(h);
}

inline std::string config_json(const nn::TransformerConfig& config) {
  nlohmann::ordered_json object = {{"model_type", "tutelage"}};
  nlohmann::ordered_json defaults = object;
  const auto put = [](nlohmann::ordered_json& to, const char* name, const auto& value) {
    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, nn::RopeScaling>)
      visit_rope_scaling(value, [&](const char* field, const auto& x) { to[name][field] = x; });
    else
      to[name] = value;
  };
  const nn::TransformerConfig fresh;
  visit_config(fresh, [&](const char* name, const auto& value, bool) { put(defaults, name, value); });
  visit_config(config, [&](const char* name, const auto& value, bool always) {
    put(object, name, value);
    if (!always && object.at(name) == defaults.at(name)) object.erase(name);
  });
  return object.dump(2) + "\n";
}

/// Reads a list of fields out of an object. @throws ConfigError for a key that none of them has
template <class Visit> void read_fields(const char* function, const nlohmann::ordered_json& object, const std::string& where, Visit&& visit) {
  std::vector<std::string> known{"model_type"};
  visit([&](const char* name, auto& value, auto...) {
    known.push_back(name);
    if (!object.contains(name)) return;
    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, nn::RopeScaling>)
      read_fields(function, object.at(name), where + ": " + name, [&](auto&& f) { visit_rope_scaling(value, f); });
    else
      value = object.at(name).template get<std::decay_t<decltype(value)>>();
  });
  for (const auto& [key, value] : object.items())
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      const std::string near = detail::nearest(key, known.data(), known.size());
      detail::fail<ConfigError>(function, where + ": unknown key", key, "a field of TransformerConfig",
                                near.empty() ? "" : "Did you mean " + near + "?");
    }
}

inline nn::TransformerConfig parse_config(const char* function, const std::string& text, const std::string& where) {
  const auto object = parse_json(text, where);
  nn::TransformerConfig config;
  try {
    if (object.value("model_type", "") != "tutelage")
      detail::fail<IoError>(function, where + ": unknown model_type", object.value("model_type", "none"), "tutelage");
    read_fields(function, object, where, [&](auto&& f) { visit_config(config, f); });
  } catch (const nlohmann::ordered_json::exception& e) {
    detail::fail<IoError>(function, where + " has a value of the wrong type", e.what(), "the type of the field");
  }
  return config;
}

/// The weights were saved with this file, where they say so.
inline void belongs(const char* function, const SafeTensors& content, const std::string& weights, const char* key, const std::string& value) {
  if (const auto it = content.metadata.find(key); it != content.metadata.end() && it->second != value)
    detail::fail<IoError>(function, weights + " belongs to another " + key + ".json", "weights of another save", "one save",
                          "The folder was half replaced; save the model again.");
}

inline void write_transformer(const std::string& folder, const nn::Transformer& model, SafeTensors content) {
  if (!model.adapter.empty())
    detail::fail<StateError>("save", "the model has an adapter", "one", "a plain model",
                             "merged() gives one; save_adapter writes the adapter alone.");
  model.visit([&](const std::string& name, const Tensor& t) { content.tensors.emplace(name, t); });
  const std::string config = config_json(model.config);
  content.metadata["config"] = config;
  write_file(folder + "/config.json", config);
  write_safetensors(folder + "/model.safetensors", content);
}

inline nn::Transformer read_transformer(const char* function, const std::string& folder, const char* files, SafeTensors& content) {
  if (!exists(folder + "/config.json")) detail::fail<IoError>(function, "not a model folder", folder, "a folder with " + std::string(files));
  const std::string config_text = read_file(folder + "/config.json"), weights = folder + "/model.safetensors";
  const auto config = parse_config(function, config_text, folder + "/config.json");
  config.validate();
  content = read_safetensors(weights);
  belongs(function, content, weights, "config", config_text);

  std::set<std::string> used;
  auto model = nn::Transformer::made_of(config, [&](const std::string& name, const Shape& shape) {
    const auto it = content.tensors.find(name);
    if (it == content.tensors.end())
      detail::fail<IoError>(function, weights + " lacks a tensor", "no " + name, "every parameter of the configuration");
    if (!(it->second.shape() == shape))
      detail::fail<IoError>(function, weights + ": " + name + " has the wrong shape", it->second.shape().str(), shape.str());
    used.insert(name);
    return it->second;
  });
  for (const auto& [name, t] : content.tensors)
    if (!used.count(name)) detail::fail<IoError>(function, weights + " has a tensor that the configuration lacks", name, "only its parameters");
  return model;
}

}  // namespace detail_

TUTELAGE_INLINE void save_model(const std::string& folder, const ChatModel& model) {
  make_folder(folder);
  SafeTensors content;
  const std::string tokenizer = model.tokenizer.to_json();
  content.metadata["tokenizer"] = detail_::digest(tokenizer);
  write_file(folder + "/tokenizer.json", tokenizer);
  write_conversations(folder + "/conversations.jsonl", model.conversations);
  detail_::write_transformer(folder, model.transformer, std::move(content));
}

TUTELAGE_INLINE ChatModel load_model(const std::string& folder) {
  SafeTensors content;
  ChatModel model;
  model.transformer = detail_::read_transformer("load_model", folder, "config.json, tokenizer.json and model.safetensors", content);
  const std::string tokenizer_text = read_file(folder + "/tokenizer.json");
  model.tokenizer = text::Tokenizer::from_json(tokenizer_text, folder + "/tokenizer.json");
  detail_::belongs("load_model", content, folder + "/model.safetensors", "tokenizer", detail_::digest(tokenizer_text));
  if (model.tokenizer.vocab_size() != model.transformer.config.vocab_size)
    detail::fail<IoError>("load_model", folder + ": tokenizer and model do not fit", detail::str(model.tokenizer.vocab_size()) + " tokens",
                          detail::str(model.transformer.config.vocab_size));
  if (exists(folder + "/conversations.jsonl")) model.conversations = read_conversations(folder + "/conversations.jsonl");
  return model;
}

TUTELAGE_INLINE void save_transformer(const std::string& folder, const nn::Transformer& model) {
  make_folder(folder);
  detail_::write_transformer(folder, model, {});
}

TUTELAGE_INLINE nn::Transformer load_transformer(const std::string& folder) {
  SafeTensors content;
  return detail_::read_transformer("load_transformer", folder, "config.json and model.safetensors", content);
}

}  // namespace io

TUTELAGE_END
