#include <cstring>

#include "../catch.hpp"
#include "families.hpp"
#include "folder.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/io/pretrained.hpp"
#include "tutelage/io/safetensors.hpp"

using namespace tutelage;

namespace {

bool same(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size()) * 4) == 0;
}

bool same(const nn::Transformer& a, const nn::Transformer& b) {
  std::vector<Tensor> all;
  a.visit([&](const std::string&, const Tensor& t) { all.push_back(t); });
  std::size_t i = 0;
  bool equal = true;
  b.visit([&](const std::string&, const Tensor& t) { equal = equal && i < all.size() && same(all[i++], t); });
  return equal && i == all.size();
}

template <class E> void refused(const std::string& folder, const std::string& word) {
  try {
    io::load_pretrained(folder);
    FAIL("accepted: " << word);
  } catch (const E& e) {
    INFO(e.what());
    CHECK(std::string(e.what()).find(word) != std::string::npos);
    CHECK(std::string(e.what()).find(folder) != std::string::npos);
  }
}

void change(const std::string& path, const std::string& from, const std::string& to) {
  std::string s = io::read_file(path);
  const auto at = s.find(from);
  REQUIRE(at != std::string::npos);
  put(path, s.replace(at, from.size(), to));
}

}  // namespace

TEST_CASE("each architecture comes back from its folder") {
  const Folder f("families");
  for (const auto& [model_type, config] : small_families()) {
    INFO(model_type);
    io::Pretrained all{nn::Transformer(config, 3), {}, {2, 0, {4, 5}}, ""};
    io::save_pretrained(f / "m", all);
    const auto back = io::load_pretrained(f / "m");
    CHECK(back.model_type == model_type);
    CHECK(back.ids == all.ids);
    CHECK(same(all.transformer, back.transformer));
    nn::TransformerConfig named = config;  // what the file always says
    named.num_kv_heads = config.kv_heads(), named.head_size = config.head_width();
    nn::TransformerConfig read = back.transformer.config;
    read.num_kv_heads = read.kv_heads(), read.head_size = read.head_width();
    CHECK(read == named);
    const std::string weights = io::read_file(f / "m/model.safetensors");
    io::save_pretrained(f / "again", back);
    for (const char* name : {"config.json", "generation_config.json", "model.safetensors"})
      CHECK(io::read_file(f / ("m/" + std::string(name))) == io::read_file(f / ("again/" + std::string(name))));

    all.head.emplace(config.hidden_size, 0.5, 9);
    io::save_pretrained(f / "head", all);
    const auto scorer = io::load_pretrained(f / "head");
    REQUIRE(scorer.head);
    CHECK(same(scorer.head->weight, all.head->weight));
    CHECK(scorer.head->bias.item() == 0);
    CHECK_THROWS_AS(io::load_transformer(f / "head"), ConfigError);
    all.head->bias.mutable_data()[0] = 1;
    CHECK_THROWS_AS(io::save_pretrained(f / "biased", all), ConfigError);
  }
  CHECK(!io::exists(f / "biased"));
}

TEST_CASE("a configuration that no architecture holds is not saved") {
  const Folder f("misfits");
  auto config = small_families()[3].second;
  const auto misfit = [&](const std::string& word, const auto& edit) {
    auto c = config;
    edit(c);
    try {
      io::save_transformer(f / "m", nn::Transformer(c, 1));
      FAIL("saved: " << word);
    } catch (const ConfigError& e) {
      INFO(e.what());
      CHECK(std::string(e.what()).find(word) != std::string::npos);
    }
  };
  misfit("mistral: rotary_fraction 0.5", [](auto& c) { c.rotary_fraction = 0.5; });
  misfit("llama: parallel_blocks", [](auto& c) { c.parallel_blocks = true; });
  misfit("llama: out_bias", [](auto& c) { c.out_bias = true; });
  misfit("llama: norm layer", [](auto& c) { c.norm = "layer"; });
  misfit("qwen3: no qk_norm", [](auto& c) { c.sliding_window = 2, c.sliding_layers = {1, 0}; });
  CHECK(f.entries() == 0);
  io::Pretrained wrong{nn::Transformer(config, 1), {}, {}, "gpt2"};
  CHECK_THROWS_AS(io::save_pretrained(f / "m", wrong), ConfigError);
}

TEST_CASE("what config.json asks for and is not supported is refused by name") {
  const Folder f("unsupported");
  const std::string folder = f / "m", config = folder + "/config.json";
  io::save_transformer(folder, nn::Transformer(small_families()[3].second, 1));
  const std::string good = io::read_file(config);
  const auto unsupported = [&](const std::string& from, const std::string& to, const std::string& word) {
    put(config, good);
    change(config, from, to);
    refused<ConfigError>(folder, word);
  };
  const std::string end = "\"initializer_range\"";
  unsupported("\"LlamaForCausalLM\"", "\"LlamaForTokenClassification\"", "architecture is not supported: got LlamaForTokenClassification");
  unsupported("\"llama\"", "\"gemma\"", "model_type is not supported: got gemma");
  unsupported("\"model_type\"", "\"model_typ\"", "model_type is not supported: got none");
  unsupported(end, "\"quantization_config\": {\"bits\": 4}, " + end, "quantization_config is not supported");
  unsupported(end, "\"is_causal\": false, " + end, "is_causal");
  unsupported(end, "\"partial_rotary_factor\": 0.5, " + end, "partial_rotary_factor");
  unsupported("\"silu\"", "\"quick_gelu\"", "hidden_act is not supported: got quick_gelu");
  unsupported("\"default\"", "\"longrope\"", "rope type is not supported: got longrope");
  unsupported("\"rope_type\"", "\"full_attention\": {}, \"rope_type\"", "rope_parameters.full_attention");
  unsupported("\"num_key_value_heads\": 1", "\"num_key_value_heads\": 3", "num_kv_heads");
  unsupported("\"rms_norm_eps\": 1e-05", "\"rms_norm_eps\": 0", "norm_eps");
  const auto wrong = [&](const std::string& from, const std::string& to, const std::string& word) {
    put(config, good);
    change(config, from, to);
    refused<IoError>(folder, word);
  };
  wrong("\"default\"", "\"linear\"", "no factor");
  wrong("\"hidden_size\": 8", "\"hidden_size\": 8.0", "hidden_size has a value of the wrong type: got 8.0");
  wrong("\"rope_theta\": 10000.0", "\"rope_theta\": \"x\"", "rope_theta has a value of the wrong type");
  wrong("\"hidden_size\"", "\"hidden\"", "no hidden_size");
  wrong(end, "\"hidden_size\": 8, " + end, "twice");
  put(config, good);
  change(config, end, "\"_name_or_path\": \"x\", \"use_cache\": true, \"some_new_field\": {\"a\": [1]}, \"pretraining_tp\": 1, " + end);
  CHECK_NOTHROW(io::load_pretrained(folder));
  put(folder + "/generation_config.json", "{\"eos_token_id\": [1, \"2\"]}");
  refused<IoError>(folder, "eos_token_id has a value of the wrong type");
  put(folder + "/generation_config.json", "{\"eos_token_id\": [1, 50256], \"pad_token_id\": -1, \"bos_token_id\": null}");
  CHECK(io::load_pretrained(folder).ids == io::TokenIds{-1, -1, {1}});
}

TEST_CASE("weights in several files are put together, and what is wrong with them is named") {
  const Folder f("shards");
  const std::string folder = f / "m", index = folder + "/model.safetensors.index.json";
  const nn::Transformer model(small_families()[3].second, 5);
  const auto fresh = [&] {
    std::filesystem::remove_all(folder);
    io::save_transformer(folder, model);
    const auto content = io::read_safetensors(folder + "/model.safetensors");
    std::filesystem::remove(folder + "/model.safetensors");
    io::SafeTensors parts[2];
    std::string map;
    int i = 0;
    for (const auto& [name, t] : content.tensors) {
      parts[i % 2].tensors[name] = t;
      map += (map.empty() ? "\"" : ",\"") + name + "\":\"" + (i++ % 2 ? "b" : "a") + ".safetensors\"";
    }
    io::write_safetensors(folder + "/a.safetensors", parts[0]);
    io::write_safetensors(folder + "/b.safetensors", parts[1]);
    put(index, "{\"metadata\":{\"total_size\":1},\"weight_map\":{" + map + "}}");
    return map;
  };
  std::string map = fresh();
  CHECK(same(io::load_transformer(folder), model));
  std::filesystem::remove(folder + "/b.safetensors");
  refused<IoError>(folder, "a shard is missing: got no " + folder + "/b.safetensors");
  fresh();
  auto part = io::read_safetensors(folder + "/b.safetensors");
  const std::string first = part.tensors.begin()->first;
  auto fewer = part, more = part;
  fewer.tensors.erase(first);
  io::write_safetensors(folder + "/b.safetensors", fewer);
  refused<IoError>(folder, "lacks a tensor of the index: got no " + first);
  more.tensors["lm_head.weight"] = Tensor({1});
  io::write_safetensors(folder + "/b.safetensors", more);
  refused<IoError>(folder, "does not place there: got lm_head.weight");
  more = part;
  more.tensors["model.embed_tokens.weight"] = Tensor({1});
  io::write_safetensors(folder + "/b.safetensors", more);
  refused<IoError>(folder, "model.embed_tokens.weight");
  fresh();
  for (const std::string name : {"\"../a.safetensors\"", "\"\"", "\"..\"", "3"}) {
    put(index, "{\"weight_map\":{\"w\":" + name + "}}");
    refused<IoError>(folder, "file of w has no name in the folder");
  }
  put(index, "{\"weight_map\":{" + map + "," + map + "}}");
  refused<IoError>(folder, "twice");
  put(index, "{}");
  refused<IoError>(folder, "no weight_map");
  put(index, "[");
  refused<IoError>(folder, index);
}

TEST_CASE("weights of another type, twice or too many are named") {
  const Folder f("weights");
  const std::string folder = f / "m", weights = folder + "/model.safetensors";
  const nn::Transformer model(small_families()[0].second, 5);
  const auto edit = [&](const auto& change) {
    io::save_transformer(folder, model);
    auto content = io::read_safetensors(weights);
    change(content.tensors);
    io::write_safetensors(weights, content);
  };
  edit([](auto& t) { t["lm_head.weight"] = t["transformer.wte.weight"]; });
  CHECK(same(io::load_transformer(folder), model));  // the tied matrix may be there twice
  edit([](auto& t) { t["lm_head.weight"] = Tensor({11, 8}); });
  refused<IoError>(folder, "lm_head.weight differs from transformer.wte.weight");
  edit([](auto& t) { t["transformer.h.0.attn.bias"] = Tensor({1, 1, 2, 2}); });
  CHECK(same(io::load_transformer(folder), model));
  edit([](auto& t) { t["v_head.summary.weight"] = Tensor({1}); });
  refused<IoError>(folder, "v_head.summary.weight");
  edit([](auto& t) { t["transformer.wte.weight"] = Tensor({12, 8}); });
  refused<IoError>(folder, "transformer.wte.weight has the wrong shape: got (12, 8), expected (11, 8)");
  edit([](auto&) {});
  change(weights, "\"transformer.ln_f.bias\":{\"dtype\":\"F32\"", "\"transformer.ln_f.bias\":{\"dtype\":\"I32\"");
  refused<IoError>(folder, "transformer.ln_f.bias has another type: got I32");
}

TEST_CASE("the card says what was changed") {
  const Folder f("card");
  const nn::Transformer model(small_families()[0].second, 5);
  io::save_transformer(f / "m", model);
  CHECK(!io::exists(f / "m/README.md"));
  io::save_transformer(f / "m", model, {"someone/\"base\"", "apache-2.0", "By *hand*."});
  const std::string card = io::read_file(f / "m/README.md");
  CHECK(card.starts_with("---\nbase_model: \"someone/\\\"base\\\"\"\nlicense: \"apache-2.0\"\n"));
  CHECK(card.find("By *hand*.") != std::string::npos);
}
