#include <cstring>

#include "../catch.hpp"
#include "folder.hpp"
#include "gguf_maker.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/io/gguf.hpp"
#include "tutelage/io/pretrained.hpp"

using namespace tutelage;

namespace {

template <class E, class F> void refused(const F& call, const std::string& path, const std::string& word) {
  try {
    call();
    FAIL("accepted: " << word);
  } catch (const E& e) {
    INFO(e.what());
    CHECK(std::string(e.what()).find(word) != std::string::npos);
    CHECK(std::string(e.what()).find(path) != std::string::npos);
  }
}

}  // namespace

TEST_CASE("a GGUF file becomes a model, its heads turned for our rotation") {
  const Folder f("gguf");
  const std::string path = f / "m.gguf";
  for (const std::uint32_t version : {2u, 3u}) {
    auto g = small_gguf();
    g.version = version;
    put(path, g.str());
    const auto all = io::load_pretrained(path);
    const auto& c = all.transformer.config;
    CHECK(all.model_type == "llama");
    CHECK(c.vocab_size == 6);
    CHECK(c.num_kv_heads == 1);
    CHECK(c.tie_embeddings);
    CHECK(c.norm_eps == static_cast<double>(1e-5f));
    CHECK(all.ids == io::TokenIds{1, -1, {2}});
    const auto value = [](std::int64_t i) { return static_cast<float>(i % 17) * 0.125f - 1.0f; };
    const Tensor& qkv = all.transformer.blocks[0].qkv_weight;
    CHECK(qkv.shape() == Shape{16, 8});
    const std::int64_t row_of[] = {0, 2, 1, 3};  // of a head of 4: pairs (0, 1), (2, 3) in the file are (0, 2), (1, 3) of ours
    for (std::int64_t r = 0; r < 12; ++r)
      for (std::int64_t k = 0; k < 8; ++k) {
        const std::int64_t ours = r / 4 * 4 + row_of[r % 4], in_tensor = r < 8 ? r : r - 8;
        REQUIRE(qkv.data()[ours * 8 + k] == value(in_tensor * 8 + k));
      }
    for (std::int64_t i = 0; i < 32; ++i) CHECK(qkv.data()[12 * 8 + i] == value(i));
    CHECK(all.transformer.blocks[0].down_weight.shape() == Shape{8, 12});
  }
}

TEST_CASE("the tokenizer of a GGUF file comes as it stands") {
  const Folder f("gguf_tokenizer");
  const std::string path = f / "m.gguf";
  put(path, small_gguf().str());
  const auto t = io::read_gguf_tokenizer(path);
  CHECK(t.kind == "llama");
  CHECK(t.tokens.size() == 6);
  CHECK(t.tokens[4] == "\u2581b");
  CHECK(t.scores[5] == -3.5f);
  CHECK(t.types == std::vector<std::int32_t>{2, 3, 3, 1, 1, 1});
  CHECK(t.merges == std::vector<std::string>{"a b"});
  CHECK((t.bos == 1 && t.eos == 2 && t.unk == -1 && t.add_bos && !t.add_eos));
  const auto wrong = [&](const std::string& word, const auto& change) {
    auto g = small_gguf();
    std::erase_if(g.keys, [](const auto& k) { return k.first.starts_with("tokenizer"); });
    change(g);
    put(path, g.str());
    refused<IoError>([&] { io::read_gguf_tokenizer(path); }, path, word);
  };
  wrong("carries no tokenizer", [](GgufMaker&) {});
  const auto tokens = [](GgufMaker& g) { g.text("tokenizer.ggml.model", "gpt2"), g.texts("tokenizer.ggml.tokens", {"a", "b"}); };
  wrong("scores is not one a token", [&](GgufMaker& g) { tokens(g), g.numbers<float>("tokenizer.ggml.scores", 6, {1}); });
  wrong("eos_token_id is no token", [&](GgufMaker& g) { tokens(g), g.u32("tokenizer.ggml.eos_token_id", 2); });
  wrong("item 0 is not UTF-8", [](GgufMaker& g) { g.text("tokenizer.ggml.model", "gpt2"), g.texts("tokenizer.ggml.tokens", {"\xff"}); });
  wrong("tokens has a value of the wrong type", [](GgufMaker& g) { g.text("tokenizer.ggml.model", "gpt2"), g.u32("tokenizer.ggml.tokens", 1); });
}

TEST_CASE("what is wrong in a GGUF file is named") {
  const Folder f("gguf_wrong");
  const std::string path = f / "m.gguf";
  const auto refused_bytes = [&](const std::string& word, const std::string& bytes) {
    put(path, bytes);
    refused<IoError>([&] { io::load_pretrained(path); }, path, word);
  };
  const auto wrong = [&](const std::string& word, const auto& change) {
    auto g = small_gguf();
    change(g);
    refused_bytes(word, g.str());
  };
  const auto unsupported = [&](const std::string& word, const auto& change) {
    auto g = small_gguf();
    change(g);
    put(path, g.str());
    refused<ConfigError>([&] { io::load_pretrained(path); }, path, word);
  };
  const auto replace_key = [](GgufMaker& g, const std::string& name, const Bytes& value) {
    for (auto& [key, old] : g.keys)
      if (key == name) old = value.all;
  };
  const auto u32 = [](std::uint32_t x) { return Bytes().put(std::uint32_t{4}).put(x); };
  const auto drop = [](GgufMaker& g, const std::string& name) {
    std::erase_if(g.keys, [&](const auto& k) { return k.first == name; });
    std::erase_if(g.tensors, [&](const auto& t) { return t.name == name; });
  };

  refused_bytes("not a GGUF file", "");
  refused_bytes("not a GGUF file", "GGML" + small_gguf().str().substr(4));
  wrong("unknown version: got 1", [](GgufMaker& g) { g.version = 1; });
  wrong("unknown version: got 4", [](GgufMaker& g) { g.version = 4; });
  wrong("big-endian", [](GgufMaker& g) { g.version = 3u << 24; });
  const auto counts = [&](std::uint64_t tensors, std::uint64_t keys) { return Bytes().put(tensors).put(keys).all; };
  refused_bytes("number of tensors is absurd", "GGUF" + Bytes().put(3u).all + counts(~std::uint64_t{0}, 0));
  refused_bytes("number of keys is absurd", "GGUF" + Bytes().put(3u).all + counts(0, ~std::uint64_t{0}) + std::string(100, '\0'));
  refused_bytes("key is too long", "GGUF" + Bytes().put(3u).all + counts(0, 1) + Bytes().put(~std::uint64_t{0} - 7).all + std::string(100, 'a'));
  wrong("k passes the end", [](GgufMaker& g) { g.key("k", Bytes().put(std::uint32_t{8}).put(std::uint64_t{1} << 60)); });
  wrong("array k passes the end", [](GgufMaker& g) { g.key("k", Bytes().put(std::uint32_t{9}).put(std::uint32_t{8}).put(std::uint64_t{1} << 61)); });
  wrong("array k passes the end",
        [](GgufMaker& g) { g.key("k", Bytes().put(std::uint32_t{9}).put(std::uint32_t{10}).put((std::uint64_t{1} << 61) + 1)); });
  wrong("array of arrays", [](GgufMaker& g) { g.key("k", Bytes().put(std::uint32_t{9}).put(std::uint32_t{9}).put(std::uint64_t{0})); });
  wrong("unknown type: got 13", [](GgufMaker& g) { g.key("k", Bytes().put(std::uint32_t{13})); });
  wrong("no bool", [](GgufMaker& g) { g.key("k", Bytes().put(std::uint32_t{7}).put(std::uint8_t{2})); });
  wrong("key is there twice: got llama.vocab_size", [](GgufMaker& g) { g.u32("llama.vocab_size", 6); });
  wrong("tensor is there twice", [](GgufMaker& g) { g.tensor("token_embd.weight", {8, 6}); });
  wrong("general.alignment is impossible", [](GgufMaker& g) { g.u32("general.alignment", 24); });
  wrong("is not aligned", [](GgufMaker& g) { g.u32("general.alignment", 64); });
  wrong("name is too long", [](GgufMaker& g) { g.tensor(std::string(65, 'n'), {1}); });
  wrong("number of dimensions", [](GgufMaker& g) { g.tensor("t", {1, 1, 1, 1, 1}); });
  wrong("impossible shape", [](GgufMaker& g) { g.tensors.back().shape = {std::uint64_t{1} << 41}; });
  wrong("impossible shape", [](GgufMaker& g) { g.tensors.back().shape = {std::uint64_t{1} << 40, 1 << 24}; });
  wrong("output_norm.weight passes the end", [](GgufMaker& g) { g.tensors.back().shape = {std::uint64_t{1} << 40}; });
  wrong("output_norm.weight passes the end", [](GgufMaker& g) { g.tensors.back().shape = {200}; });
  wrong("overlaps another", [](GgufMaker& g) { g.tensors[1].shape = {9}; });
  wrong("tensor token_embd.weight has a type that is not supported: got Q6_K", [](GgufMaker& g) { g.tensors[0].type = 14; });
  wrong("not supported: got type 99", [](GgufMaker& g) { g.tensors[0].type = 99; });
  wrong("no whole blocks", [](GgufMaker& g) { g.tensors[0].type = 8; });
  wrong("lacks a tensor: got no blk.0.ffn_up.weight", [&](GgufMaker& g) { drop(g, "blk.0.ffn_up.weight"); });
  wrong("no token_embd.weight", [&](GgufMaker& g) { drop(g, "token_embd.weight"); });
  wrong("tensor that the configuration lacks: got blk.1.attn_norm.weight", [](GgufMaker& g) { g.tensor("blk.1.attn_norm.weight", {8}); });
  wrong("blk.0.attn_k.weight has the wrong shape: got (5, 8)", [](GgufMaker& g) { g.tensors[3].shape = {8, 5}, g.tensors[3].data.resize(160); });
  wrong("vocab_size and token_embd.weight differ", [&](GgufMaker& g) { replace_key(g, "llama.vocab_size", u32(7)); });
  wrong("no llama.block_count", [&](GgufMaker& g) { drop(g, "llama.block_count"); });
  wrong("no blk.1.", [&](GgufMaker& g) { replace_key(g, "llama.block_count", u32(2)); });
  wrong("block_count has a value of the wrong type",
        [&](GgufMaker& g) { replace_key(g, "llama.block_count", Bytes().put(std::uint32_t{8}).text("1")); });

  unsupported("architecture is not supported: got mamba",
              [&](GgufMaker& g) { replace_key(g, "general.architecture", Bytes().put(std::uint32_t{8}).text("mamba")); });
  unsupported("llama.logit_scale", [](GgufMaker& g) { g.f32("llama.logit_scale", 2); });
  unsupported("llama.expert_count", [](GgufMaker& g) { g.u32("llama.expert_count", 8); });
  unsupported("rope type is not supported: got longrope", [](GgufMaker& g) { g.text("llama.rope.scaling.type", "longrope"); });
  unsupported("num_layers", [&](GgufMaker& g) { replace_key(g, "llama.block_count", u32(4000000000u)); });
  unsupported("num_heads", [&](GgufMaker& g) { replace_key(g, "llama.attention.head_count", u32(0)); });
  unsupported("num_kv_heads", [&](GgufMaker& g) { replace_key(g, "llama.attention.head_count_kv", u32(3)); });
  unsupported("rope.dimension_count", [&](GgufMaker& g) { replace_key(g, "llama.rope.dimension_count", u32(2)); });
}

TEST_CASE("a file of llama2.c becomes a model") {
  const Folder f("llama2c");
  const std::string path = f / "m.bin";
  for (const bool tied : {true, false}) {
    put(path, small_llama2c(tied));
    const auto all = io::load_pretrained(path);
    CHECK(all.transformer.config.tie_embeddings == tied);
    CHECK(all.transformer.token_embedding.data()[47] == 47);
    CHECK(all.transformer.blocks[1].norm1_gain.data()[0] == 48 + 8);
    const float* q = all.transformer.blocks[0].qkv_weight.data();
    CHECK(q[0] == 64);
    CHECK(q[8] == 64 + 16);  // row 1 of a head is row 2 of the file's
    CHECK(q[16] == 64 + 8);
    CHECK(all.transformer.blocks[0].qkv_weight.shape() == Shape{16, 8});
    if (!tied) CHECK(all.transformer.head_weight.data()[47] == static_cast<float>((small_llama2c(false).size() - 28) / 4 - 1));
  }
  const auto wrong = [&](const std::string& word, const std::string& bytes) {
    put(path, bytes);
    refused<IoError>([&] { io::load_pretrained(path); }, path, word);
  };
  const std::string good = small_llama2c();
  wrong("dim passes the end of the file", "");
  wrong("another size than its head says", good.substr(0, good.size() - 4));
  wrong("another size than its head says", good + "0000");
  wrong("another version", Bytes().put(std::int32_t{0x616b3432}).all + good.substr(4));
  wrong("dim is impossible: got -8", Bytes().put(std::int32_t{-8}).all + good.substr(4));
  wrong("another size", good.substr(0, 4) + Bytes().put(std::int32_t{1 << 20}).all + good.substr(8));
}

TEST_CASE("a tokenizer of llama2.c comes as GGUF would have it") {
  const Folder f("llama2c_tokenizer");
  const std::string path = f / "t.bin";
  Bytes b;
  b.put(std::uint32_t{8});
  for (const std::string s : {"<unk>", "\n<s>\n", "\n</s>\n", "<0x0A>", " the", "x y "})
    b.put(-1.5f).put(static_cast<std::uint32_t>(s.size())).all += s;
  put(path, b.all);
  const auto t = io::read_llama2c_tokenizer(path);
  CHECK(t.tokens == std::vector<std::string>{"<unk>", "<s>", "</s>", "<0x0A>", "\u2581the", "x\u2581y\u2581"});
  CHECK(t.types == std::vector<std::int32_t>{2, 3, 3, 6, 1, 1});
  CHECK(t.scores[5] == -1.5f);
  for (std::size_t n = 0; n < b.all.size(); ++n) {
    put(path, b.all.substr(0, n));
    std::size_t tokens = 0;  // those before the cut, where it is between two
    try {
      tokens = io::read_llama2c_tokenizer(path).tokens.size();
    } catch (const IoError&) {}
    CHECK(tokens < 6);
  }
  put(path, b.all + Bytes().put(1.0f).put(std::uint32_t{9}).all + "123456789");
  refused<IoError>([&] { io::read_llama2c_tokenizer(path); }, path, "longer than the longest");
  put(path, b.all + Bytes().put(1.0f).put(std::uint32_t{1}).all + "\xff");
  refused<IoError>([&] { io::read_llama2c_tokenizer(path); }, path, "not UTF-8");
}
