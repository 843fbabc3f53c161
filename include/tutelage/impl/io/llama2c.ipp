#pragma once
#include "tutelage/impl/io/assemble.hpp"
#include "tutelage/impl/io/gguf_file.ipp"
#include "tutelage/io/gguf.hpp"
#include "tutelage/io/pretrained.hpp"

TUTELAGE_BEGIN

namespace io {

namespace detail_ {

/// llama2.c's file of version 0: seven int32 (width, MLP width, layers, heads, key-value heads, vocabulary, positions), then float32 without names:
/// the embedding, each kind of weight for all layers, the last norm, two tables of rotations (no longer used), and the output matrix where the
/// vocabulary is negative.
inline Pretrained read_llama2c(const std::string& path) {
  const char* function = "load_pretrained";
  const auto file = std::make_shared<const MappedFile>(function, path);
  Cursor cursor(function, file->path, file->bytes());
  std::int32_t head[7];
  static constexpr const char* kNames[] = {"dim", "hidden_dim", "n_layers", "n_heads", "n_kv_heads", "vocab_size", "seq_len"};
  for (int i = 0; i < 7; ++i) {
    head[i] = cursor.number<std::int32_t>(kNames[i]);
    if (i == 0 && head[0] == 0x616b3432) cursor.wrong("llama2.c's file is of another version", "1 or later", "version 0");
    if (i != 5 && head[i] < 1) cursor.wrong(std::string(kNames[i]) + " is impossible", detail::str(head[i]), "1 or more");
  }
  nn::TransformerConfig c;
  c.hidden_size = head[0], c.intermediate_size = head[1], c.num_layers = head[2], c.num_heads = head[3], c.num_kv_heads = head[4];
  c.tie_embeddings = head[5] > 0;
  c.vocab_size = head[5] > 0 ? head[5] : -static_cast<std::int64_t>(head[5]);
  c.max_positions = head[6];
  c.norm = "rms", c.positions = "rotary", c.activation = "silu", c.gated_mlp = true, c.norm_eps = 1e-5;
  c.qkv_bias = c.out_bias = c.mlp_bias = false;
  check_config(function, path, c);

  const std::int64_t dim = c.hidden_size, f = c.intermediate_size, d = c.head_width(), kv = c.kv_heads() * d, tables = c.max_positions * (d / 2) * 2;
  const std::int64_t layer = 2 * dim + dim * (2 * dim + 2 * kv) + 3 * dim * f, heads = c.tie_embeddings ? 1 : 2;
  const std::int64_t numbers = heads * c.vocab_size * dim + c.num_layers * layer + dim + tables;
  if (file->bytes().size() != static_cast<std::size_t>(28 + 4 * numbers))
    detail::fail<IoError>(function, file->path + " has another size than its head says", detail::str(file->bytes().size()) + " bytes",
                          detail::str(28 + 4 * numbers));

  StoredTensors stored{{file}, {}, {}, file->path};
  const char* at = file->bytes().data() + 28;
  const auto next = [&](const std::string& name, const Shape& shape) {
    stored.tensors[name] = {Stored::kF32, "F32", shape, at};
    at += shape.size() * 4;
  };
  const auto layers = [&](const char* name, const Shape& shape) {
    for (std::int64_t i = 0; i < c.num_layers; ++i) next("model.layers." + std::to_string(i) + "." + name + ".weight", shape);
  };
  next("model.embed_tokens.weight", {c.vocab_size, dim});
  layers("input_layernorm", {dim});
  layers("self_attn.q_proj", {dim, dim}), layers("self_attn.k_proj", {kv, dim}), layers("self_attn.v_proj", {kv, dim});
  layers("self_attn.o_proj", {dim, dim});
  layers("post_attention_layernorm", {dim});
  layers("mlp.gate_proj", {f, dim}), layers("mlp.down_proj", {dim, f}), layers("mlp.up_proj", {f, dim});
  next("model.norm.weight", {dim});
  at += tables * 4;
  if (!c.tie_embeddings) next("lm_head.weight", {c.vocab_size, dim});

  std::vector<FileParameter> parameters;
  for (auto& p : hf_parameters("llama", c)) {
    const bool qkv = p.names.size() == 3;
    parameters.push_back({std::move(p), qkv ? d : 0});
  }
  Pretrained all;
  all.model_type = "llama";
  all.transformer = assemble(function, stored, c, parameters, [](const std::string&) { return false; });
  if (c.vocab_size > 2) all.ids.bos = 1, all.ids.eos = {1, 2};  // llama2.c stops at <s>, which begins the next text
  return all;
}

}  // namespace detail_

TUTELAGE_INLINE text::TokenizerData read_llama2c_tokenizer(const std::string& path) {
  const detail_::MappedFile file("read_llama2c_tokenizer", path);
  detail_::Cursor cursor("read_llama2c_tokenizer", file.path, file.bytes());
  text::TokenizerData t;
  t.name = path, t.kind = "llama", t.bos = 1, t.eos = 2, t.unk = 0, t.add_bos = true;
  const auto longest = cursor.number<std::uint32_t>("longest token");
  while (cursor.left() > 0) {
    t.scores.push_back(cursor.number<float>("score"));
    const auto length = cursor.number<std::uint32_t>("length of a token");
    if (length > longest) cursor.wrong("token is longer than the longest", std::to_string(length) + " bytes", "at most " + std::to_string(longest));
    std::string token(cursor.take(length, "token"));
    if (!detail_::utf8(token)) cursor.wrong("token is not UTF-8", "other bytes", "UTF-8");
    const std::size_t id = t.tokens.size();
    if (id == 1 && token == "\n<s>\n") token = "<s>";
    if (id == 2 && token == "\n</s>\n") token = "</s>";
    for (std::size_t i = 0; (i = token.find(' ', i)) != std::string::npos;) token.replace(i, 1, "\u2581");
    const bool byte = token.size() == 6 && token.starts_with("<0x") && token.back() == '>';
    t.types.push_back(id == 0 ? 2 : id < 3 ? 3 : byte ? 6 : 1);
    t.tokens.push_back(std::move(token));
  }
  if (t.tokens.size() < 3) cursor.wrong("file holds too few tokens", detail::str(t.tokens.size()), "<unk>, <s>, </s> and more");
  return t;
}

}  // namespace io

TUTELAGE_END
