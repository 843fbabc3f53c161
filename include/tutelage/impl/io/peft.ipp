#pragma once
#include <algorithm>
#include <array>
#include <cmath>

#include "tutelage/impl/io/hf_names.ipp"
#include "tutelage/impl/io/json.hpp"
#include "tutelage/io/file.hpp"
#include "tutelage/io/peft.hpp"
#include "tutelage/io/safetensors.hpp"

TUTELAGE_BEGIN

namespace io {

namespace detail_ {

/// Where an architecture's files keep the maps that an adapter changes.
class PeftNames {
 public:
  explicit PeftNames(const nn::TransformerConfig& config)
      : family_(config.positions == "learned" ? "gpt2"
                : config.norm == "layer"      ? "gpt_neox"
                                              : "llama"),
        names_(hf_names_of(family_)),
        heads_(config.num_heads) {
    if (names_.qkv.size() == 1)
      paths_[nn::kLoraQkv] = names_.qkv[0];
    else
      paths_[nn::kLoraQ] = names_.qkv[0], paths_[nn::kLoraK] = names_.qkv[1], paths_[nn::kLoraV] = names_.qkv[2];
    paths_[nn::kLoraOut] = names_.out, paths_[nn::kLoraGate] = names_.gate, paths_[nn::kLoraUp] = names_.up, paths_[nn::kLoraDown] = names_.down;
  }
  const std::string& family() const { return family_; }
  bool transposed() const { return names_.transposed; }
  /// Inside a layer, as "self_attn.q_proj"; empty: the architecture has none.
  const std::string& path(std::size_t module) const { return paths_[module]; }
  /// The shortest name that means this module alone.
  std::string target(std::size_t module) const {
    const std::string last = paths_[module].substr(paths_[module].rfind('.') + 1);
    return std::count_if(paths_.begin(), paths_.end(), [&](const auto& p) { return means(last, p); }) == 1 ? last : paths_[module];
  }
  static bool means(const std::string& target, const std::string& path) { return path == target || path.ends_with("." + target); }
  std::string tensor(const nn::LoraPlace& place, const char* factor) const {
    return "base_model.model." + names_.prefix + names_.layers + std::to_string(place.layer) + "." + paths_[place.module] + ".lora_" + factor +
           ".weight";
  }
  /// B in the file's order of outputs, or back.
  Tensor outputs(const nn::LoraPlace& place, const Tensor& b, bool to_ours) const {
    return names_.interleaved && place.module == nn::kLoraQkv ? reordered(b, heads_, to_ours) : b;
  }

 private:
  std::string family_;
  HfNames names_;
  std::int64_t heads_;
  std::array<std::string, nn::kLoraModules.size()> paths_;
};

/// The settings of adapter_config.json. What does not change the mathematics is not looked at; any other setting must be off.
class PeftConfig {
 public:
  PeftConfig(const std::string& path, const PeftNames& names) : where_(path), names_(names), json_(parse_json(read_file(path), path)) {
    if (!json_.is_object()) detail::fail<IoError>("load_adapter", where_ + " is not an object", json_.type_name(), "an object");
  }

  nn::LoraConfig read() const {
    only("peft_type", "LORA", false);
    only("task_type", "CAUSAL_LM", true);
    only("bias", "none", true);
    if (const auto it = json_.find("init_lora_weights"); it != json_.end() && it->is_string())
      if (const auto& kind = it->get_ref<const std::string&>(); kind != "gaussian" && kind != "orthogonal" && kind != "eva")
        unsupported("init_lora_weights", *it, "a start that leaves the base model as it is");
    static constexpr const char* known[] = {"peft_type",
                                            "task_type",
                                            "bias",
                                            "init_lora_weights",
                                            "r",
                                            "lora_alpha",
                                            "lora_dropout",
                                            "target_modules",
                                            "layers_to_transform",
                                            "use_rslora",
                                            "fan_in_fan_out",
                                            "auto_mapping",
                                            "revision",
                                            "peft_version",
                                            "inference_mode",
                                            "base_model_name_or_path",
                                            "megatron_core",
                                            "loftq_config",
                                            "qalora_group_size"};
    for (const auto& [key, value] : json_.items()) {
      const bool off = value.is_null() || value == false || (value.is_structured() && value.empty());
      if (!off && std::find(std::begin(known), std::end(known), key) == std::end(known)) unsupported(key, value, "null, false or empty");
    }
    nn::LoraConfig config;
    config.rank = need<std::int64_t>("r", &Json::is_number_integer, "a whole number");
    config.alpha = need<double>("lora_alpha", &Json::is_number, "a number");
    if (json_.contains("lora_dropout")) config.dropout = need<double>("lora_dropout", &Json::is_number, "a number");
    if (json_.contains("use_rslora")) config.use_rslora = need<bool>("use_rslora", &Json::is_boolean, "true or false");
    config.target_modules = targets();
    config.layers_to_transform = layers();
    return config;
  }

 private:
  using Json = nlohmann::ordered_json;

  [[noreturn]] void unsupported(const std::string& key, const Json& value, const std::string& expected) const {
    detail::fail<ConfigError>("load_adapter", where_ + ": " + key + " is not supported", value.dump().substr(0, 80), expected);
  }
  void only(const char* key, const char* value, bool or_null) const {
    const auto it = json_.find(key);
    if (it == json_.end() || it->is_null() ? !or_null : *it != value) unsupported(key, it == json_.end() ? Json() : *it, value);
  }
  template <class V> V need(const char* key, bool (Json::*is)() const noexcept, const char* expected) const {
    const auto it = json_.find(key);
    if (it == json_.end() || !((*it).*is)())
      detail::fail<IoError>("load_adapter", where_ + ": " + key + " is missing or of another type",
                            it == json_.end() ? "nothing" : it->dump().substr(0, 80), expected);
    return it->get<V>();
  }
  /// A layer or a list of them; null: all.
  std::vector<std::int64_t> layers() const {
    const auto it = json_.find("layers_to_transform");
    if (it == json_.end() || it->is_null()) return {};
    std::vector<std::int64_t> found;
    for (const auto& layer : it->is_array() ? *it : Json::array({*it})) {
      if (!layer.is_number_integer()) unsupported("layers_to_transform", *it, "a layer or a list of layers");
      found.push_back(layer.get<std::int64_t>());
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
  }
  std::vector<std::string> targets() const {
    const auto it = json_.find("target_modules");
    if (it == json_.end() || !it->is_array() || it->empty())
      unsupported("target_modules", it == json_.end() ? Json() : *it, "a list of names; expressions are not read");
    std::array<bool, nn::kLoraModules.size()> wanted{};
    for (const auto& name : *it) {
      if (!name.is_string()) unsupported("target_modules", name, "a list of names");
      bool found = false;
      for (std::size_t i = 0; i < wanted.size(); ++i)
        if (const auto& path = names_.path(i); !path.empty() && PeftNames::means(name.get_ref<const std::string&>(), path)) wanted[i] = found = true;
      if (!found) unsupported("target_modules", name, "linear maps of the blocks of " + names_.family());
    }
    std::vector<std::string> list;
    for (std::size_t i = 0; i < wanted.size(); ++i)
      if (wanted[i]) list.push_back(nn::kLoraModules[i]);
    return list;
  }

  const std::string where_;
  const PeftNames& names_;
  const Json json_;
};

}  // namespace detail_

TUTELAGE_INLINE void save_adapter(const std::string& folder, const nn::Transformer& model, const std::string& base) {
  const auto& lora = model.adapter.config;
  if (model.adapter.empty()) detail::fail<StateError>("save_adapter", "the model has no adapter", "none", "one that with_lora or load_adapter gave");
  model.adapter.check("save_adapter", model.config);
  const detail_::PeftNames names(model.config);
  SafeTensors content;
  content.metadata["format"] = "pt";
  nlohmann::ordered_json targets = nlohmann::ordered_json::array();
  const auto places = nn::lora_places(model.config, lora);
  for (const auto& place : places) {
    if (names.path(place.module).empty())
      detail::fail<ConfigError>("save_adapter", names.family() + " has no place for an adapter of", nn::kLoraModules[place.module],
                                names.path(nn::kLoraQ).empty() ? "qkv" : "q, k and v");
    if (place.layer == places[0].layer) targets.push_back(names.target(place.module));
    const auto& pair = model.adapter.blocks[place.layer].pairs[place.module];
    content.tensors[names.tensor(place, "A")] = pair.a;
    content.tensors[names.tensor(place, "B")] = names.outputs(place, pair.b, false);
  }
  nlohmann::ordered_json config;
  config["base_model_name_or_path"] = base.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(base);
  config["bias"] = "none";
  config["fan_in_fan_out"] = names.transposed();
  config["inference_mode"] = true;
  config["init_lora_weights"] = true;
  config["layers_to_transform"] = lora.layers_to_transform.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(lora.layers_to_transform);
  config["lora_alpha"] = lora.alpha;
  if (std::abs(lora.alpha) < 1e15 && lora.alpha == static_cast<double>(static_cast<std::int64_t>(lora.alpha)))
    config["lora_alpha"] = static_cast<std::int64_t>(lora.alpha);
  config["lora_dropout"] = lora.dropout;
  config["modules_to_save"] = nullptr;
  config["peft_type"] = "LORA";
  config["r"] = lora.rank;
  config["target_modules"] = targets;
  config["task_type"] = "CAUSAL_LM";
  config["use_dora"] = false;
  config["use_rslora"] = lora.use_rslora;
  make_folder(folder);
  write_file(folder + "/adapter_config.json", config.dump(2) + "\n");
  write_safetensors(folder + "/adapter_model.safetensors", content);
}

TUTELAGE_INLINE nn::Transformer load_adapter(const std::string& folder, const nn::Transformer& model) {
  const std::string config_path = folder + "/adapter_config.json", weights = folder + "/adapter_model.safetensors";
  if (!exists(config_path))
    detail::fail<IoError>("load_adapter", "not an adapter's folder", folder, "a folder with adapter_config.json and adapter_model.safetensors");
  const detail_::PeftNames names(model.config);
  const auto config = detail_::PeftConfig(config_path, names).read();
  const auto places = nn::lora_places(model.config, config);
  const auto content = read_safetensors(weights);
  std::size_t next = 0;  // tensors come in the order of places, A before B
  nn::Transformer adapted = model.without_adapter();
  adapted.adapter = nn::Lora<float>::made_of(model.config, config, [&](const std::string&, const Shape& shape) {
    const auto& place = places[next / 2];
    const bool is_b = next++ % 2 == 1;
    const std::string name = names.tensor(place, is_b ? "B" : "A");
    const auto it = content.tensors.find(name);
    if (it == content.tensors.end())
      detail::fail<IoError>("load_adapter", weights + " lacks a tensor", "no " + name, "A and B of every target in every layer");
    if (!(it->second.shape() == shape))
      detail::fail<IoError>("load_adapter", weights + ": " + name + " has the wrong shape", it->second.shape().str(), shape.str());
    return is_b ? names.outputs(place, it->second, true) : it->second;
  });
  if (content.tensors.size() > 2 * places.size())
    for (const auto& [name, tensor] : content.tensors)
      if (std::none_of(places.begin(), places.end(), [&](const auto& p) { return name == names.tensor(p, "A") || name == names.tensor(p, "B"); }))
        detail::fail<ConfigError>("load_adapter", weights + ": a tensor is not supported", name, "A and B of the targets");
  return adapted;
}

}  // namespace io

TUTELAGE_END
