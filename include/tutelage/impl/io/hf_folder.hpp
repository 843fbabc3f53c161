#pragma once
#include "tutelage/impl/io/assemble.hpp"
#include "tutelage/impl/io/hf_config.ipp"
#include "tutelage/impl/io/safetensors.ipp"

TUTELAGE_BEGIN

namespace io::detail_ {

/// What of a configuration an architecture of transformers cannot hold; empty: it can hold it all.
inline std::string misfit(const std::string& model_type, const nn::TransformerConfig& c) {
  const bool gpt2 = model_type == "gpt2", neox = model_type == "gpt_neox", qwen2 = model_type == "qwen2", qwen3 = model_type == "qwen3";
  const bool llama = model_type == "llama", mistral = model_type == "mistral", old = gpt2 || neox;
  if ((c.norm == "layer") != old) return "norm " + c.norm;
  if ((c.positions == "learned") != gpt2) return "positions " + c.positions;
  if (c.gated_mlp == old) return c.gated_mlp ? "gated_mlp" : "no gated_mlp";
  if (c.parallel_blocks && !neox) return "parallel_blocks";
  if (c.qk_norm != qwen3) return c.qk_norm ? "qk_norm" : "no qk_norm";
  if (old && c.kv_heads() != c.num_heads) return "num_kv_heads " + detail::str(c.kv_heads());
  if (old && c.head_width() * c.num_heads != c.hidden_size) return "head_size " + detail::str(c.head_width());
  if ((old || llama) && c.hidden_size % c.num_heads != 0) return "hidden_size that num_heads does not divide";
  if (!neox && !gpt2 && c.rotary_fraction != 1) return "rotary_fraction " + detail::str(c.rotary_fraction);
  if (c.mlp_bias != old && !llama) return c.mlp_bias ? "mlp_bias" : "no mlp_bias";
  const bool both = gpt2 || (neox && c.qkv_bias) || ((llama || qwen3) && c.qkv_bias);
  if (c.qkv_bias != (both || qwen2)) return c.qkv_bias ? "qkv_bias" : "no qkv_bias";
  if (c.out_bias != both) return c.out_bias ? "out_bias" : "no out_bias";
  if (c.sliding_window > 0 && !(mistral || qwen2 || qwen3)) return "sliding_window";
  if (c.sliding_window > 0 && mistral && !c.sliding_layers.empty()) return "sliding_layers";
  return {};
}

/// The architecture for a configuration. @throws ConfigError
inline const Family& family_for(const char* function, const std::string& asked, const nn::TransformerConfig& config) {
  std::string why;
  for (const Family& f : kFamilies) {
    if (!asked.empty() && asked != f.model_type) continue;
    const std::string problem = misfit(f.model_type, config);
    if (problem.empty()) return f;
    why += std::string(why.empty() ? "" : "; ") + f.model_type + ": " + problem;
  }
  detail::fail<ConfigError>(function, "no architecture of transformers can hold the configuration", why.empty() ? asked : why,
                            "one of gpt2, gpt_neox, llama, mistral, qwen2, qwen3");
}

inline Json rope_json(const nn::TransformerConfig& c, bool partial) {
  const auto& s = c.rope_scaling;
  Json rope = {{"rope_type", s.type == "none" ? "default" : s.type}, {"rope_theta", c.rope_theta}};
  if (partial) rope["partial_rotary_factor"] = c.rotary_fraction;
  if (s.type == "none") return rope;
  rope["factor"] = s.factor;
  if (s.type == "llama3" || s.type == "yarn")
    rope["original_max_position_embeddings"] = s.original_max_positions ? s.original_max_positions : c.max_positions;
  if (s.type == "llama3") rope["low_freq_factor"] = s.low_freq_factor, rope["high_freq_factor"] = s.high_freq_factor;
  if (s.type == "yarn") {
    rope["beta_fast"] = s.beta_fast, rope["beta_slow"] = s.beta_slow, rope["truncate"] = s.truncate;
    if (s.attention_factor > 0) rope["attention_factor"] = s.attention_factor;
    if (s.mscale > 0) rope["mscale"] = s.mscale;
    if (s.mscale_all_dim > 0) rope["mscale_all_dim"] = s.mscale_all_dim;
  }
  return rope;
}

inline Json id_json(std::int32_t id) { return id < 0 ? Json(nullptr) : Json(id); }
inline Json eos_json(const TokenIds& ids) { return ids.eos.empty() ? Json(nullptr) : ids.eos.size() == 1 ? Json(ids.eos[0]) : Json(ids.eos); }

/// config.json as transformers 5 has it. Dropout, which only training in transformers would use, is 0.
inline std::string config_json(const Family& family, const nn::TransformerConfig& c, bool classifier, const TokenIds& ids) {
  const std::string type = family.model_type;
  const std::string activation = c.activation == "gelu" ? "gelu_new" : c.activation == "gelu_exact" ? "gelu" : c.activation;
  Json j = {{"architectures", {classifier ? family.classifier : family.causal}},
            {"model_type", type},
            {"dtype", "float32"},
            {"vocab_size", c.vocab_size},
            {"bos_token_id", id_json(ids.bos)},
            {"eos_token_id", eos_json(ids)},
            {"pad_token_id", id_json(ids.pad)},
            {"tie_word_embeddings", c.tie_embeddings},
            {"initializer_range", c.init_std}};
  if (classifier) j["id2label"] = {{"0", "LABEL_0"}}, j["label2id"] = {{"LABEL_0", 0}};
  if (type == "gpt2") {
    j["n_positions"] = c.max_positions, j["n_embd"] = c.hidden_size, j["n_layer"] = c.num_layers, j["n_head"] = c.num_heads;
    j["n_inner"] = c.mlp_width(), j["activation_function"] = activation, j["layer_norm_epsilon"] = c.norm_eps;
    j["resid_pdrop"] = j["embd_pdrop"] = j["attn_pdrop"] = 0.0;
    return j.dump(2) + "\n";
  }
  const bool neox = type == "gpt_neox";
  const bool dynamic = c.rope_scaling.type == "dynamic" && c.rope_scaling.original_max_positions > 0;
  j["max_position_embeddings"] = dynamic ? c.rope_scaling.original_max_positions : c.max_positions, j["hidden_size"] = c.hidden_size,
  j["num_hidden_layers"] = c.num_layers;
  j["num_attention_heads"] = c.num_heads, j["intermediate_size"] = c.mlp_width(), j["hidden_act"] = activation;
  j["attention_dropout"] = 0.0;
  j["rope_parameters"] = rope_json(c, neox);
  if (neox) {
    j["hidden_dropout"] = j["classifier_dropout"] = 0.0;
    j["layer_norm_eps"] = c.norm_eps, j["use_parallel_residual"] = c.parallel_blocks, j["attention_bias"] = c.qkv_bias;
    return j.dump(2) + "\n";
  }
  j["num_key_value_heads"] = c.kv_heads(), j["head_dim"] = c.head_width(), j["rms_norm_eps"] = c.norm_eps;
  if (type == "llama") j["mlp_bias"] = c.mlp_bias;
  if (type == "llama" || type == "qwen3") j["attention_bias"] = c.out_bias;
  if (type == "mistral") j["sliding_window"] = c.sliding_window > 0 ? Json(c.sliding_window) : Json(nullptr);
  if (type == "qwen2" || type == "qwen3") {
    Json layers = Json::array();
    for (std::size_t i = 0; i < static_cast<std::size_t>(c.num_layers); ++i)
      layers.push_back(c.window(i) > 0 ? "sliding_attention" : "full_attention");
    j["use_sliding_window"] = c.sliding_window > 0;
    j["sliding_window"] = c.sliding_window > 0 ? Json(c.sliding_window) : Json(nullptr);
    j["max_window_layers"] = c.sliding_window > 0 ? 0 : c.num_layers;
    j["layer_types"] = layers;
  }
  return j.dump(2) + "\n";
}

/// FNV-1a, 64 bits: tells two texts apart.
inline std::string digest(const std::string& bytes) {
  std::uint64_t h = 14695981039346656037u;
  for (unsigned char b : bytes) h = (h ^ b) * 1099511628211u;
  return std::to_string(h);
}

/// The weights were saved with this file, where they say so.
inline void belongs(const char* function, const StoredTensors& content, const char* key, const std::string& value) {
  if (const auto it = content.metadata.find(key); it != content.metadata.end() && it->second != value)
    detail::fail<IoError>(function, content.where + " belongs to another " + key + ".json", "weights of another save", "one save",
                          "The folder was half replaced; save the model again.");
}

/// Both tensors hold the same numbers in the same way.
inline bool same_bytes(const StoredTensor& a, const StoredTensor& b) {
  if (a.type != b.type || a.type == Stored::kOther || !(a.shape == b.shape)) return false;
  const auto block = stored_block(a.type);
  return std::memcmp(a.data, b.data, static_cast<std::size_t>(a.shape.size() / block.numbers * block.bytes)) == 0;
}

/// A folder of Hugging Face's; `stored` are its weights, for those who look at their notes.
inline Pretrained read_folder(const char* function, const std::string& folder, StoredTensors& stored) {
  if (!exists(folder + "/config.json"))
    detail::fail<IoError>(function, "not a model folder", folder,
                          "a folder with config.json and model.safetensors, a .gguf file, or llama2.c's .bin");
  const std::string text = read_file(folder + "/config.json");
  const HfConfig hf = read_config(function, text, folder + "/config.json");
  stored = open_weights(function, folder);
  const Family& family = *std::find_if(std::begin(kFamilies), std::end(kFamilies), [&](const Family& f) { return hf.model_type == f.model_type; });
  if (stored.metadata.count("config")) belongs(function, stored, "config", digest(config_json(family, hf.config, hf.classifier, {})));

  std::vector<FileParameter> parameters;
  for (auto& p : hf_parameters(hf.model_type, hf.config)) parameters.push_back({std::move(p)});
  // Files of a bare trunk have no prefix.
  const std::string prefix = hf_prefix(hf.model_type), embedding = parameters[0].names[0];
  if (!stored.tensors.count(embedding) && stored.tensors.count(embedding.substr(prefix.size())))
    for (auto& p : parameters)
      for (auto& name : p.names)
        if (name.starts_with(prefix)) name.erase(0, prefix.size());
  const std::string first = parameters[0].names[0], score = "score.weight",
                    head = hf.model_type == "gpt_neox" ? "embed_out.weight" : "lm_head.weight";
  const bool tied_twice = hf.config.tie_embeddings && !hf.classifier && stored.tensors.count(head) && stored.tensors.count(first);
  if (tied_twice && !same_bytes(stored.tensors.at(head), stored.tensors.at(first)))
    detail::fail<IoError>(function, stored.where + ": " + head + " differs from " + first, "two matrices", "one, as tie_word_embeddings says");

  Pretrained all;
  all.model_type = hf.model_type;
  all.ids = read_ids(function, folder, text, hf.config.vocab_size);
  all.transformer = assemble(function, stored, hf.config, parameters, [&](const std::string& name) {
    return hf_constant(name) || (hf.classifier && name == score) || (tied_twice && name == head);
  });
  if (hf.classifier) {
    const auto it = stored.tensors.find(score);
    const Shape expected{1, hf.config.hidden_size};
    if (it == stored.tensors.end())
      detail::fail<IoError>(function, stored.where + " lacks a tensor", "no " + score, "the head of " + std::string(family.classifier));
    must_be_weight(function, stored.where, score, it->second);
    if (!(it->second.shape == expected))
      detail::fail<IoError>(function, stored.where + ": " + score + " has the wrong shape", it->second.shape.str(), expected.str());
    all.head.emplace(hf.config.hidden_size);
    all.head->weight = to_tensor(it->second);
  }
  return all;
}

/// Writes config.json, generation_config.json, perhaps README.md, and the weights last.
inline void write_folder(const char* function, const std::string& folder, const Pretrained& model, const ModelCard& card,
                         std::map<std::string, std::string> notes) {
  if (!model.transformer.adapter.empty())
    detail::fail<StateError>(function, "the model has an adapter", "one", "a plain model",
                             "merged() gives one; save_adapter writes the adapter alone.");
  const nn::TransformerConfig& c = model.transformer.config;
  const Family& family = family_for(function, model.model_type, c);
  const bool classifier = model.head.has_value();
  if (classifier && model.head->bias.size() == 1 && model.head->bias.item() != 0)
    detail::fail<ConfigError>(function, "a sequence classifier's head has no bias", detail::str(static_cast<double>(model.head->bias.item())), "0");

  std::map<std::string, TensorToWrite> tensors;
  std::map<std::string, const Tensor*> ours;
  model.transformer.visit([&](const std::string& name, const Tensor& t) { ours[name] = &t; });
  nn::TransformerConfig held = c;
  if (classifier) held.tie_embeddings = true;
  const auto parameters = hf_parameters(family.model_type, held);
  for (const auto& p : parameters)
    for (std::size_t i = 0; i < p.names.size(); ++i)
      tensors[p.names[i]] = {p.shapes[i], [&p, i, from = ours.at(p.ours)] { return to_hf(p, *from)[i]; }};
  if (classifier) tensors["score.weight"] = {model.head->weight.shape(), [&] { return model.head->weight; }};

  notes["format"] = "pt";
  notes["config"] = digest(config_json(family, held, classifier, {}));
  make_folder(folder);
  write_file(folder + "/config.json", config_json(family, held, classifier, model.ids));
  if (!classifier) {
    Json generation = Json::object();
    if (model.ids.bos >= 0) generation["bos_token_id"] = model.ids.bos;
    if (!model.ids.eos.empty()) generation["eos_token_id"] = eos_json(model.ids);
    if (model.ids.pad >= 0) generation["pad_token_id"] = model.ids.pad;
    write_file(folder + "/generation_config.json", generation.dump(2) + "\n");
  }
  if (!card.base.empty() || !card.license.empty() || !card.training.empty()) {
    const auto quoted = [](const std::string& s) { return Json(s).dump(-1, ' ', false, Json::error_handler_t::replace); };
    std::string text = "---\n";
    if (!card.base.empty()) text += "base_model: " + quoted(card.base) + "\n";
    if (!card.license.empty()) text += "license: " + quoted(card.license) + "\n";
    text += std::string("library_name: transformers\npipeline_tag: ") + (classifier ? "text-classification" : "text-generation") + "\n---\n\n";
    text += card.base.empty() ? "# A model trained with tutelage\n" : "# " + card.base + ", trained further with tutelage\n";
    if (!card.license.empty())
      text += "\nLicence: " + card.license + (card.base.empty() ? "" : ", that of the base, whose weights were changed") + ".\n";
    if (!card.training.empty()) text += "\n## Training\n\n" + card.training + "\n";
    write_file(folder + "/README.md", text);
  }
  write_tensors(folder + "/model.safetensors", tensors, notes);
}

}  // namespace io::detail_

TUTELAGE_END
