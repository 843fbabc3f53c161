// Parameters under the names of Hugging Face's files, there and back.
#include <algorithm>
#include <cstring>
#include <map>

#include "../catch.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/io/hf_names.hpp"

using namespace tutelage;

namespace {

nn::TransformerConfig config_of(const std::string& model_type) {
  nn::TransformerConfig c;
  c.vocab_size = 11, c.max_positions = 7, c.hidden_size = 12, c.num_heads = 3, c.num_layers = 2, c.intermediate_size = 5, c.init_std = 1;
  if (model_type == "gpt2") return c;
  c.positions = "rotary";
  if (model_type == "gpt_neox") {
    c.parallel_blocks = true, c.tie_embeddings = false;
    return c;
  }
  c.norm = "rms", c.gated_mlp = true, c.num_kv_heads = 1, c.head_size = 6, c.qk_norm = model_type == "qwen3";
  return c;
}

const io::HfParameter& find(const std::vector<io::HfParameter>& all, const std::string& ours) {
  return *std::find_if(all.begin(), all.end(), [&](const auto& p) { return p.ours == ours; });
}

bool same(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size()) * sizeof(float)) == 0;
}

/// 0, 1, 2, ...
Tensor counting(const Shape& shape) {
  auto t = Tensor::uninitialized(shape);
  for (std::int64_t i = 0; i < t.size(); ++i) t.mutable_data()[i] = static_cast<float>(i);
  return t;
}

}  // namespace

TEST_CASE("every parameter of every architecture goes to the file's tensors and comes back") {
  for (const char* model_type : {"gpt2", "gpt_neox", "llama", "mistral", "qwen2", "qwen3"}) {
    INFO(model_type);
    const nn::Transformer model(config_of(model_type), 5);
    const auto all = io::hf_parameters(model_type, model.config);
    std::size_t next = 0;
    std::map<std::string, Shape> names;
    model.visit([&](const std::string& name, const Tensor& t) {
      const auto& p = all.at(next++);
      CHECK((p.ours == name && p.shape == t.shape()));
      const auto theirs = io::to_hf(p, t);
      REQUIRE((theirs.size() == p.names.size() && p.shapes.size() == p.names.size()));
      std::int64_t size = 0;
      for (std::size_t i = 0; i < theirs.size(); ++i) {
        CHECK(theirs[i].shape() == p.shapes[i]);
        CHECK(names.emplace(p.names[i], p.shapes[i]).second);
        CHECK((p.names[i].starts_with(io::hf_prefix(model_type)) || p.ours == "head_weight"));
        CHECK_FALSE(io::hf_constant(p.names[i]));
        size += theirs[i].size();
      }
      CHECK(size == t.size());
      CHECK(same(io::from_hf(p, theirs), t));
    });
    CHECK(next == all.size());
  }
}

TEST_CASE("names, joins, transposes and the order of interleaved heads are those of transformers") {
  const auto llama = io::hf_parameters("llama", config_of("llama"));
  const auto& qkv = find(llama, "blocks.1.qkv_weight");
  CHECK(qkv.names == std::vector<std::string>{"model.layers.1.self_attn.q_proj.weight", "model.layers.1.self_attn.k_proj.weight",
                                              "model.layers.1.self_attn.v_proj.weight"});
  CHECK(qkv.shapes == std::vector<Shape>{{18, 12}, {6, 12}, {6, 12}});
  CHECK(find(llama, "blocks.0.qkv_bias").shapes == std::vector<Shape>{{18}, {6}, {6}});
  CHECK(find(llama, "norm_gain").names[0] == "model.norm.weight");
  const auto& gpt2_up = io::hf_parameters("gpt2", config_of("gpt2"));
  const auto& up = find(gpt2_up, "blocks.0.up_weight");
  CHECK((up.transposed && up.names[0] == "transformer.h.0.mlp.c_fc.weight" && up.shapes[0] == Shape{12, 5}));
  CHECK(same(io::from_hf(up, std::vector{counting({12, 5})}), Tensor::from({5, 12}, [] {
               std::vector<float> x;
               for (int j = 0; j < 5; ++j)
                 for (int i = 0; i < 12; ++i) x.push_back(static_cast<float>(i * 5 + j));
               return x;
             }())));
  CHECK_FALSE(find(gpt2_up, "token_embedding").transposed);
  const auto neox = io::hf_parameters("gpt_neox", config_of("gpt_neox"));
  CHECK(find(neox, "head_weight").names[0] == "embed_out.weight");
  const auto& bias = find(neox, "blocks.0.qkv_bias");  // 3 heads of 4: the file has q, k, v of head 0, then of head 1
  const Tensor ours = io::from_hf(bias, std::vector{counting({36})});
  for (int part = 0; part < 3; ++part)
    for (int head = 0; head < 3; ++head)
      for (int d = 0; d < 4; ++d) CHECK(ours.data()[(part * 3 + head) * 4 + d] == static_cast<float>((head * 3 + part) * 4 + d));
}

TEST_CASE("constants of old files are told from parameters") {
  for (const char* name : {"h.0.attn.bias", "transformer.h.11.attn.masked_bias", "gpt_neox.layers.0.attention.bias",
                           "gpt_neox.layers.0.attention.rotary_emb.inv_freq", "model.layers.3.self_attn.rotary_emb.inv_freq"})
    CHECK(io::hf_constant(name));
}

TEST_CASE("what an architecture has no place for is named") {
  const auto refused = [](const std::string& model_type, auto change, const std::string& what) {
    auto c = config_of(model_type);
    change(c);
    std::string message = "none";
    try {
      io::hf_parameters(model_type, c);
    } catch (const ConfigError& e) { message = e.what(); }
    INFO(message);
    CHECK(message.find(what) != std::string::npos);
  };
  refused(
      "bloom", [](auto&) {}, "unknown model_type: got bloom");
  refused(
      "gpt2", [](auto& c) { c.num_kv_heads = 1; }, "num_kv_heads 1");
  refused(
      "gpt2", [](auto& c) { c.positions = "rotary"; }, "positions rotary");
  refused(
      "llama", [](auto& c) { c.positions = "learned"; }, "positions learned");
  refused(
      "llama", [](auto& c) { c.qk_norm = true; }, "qk_norm");
  refused(
      "qwen3", [](auto& c) { c.qk_norm = false; }, "no qk_norm");
  refused(
      "mistral", [](auto& c) { c.gated_mlp = false; }, "no gated_mlp");
  const auto all = io::hf_parameters("llama", config_of("llama"));
  const auto& qkv = find(all, "blocks.0.qkv_weight");
  CHECK_THROWS_AS(io::from_hf(qkv, std::vector{Tensor({18, 12})}), ShapeError);
  CHECK_THROWS_AS(io::from_hf(qkv, std::vector{Tensor({18, 12}), Tensor({6, 12}), Tensor({7, 12})}), ShapeError);
  CHECK_THROWS_AS(io::to_hf(qkv, Tensor({18, 12})), ShapeError);
}
