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

/// The fields of a configuration, by name: written and read by the same list.
template <class Config, class F> void visit_config(Config& c, F&& f) {
  f("vocab_size", c.vocab_size);
  f("max_positions", c.max_positions);
  f("hidden_size", c.hidden_size);
  f("num_layers", c.num_layers);
  f("num_heads", c.num_heads);
  f("intermediate_size", c.intermediate_size);
  f("init_std", c.init_std);
  f("norm_eps", c.norm_eps);
}

/// FNV-1a, 64 bits: tells two tokenizers apart.
inline std::string digest(const std::string& bytes) {
  std::uint64_t h = 14695981039346656037u;
  for (unsigned char b : bytes) h = (h ^ b) * 1099511628211u;
  return std::to_string(h);
}

inline std::string config_json(const nn::TransformerConfig& config) {
  nlohmann::ordered_json object = {{"model_type", "tutelage"}};
  visit_config(config, [&](const char* name, const auto& value) { object[name] = value; });
  return object.dump(2) + "\n";
}

inline nn::TransformerConfig parse_config(const char* function, const std::string& text, const std::string& where) {
  const auto object = parse_json(text, where);
  nn::TransformerConfig config;
  std::vector<std::string> known{"model_type"};
  try {
    if (object.value("model_type", "") != "tutelage")
      detail::fail<IoError>(function, where + ": unknown model_type", object.value("model_type", "none"), "tutelage");
    visit_config(config, [&](const char* name, auto& value) {
      known.push_back(name);
      if (object.contains(name)) value = object.at(name).template get<std::decay_t<decltype(value)>>();
    });
  } catch (const nlohmann::ordered_json::exception& e) {
    detail::fail<IoError>(function, where + " has a value of the wrong type", e.what(), "numbers");
  }
  for (const auto& [key, value] : object.items())
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      const std::string near = detail::nearest(key, known.data(), known.size());
      detail::fail<ConfigError>(function, where + ": unknown key", key, "a field of TransformerConfig",
                                near.empty() ? "" : "Did you mean " + near + "?");
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

  nn::Transformer model;
  model.config = config;
  model.blocks.resize(static_cast<std::size_t>(config.num_layers));
  const std::int64_t c = config.hidden_size, f = config.intermediate_size > 0 ? config.intermediate_size : 4 * c;
  model.config.intermediate_size = f;
  const auto expected = [&](const std::string& name) -> Shape {
    if (name == "token_embedding") return {config.vocab_size, c};
    if (name == "position_embedding") return {config.max_positions, c};
    const std::string field = name.substr(name.rfind('.') + 1);
    if (field == "qkv_weight") return {3 * c, c};
    if (field == "qkv_bias") return {3 * c};
    if (field == "out_weight") return {c, c};
    if (field == "up_weight") return {f, c};
    if (field == "up_bias") return {f};
    if (field == "down_weight") return {c, f};
    return {c};
  };
  std::set<std::string> used;
  model.visit([&](const std::string& name, Tensor& t) {
    const auto it = content.tensors.find(name);
    if (it == content.tensors.end())
      detail::fail<IoError>(function, weights + " lacks a tensor", "no " + name, "every parameter of the configuration");
    if (!(it->second.shape() == expected(name)))
      detail::fail<IoError>(function, weights + ": " + name + " has the wrong shape", it->second.shape().str(), expected(name).str());
    t = it->second;
    used.insert(name);
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
  model.tokenizer.save(folder);
  write_conversations(folder + "/conversations.jsonl", model.conversations);
  detail_::write_transformer(folder, model.transformer, std::move(content));
}

TUTELAGE_INLINE ChatModel load_model(const std::string& folder) {
  SafeTensors content;
  ChatModel model;
  model.transformer = detail_::read_transformer("load_model", folder, "config.json, tokenizer.json and model.safetensors", content);
  const std::string tokenizer_text = read_file(folder + "/tokenizer.json");
  model.tokenizer = text::Tokenizer::load(folder);
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
