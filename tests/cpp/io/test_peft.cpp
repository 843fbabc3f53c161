// Adapters in PEFT's files: written, read back, and refused by name.
#include "../architectures.hpp"
#include "../catch.hpp"
#include "folder.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/io/peft.hpp"
#include "tutelage/io/safetensors.hpp"

using namespace tutelage;

namespace {

nn::TransformerConfig family(const std::string& name) {
  nn::TransformerConfig c;
  c.vocab_size = 11, c.max_positions = 16, c.hidden_size = 12, c.num_layers = 2, c.num_heads = 3, c.intermediate_size = 20;
  if (name != "gpt2") c.positions = "rotary";
  if (name == "llama") c.norm = "rms", c.gated_mlp = true, c.num_kv_heads = 1, c.activation = "silu", c.qkv_bias = c.out_bias = c.mlp_bias = false;
  return c;
}

nn::Transformer adapted(const std::string& name, nn::LoraConfig lora = {}) {
  auto model = nn::Transformer(family(name), 1).with_lora(lora);
  Rng rng(3, Purpose::kUser);
  model.visit([&](const std::string&, Tensor& t) {
    for (std::int64_t i = 0; i < t.size(); ++i) t.mutable_data()[i] = static_cast<float>(rng.normal());
  });
  return model;
}

bool same(const nn::Transformer& a, const nn::Transformer& b) {
  std::vector<float> x, y;
  a.visit([&](const std::string&, const Tensor& t) { x.insert(x.end(), t.span().begin(), t.span().end()); });
  b.visit([&](const std::string&, const Tensor& t) { y.insert(y.end(), t.span().begin(), t.span().end()); });
  return x == y;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("an adapter comes back from its files as it was") {
  const Folder folder("peft");
  for (const std::string name : {"gpt2", "gpt_neox", "llama"})
    for (const bool some : {false, true}) {
      nn::LoraConfig lora;
      lora.rank = 3, lora.alpha = some ? 2.5 : 16, lora.dropout = 0.1, lora.use_rslora = some;
      if (some) lora.layers_to_transform = {1}, lora.target_modules = {"down", name == "llama" ? "v" : "qkv"};
      const auto model = adapted(name, lora);
      io::save_adapter(folder / name, model, "a/base");
      const auto again = io::load_adapter(folder / name, model.without_adapter());
      CHECK(same(again, model));
      CHECK(again.adapter.config == model.adapter.config);
      CHECK(same(again.without_adapter(), model.without_adapter()));
    }
  const auto names = io::read_safetensors(folder / "llama/adapter_model.safetensors").tensors;
  CHECK(names.size() == 4);
  CHECK(names.at("base_model.model.model.layers.1.self_attn.v_proj.lora_A.weight").shape() == Shape{3, 12});
  CHECK(names.at("base_model.model.model.layers.1.mlp.down_proj.lora_B.weight").shape() == Shape{12, 3});
  const auto config = io::read_file(folder / "gpt2/adapter_config.json");
  CHECK(config.find("\"mlp.c_proj\"") != std::string::npos);  // c_proj alone is attention's too
  CHECK(config.find("\"fan_in_fan_out\": true") != std::string::npos);
}

TEST_CASE("what a family's files have no place for is not written") {
  const Folder folder("peft_place");
  nn::LoraConfig lora;
  lora.target_modules = {"q"};
  CHECK_THROWS_AS(io::save_adapter(folder / "x", adapted("gpt2", lora)), ConfigError);
  lora.target_modules = {"qkv"};
  CHECK_THROWS_AS(io::save_adapter(folder / "x", adapted("llama", lora)), ConfigError);
  CHECK_THROWS_AS(io::save_adapter(folder / "x", nn::Transformer(family("llama"), 1)), StateError);
  CHECK(folder.entries() == 0);
}

TEST_CASE("settings that would change the mathematics are refused by name") {
  const Folder folder("peft_bad");
  const auto model = adapted("llama");
  const std::string at = folder / "a";
  io::save_adapter(at, model);
  const std::string config = io::read_file(at + "/adapter_config.json");
  const auto refused = [&](const std::string& from, const std::string& to, const std::string& named) {
    put(at + "/adapter_config.json", replaced(config, from, to));
    INFO(to);
    CHECK_THROWS_WITH(io::load_adapter(at, model), says(named) && says("adapter_config.json"));
  };
  refused("\"use_dora\": false", "\"use_dora\": true", "use_dora");
  refused("\"bias\": \"none\"", "\"bias\": \"all\"", "bias");
  refused("\"modules_to_save\": null", "\"modules_to_save\": [\"lm_head\"]", "modules_to_save");
  refused("\"use_dora\": false", "\"rank_pattern\": {\"q_proj\": 4}", "rank_pattern");
  refused("\"layers_to_transform\": null", "\"layers_to_transform\": [\"0\"]", "layers_to_transform");
  refused("\"use_dora\": false", "\"a_later_setting\": 3", "a_later_setting");
  refused("\"LORA\"", "\"IA3\"", "peft_type");
  refused("\"CAUSAL_LM\"", "\"SEQ_CLS\"", "task_type");
  refused("\"init_lora_weights\": true", "\"init_lora_weights\": \"pissa\"", "init_lora_weights");
  refused("\"o_proj\"", "\"lm_head\"", "lm_head");
  refused("\"o_proj\"", "7", "target_modules");
  refused("\"r\": 8", "\"r\": \"8\"", "r is missing");
  refused("\"r\": 8", "\"r\": 8.5", "r is missing");
  refused("\"lora_alpha\": 8", "\"lora_alpha\": null", "lora_alpha");
  refused("\"r\": 8", "\"r\": 8, \"r\": 8", "twice");
  put(at + "/adapter_config.json", replaced(config, "\"r\": 8", "\"r\": 0"));
  CHECK_THROWS_AS(io::load_adapter(at, model), ConfigError);
  put(at + "/adapter_config.json", replaced(config, "\"r\": 8", "\"r\": 4"));
  CHECK_THROWS_WITH(io::load_adapter(at, model), says("wrong shape") && says("lora_A"));
  put(at + "/adapter_config.json", replaced(config, "\"use_dora\": false", "\"use_qalora\": false, \"trainable_token_indices\": null"));
  CHECK(same(io::load_adapter(at, model), model));
  CHECK_THROWS_AS(io::load_adapter(folder / "none", model), IoError);
  put(at + "/adapter_config.json", "[]");
  CHECK_THROWS_AS(io::load_adapter(at, model), IoError);
}

TEST_CASE("tensors that are missing, surplus or of another shape are refused by name") {
  const Folder folder("peft_tensors");
  const auto model = adapted("gpt_neox");
  const std::string at = folder / "a", weights = at + "/adapter_model.safetensors";
  io::save_adapter(at, model);
  const auto whole = io::read_safetensors(weights);
  const std::string name = "base_model.model.gpt_neox.layers.1.attention.query_key_value.lora_B.weight";
  auto content = whole;
  REQUIRE(content.tensors.erase(name) == 1);
  io::write_safetensors(weights, content);
  CHECK_THROWS_WITH(io::load_adapter(at, model), says(name));
  content.tensors[name] = Tensor({36, 7});
  io::write_safetensors(weights, content);
  CHECK_THROWS_WITH(io::load_adapter(at, model), says(name) && says("(36, 8)"));
  content = whole;
  content.tensors["base_model.model.gpt_neox.layers.0.mlp.dense_h_to_4h.lora_magnitude_vector"] = Tensor({5});
  io::write_safetensors(weights, content);
  CHECK_THROWS_WITH(io::load_adapter(at, model), says("lora_magnitude_vector"));
  CHECK_THROWS_AS(io::load_adapter(at, nn::Transformer(family("llama"), 1)), ConfigError);
}
