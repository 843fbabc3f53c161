#pragma once
#include <bit>
#include <cstdlib>

#include "tutelage/impl/io/json.hpp"
#include "tutelage/io/checkpoint.hpp"

TUTELAGE_BEGIN

namespace io {

namespace detail_ {

/// Calls f(name, field) for every field of a configuration.
template <class C, class F> void visit_model_config(C& c, const F& f) {
  f("vocab_size", c.vocab_size), f("max_positions", c.max_positions), f("hidden_size", c.hidden_size), f("num_layers", c.num_layers);
  f("num_heads", c.num_heads), f("intermediate_size", c.intermediate_size), f("init_std", c.init_std), f("norm_eps", c.norm_eps);
  f("num_kv_heads", c.num_kv_heads), f("head_size", c.head_size), f("norm", c.norm), f("positions", c.positions);
  f("rotary_fraction", c.rotary_fraction), f("rope_theta", c.rope_theta), f("activation", c.activation), f("gated_mlp", c.gated_mlp);
  f("parallel_blocks", c.parallel_blocks), f("qkv_bias", c.qkv_bias), f("out_bias", c.out_bias), f("mlp_bias", c.mlp_bias);
  f("qk_norm", c.qk_norm), f("tie_embeddings", c.tie_embeddings), f("sliding_window", c.sliding_window), f("sliding_layers", c.sliding_layers);
  auto& r = c.rope_scaling;
  f("rope.type", r.type), f("rope.factor", r.factor), f("rope.low_freq_factor", r.low_freq_factor), f("rope.high_freq_factor", r.high_freq_factor);
  f("rope.original_max_positions", r.original_max_positions), f("rope.attention_factor", r.attention_factor), f("rope.beta_fast", r.beta_fast);
  f("rope.beta_slow", r.beta_slow), f("rope.mscale", r.mscale), f("rope.mscale_all_dim", r.mscale_all_dim), f("rope.truncate", r.truncate);
}
template <class C, class F> void visit_lora_config(C& c, const F& f) {
  auto& [rank, alpha, dropout, target_modules, layers, use_rslora, seed] = c;  // a field that is forgotten here does not compile
  f("rank", rank), f("alpha", alpha), f("dropout", dropout), f("target_modules", target_modules), f("layers_to_transform", layers);
  f("use_rslora", use_rslora), f("seed", seed);
}

/// As JSON; numbers with a fraction as their bits.
inline std::string bits_of_double(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  std::string text;
  for (int i = 60; i >= 0; i -= 4) text += "0123456789abcdef"[bits >> i & 15];
  return text;
}
inline double double_of_bits(const std::string& text, const std::string& name) {
  if (text.size() != 16 || text.find_first_not_of("0123456789abcdef") != std::string::npos)
    detail::fail<IoError>("load_checkpoint", name + " is no number", text, "16 hexadecimal digits");
  return std::bit_cast<double>(static_cast<std::uint64_t>(std::strtoull(text.c_str(), nullptr, 16)));
}
struct ToJson {
  Json& object;
  template <class T> void operator()(const char* name, const T& value) const {
    if constexpr (std::is_same_v<T, double>)
      object[name] = bits_of_double(value);
    else
      object[name] = value;
  }
};
struct FromJson {
  const Json& object;
  template <class T> void operator()(const char* name, T& value) const {
    if constexpr (std::is_same_v<T, double>)
      value = double_of_bits(object.at(name).get<std::string>(), name);
    else
      value = object.at(name).get<T>();
  }
};

inline const std::string& note(const Checkpoint& from, const std::string& name) {
  const auto found = from.notes.find(name);
  if (found == from.notes.end()) detail::fail<IoError>("load_checkpoint", "the checkpoint lacks a part", "no " + name, "every part of the state");
  return found->second;
}
inline bool has(const Checkpoint& from, const std::string& name) { return from.notes.count(name) > 0; }

inline const Tensor& tensor(const Checkpoint& from, const std::string& name) {
  const auto found = from.tensors.find(name);
  if (found == from.tensors.end()) detail::fail<IoError>("load_checkpoint", "the checkpoint lacks a part", "no " + name, "every tensor of the state");
  return found->second;
}
inline const Tensor& tensor(const Checkpoint& from, const std::string& name, const Shape& shape) {
  const Tensor& t = tensor(from, name);
  if (!(t.shape() == shape)) detail::fail<IoError>("load_checkpoint", name + " has the wrong shape", t.shape().str(), shape.str());
  return t;
}

}  // namespace detail_

TUTELAGE_INLINE void put(Checkpoint& to, const std::string& name, const std::string& text) { to.notes[name] = text; }
TUTELAGE_INLINE void put(Checkpoint& to, const std::string& name, std::int64_t number) { to.notes[name] = std::to_string(number); }
TUTELAGE_INLINE void put(Checkpoint& to, const std::string& name, double number) { to.notes[name] = detail_::bits_of_double(number); }
TUTELAGE_INLINE void put(Checkpoint& to, const std::string& name, std::optional<double> number) {
  to.notes[name] = number ? detail_::bits_of_double(*number) : "none";
}
TUTELAGE_INLINE void put(Checkpoint& to, const std::string& name, const Tensor& tensor) { to.tensors[name] = tensor; }

TUTELAGE_INLINE void put(Checkpoint& to, const std::string& name, const nn::Transformer& model) {
  if (model.blocks.empty()) return put(to, name + ".config", std::string("none"));
  detail_::Json config = detail_::Json::object();
  detail_::visit_model_config(model.config, detail_::ToJson{config});
  config["recompute_blocks"] = model.recompute_blocks;
  to.notes[name + ".config"] = config.dump();
  model.visit_all([&](const std::string& parameter, const Tensor& t) {
    if (t.size()) to.tensors[name + "." + parameter] = t;
  });
  if (model.adapter.empty()) return;
  detail_::Json lora = detail_::Json::object();
  detail_::visit_lora_config(model.adapter.config, detail_::ToJson{lora});
  to.notes[name + ".lora"] = lora.dump();
  model.adapter.visit([&](const std::string& parameter, const Tensor& t) { to.tensors[name + "." + parameter] = t; });
}

TUTELAGE_INLINE void put(Checkpoint& to, const std::string& name, const nn::ScalarHead<float>& head) {
  head.visit([&](const std::string& parameter, const Tensor& t) { to.tensors[name + "." + parameter] = t; });
}

TUTELAGE_INLINE void put(Checkpoint& to, const std::string& name, const optim::AdamWState<float>& state) {
  put(to, name + ".step", state.step);
  put(to, name + ".beta1_power", state.beta1_power);
  put(to, name + ".beta2_power", state.beta2_power);
  put(to, name + ".moments", static_cast<std::int64_t>(state.m.size()));
  for (std::size_t i = 0; i < state.m.size(); ++i) {
    put(to, name + ".m." + std::to_string(i), state.m[i]);
    put(to, name + ".v." + std::to_string(i), state.v[i]);
  }
}

TUTELAGE_INLINE void get(const Checkpoint& from, const std::string& name, std::string& text) { text = detail_::note(from, name); }
TUTELAGE_INLINE void get(const Checkpoint& from, const std::string& name, std::int64_t& number) {
  const std::string& text = detail_::note(from, name);
  char* end = nullptr;
  errno = 0;
  const long long value = std::strtoll(text.c_str(), &end, 10);
  if (text.empty() || *end != 0 || errno != 0) detail::fail<IoError>("load_checkpoint", name + " is no number", text, "a whole number");
  number = value;
}
TUTELAGE_INLINE void get(const Checkpoint& from, const std::string& name, double& number) {
  number = detail_::double_of_bits(detail_::note(from, name), name);
}
TUTELAGE_INLINE void get(const Checkpoint& from, const std::string& name, std::optional<double>& number) {
  const std::string& text = detail_::note(from, name);
  number = text == "none" ? std::nullopt : std::optional(detail_::double_of_bits(text, name));
}
TUTELAGE_INLINE void get(const Checkpoint& from, const std::string& name, Tensor& tensor) { tensor = detail_::tensor(from, name); }

TUTELAGE_INLINE void get(const Checkpoint& from, const std::string& name, nn::Transformer& model) {
  const auto of = [&](const std::string& parameter, const Shape& shape) { return detail_::tensor(from, name + "." + parameter, shape); };
  try {
    if (detail_::note(from, name + ".config") == "none") return void(model = {});
    const auto json = detail_::parse_json(detail_::note(from, name + ".config"), name + ".config");
    nn::TransformerConfig config;
    detail_::visit_model_config(config, detail_::FromJson{json});
    model = nn::Transformer::made_of(config, of);
    model.recompute_blocks = json.at("recompute_blocks").get<bool>();
    if (!detail_::has(from, name + ".lora")) return;
    const auto adapter = detail_::parse_json(detail_::note(from, name + ".lora"), name + ".lora");
    nn::LoraConfig lora;
    detail_::visit_lora_config(lora, detail_::FromJson{adapter});
    model.adapter = nn::Lora<float>::made_of(config, lora, of);
  } catch (const detail_::Json::exception& e) {
    detail::fail<IoError>("load_checkpoint", name + " is no configuration", e.what(), "what save_checkpoint wrote");
  }
}

TUTELAGE_INLINE void get(const Checkpoint& from, const std::string& name, nn::ScalarHead<float>& head) {
  head.visit([&](const std::string& parameter, Tensor& t) { t = detail_::tensor(from, name + "." + parameter); });
}

TUTELAGE_INLINE void get(const Checkpoint& from, const std::string& name, optim::AdamWState<float>& state) {
  get(from, name + ".step", state.step);
  get(from, name + ".beta1_power", state.beta1_power);
  get(from, name + ".beta2_power", state.beta2_power);
  std::int64_t moments = 0;
  get(from, name + ".moments", moments);
  state.m.clear(), state.v.clear();
  for (std::int64_t i = 0; i < moments; ++i) {
    state.m.push_back(detail_::tensor(from, name + ".m." + std::to_string(i)));
    state.v.push_back(detail_::tensor(from, name + ".v." + std::to_string(i)));
  }
}

}  // namespace io

TUTELAGE_END
