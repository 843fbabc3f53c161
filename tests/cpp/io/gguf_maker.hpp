#pragma once
// Small files of GGUF and llama2.c, byte by byte.
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

struct Bytes {
  std::string all;
  template <class T> Bytes& put(T x) {
    char raw[sizeof x];
    std::memcpy(raw, &x, sizeof x);
    all.append(raw, sizeof x);
    return *this;
  }
  Bytes& text(const std::string& s) {
    put(static_cast<std::uint64_t>(s.size()));
    all += s;
    return *this;
  }
};

struct GgufTensor {
  std::string name;
  std::vector<std::uint64_t> shape;  // fastest first
  std::uint32_t type = 0;
  std::string data;
};

/// What a GGUF file holds; change it, then write it.
struct GgufMaker {
  std::uint32_t version = 3, alignment = 32;
  std::vector<std::pair<std::string, std::string>> keys;  // name, type and value
  std::vector<GgufTensor> tensors;

  void key(const std::string& name, const Bytes& value) { keys.emplace_back(name, value.all); }
  void u32(const std::string& name, std::uint32_t x) { key(name, Bytes().put(std::uint32_t{4}).put(x)); }
  void f32(const std::string& name, float x) { key(name, Bytes().put(std::uint32_t{6}).put(x)); }
  void text(const std::string& name, const std::string& x) { key(name, Bytes().put(std::uint32_t{8}).text(x)); }
  void texts(const std::string& name, const std::vector<std::string>& all) {
    Bytes b;
    b.put(std::uint32_t{9}).put(std::uint32_t{8}).put(static_cast<std::uint64_t>(all.size()));
    for (const auto& s : all) b.text(s);
    key(name, b);
  }
  template <class T> void numbers(const std::string& name, std::uint32_t type, const std::vector<T>& all) {
    Bytes b;
    b.put(std::uint32_t{9}).put(type).put(static_cast<std::uint64_t>(all.size()));
    for (const T& x : all) b.put(x);
    key(name, b);
  }
  void tensor(const std::string& name, std::vector<std::uint64_t> shape) {
    std::uint64_t n = 1;
    for (auto d : shape) n *= d;
    Bytes b;
    for (std::uint64_t i = 0; i < n; ++i) b.put(static_cast<float>(i % 17) * 0.125f - 1.0f);
    tensors.push_back({name, std::move(shape), 0, b.all});
  }
  std::string str() const {
    Bytes b;
    b.all = "GGUF";
    b.put(version).put(static_cast<std::uint64_t>(tensors.size())).put(static_cast<std::uint64_t>(keys.size()));
    for (const auto& [name, value] : keys) b.text(name).all += value;
    std::string data;
    for (const auto& t : tensors) {
      b.text(t.name).put(static_cast<std::uint32_t>(t.shape.size()));
      for (auto d : t.shape) b.put(d);
      b.put(t.type).put(static_cast<std::uint64_t>(data.size()));
      data += t.data;
      data.resize((data.size() + alignment - 1) / alignment * alignment);
    }
    if (!tensors.empty()) b.all.resize((b.all.size() + alignment - 1) / alignment * alignment);
    return b.all + data;
  }
};

/// A Llama of one layer: 6 tokens, 8 wide, 2 heads, 1 key-value head, and a tokenizer.
inline GgufMaker small_gguf() {
  GgufMaker g;
  g.text("general.architecture", "llama");
  for (const auto& [name, x] : {std::pair{"context_length", 16u}, std::pair{"embedding_length", 8u}, std::pair{"block_count", 1u},
                                std::pair{"feed_forward_length", 12u}, std::pair{"attention.head_count", 2u},
                                std::pair{"attention.head_count_kv", 1u}, std::pair{"rope.dimension_count", 4u}, std::pair{"vocab_size", 6u}})
    g.u32("llama." + std::string(name), x);
  g.f32("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  g.f32("llama.rope.freq_base", 10000.0f);
  g.text("tokenizer.ggml.model", "llama");
  g.texts("tokenizer.ggml.tokens", {"<unk>", "<s>", "</s>", "a", "\u2581b", "\u00fc"});
  g.numbers<float>("tokenizer.ggml.scores", 6, {0, 0, 0, -1, -2, -3.5f});
  g.numbers<std::int32_t>("tokenizer.ggml.token_type", 5, {2, 3, 3, 1, 1, 1});
  g.texts("tokenizer.ggml.merges", {"a b"});
  g.u32("tokenizer.ggml.bos_token_id", 1);
  g.u32("tokenizer.ggml.eos_token_id", 2);
  g.tensor("token_embd.weight", {8, 6});
  g.tensor("blk.0.attn_norm.weight", {8});
  g.tensor("blk.0.attn_q.weight", {8, 8});
  g.tensor("blk.0.attn_k.weight", {8, 4});
  g.tensor("blk.0.attn_v.weight", {8, 4});
  g.tensor("blk.0.attn_output.weight", {8, 8});
  g.tensor("blk.0.ffn_norm.weight", {8});
  g.tensor("blk.0.ffn_gate.weight", {8, 12});
  g.tensor("blk.0.ffn_up.weight", {8, 12});
  g.tensor("blk.0.ffn_down.weight", {12, 8});
  g.tensor("output_norm.weight", {8});
  return g;
}

/// llama2.c's file of the same sizes, with numbers 0, 1, 2, ...
inline std::string small_llama2c(bool tied = true) {
  const std::int32_t dim = 8, hidden = 12, layers = 2, heads = 2, kv_heads = 1, vocab = 6, length = 16, d = dim / heads;
  Bytes b;
  b.put(dim).put(hidden).put(layers).put(heads).put(kv_heads).put(tied ? vocab : -vocab).put(length);
  const std::int32_t layer = 2 * dim + 2 * dim * dim + 2 * dim * kv_heads * d + 3 * dim * hidden;
  const std::int32_t n = vocab * dim * (tied ? 1 : 2) + layers * layer + dim + length * d;
  for (std::int32_t i = 0; i < n; ++i) b.put(static_cast<float>(i));
  return b.all;
}
