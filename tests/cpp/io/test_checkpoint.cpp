// Checkpoints: what is read is what was written, whatever is damaged is refused, and a save that fails leaves what was there.
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "../catch.hpp"
#include "folder.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/impl/io/sha256.hpp"
#include "tutelage/io/checkpoint.hpp"

using namespace tutelage;

namespace {

std::string bytes(const Tensor& t) { return {reinterpret_cast<const char*>(t.data()), static_cast<std::size_t>(t.size()) * 4}; }

nn::Transformer unusual() {
  nn::TransformerConfig c;
  c.vocab_size = 11, c.max_positions = 9, c.hidden_size = 12, c.num_layers = 2, c.num_heads = 2, c.intermediate_size = 7, c.init_std = 0.1 + 0.2;
  c.norm_eps = 3e-7, c.num_kv_heads = 1, c.head_size = 8, c.norm = "rms", c.positions = "rotary", c.rotary_fraction = 0.5, c.rope_theta = 1234.5;
  c.activation = "silu", c.gated_mlp = true, c.parallel_blocks = true, c.qkv_bias = c.out_bias = c.mlp_bias = false, c.qk_norm = true;
  c.tie_embeddings = false, c.sliding_window = 3, c.sliding_layers = {0, 1};
  c.rope_scaling = {"yarn", 2.5, 1.1, 4.2, 6, 0.9, 30, 1.5, 0.7, 0.8, false};
  return nn::Transformer(c, 3);
}

io::Checkpoint of(const nn::Transformer& model) {
  io::Checkpoint c;
  io::put(c, "model", model);
  return c;
}

nn::Transformer model_of(const io::Checkpoint& c) {
  nn::Transformer model;
  io::get(c, "model", model);
  return model;
}

}  // namespace

TEST_CASE("SHA-256 of known texts, however they are cut") {
  using io::detail_::Sha256;
  CHECK(Sha256().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(Sha256().add("abc", 3).hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const std::string long_text(1000003, 'a');
  for (const std::size_t cut : {0, 1, 55, 56, 63, 64, 65, 999}) {
    const auto whole = Sha256().add(long_text.data(), long_text.size()).hex();
    CHECK(Sha256().add(long_text.data(), cut).add(long_text.data() + cut, long_text.size() - cut).hex() == whole);
  }
  const std::string block = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";  // 56 bytes: the length needs a block of its own
  CHECK(Sha256().add(block.data(), block.size()).hex() == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST_CASE("every field of a configuration, every parameter, an adapter and moments come back, bit for bit") {
  Folder folder("checkpoint");
  nn::LoraConfig lora;
  lora.rank = 3, lora.alpha = 0.1, lora.dropout = 0.3, lora.target_modules = {"q", "down"}, lora.layers_to_transform = {1}, lora.use_rslora = true,
  lora.seed = std::uint64_t{1} << 63;
  auto model = unusual().with_lora(lora);
  model.recompute_blocks = true;
  optim::AdamWState<float> state;
  state.step = 7, state.beta1_power = std::pow(0.9, 7), state.beta2_power = 1e-320;
  state.m = {Tensor::full({2, 3}, -0.0f), Tensor::full({1}, std::numeric_limits<float>::denorm_min())};
  state.v = {Tensor::full({2, 3}, 1.5f), Tensor::full({1}, 2.5f)};
  auto checkpoint = of(model);
  io::put(checkpoint, "optimizer", state);
  io::put(checkpoint, "critic", nn::Transformer());
  io::put(checkpoint, "set", std::optional<double>(0.1)), io::put(checkpoint, "unset", std::optional<double>());
  io::put(checkpoint, "text", std::string("zwei\nZeilen \xC3\xA9"));
  io::save_checkpoint(folder / "c", checkpoint);
  const auto read = io::load_checkpoint(folder / "c");
  CHECK(read.notes == checkpoint.notes);
  const auto again = model_of(read);
  CHECK(again.config == model.config);
  CHECK(again.recompute_blocks);
  CHECK(again.adapter.config == model.adapter.config);
  std::map<std::string, std::string> before, after;
  const auto collect = [](const nn::Transformer& m, std::map<std::string, std::string>& to) {
    m.visit_all([&](const std::string& n, const Tensor& t) { to[n] = bytes(t); });
    m.adapter.visit([&](const std::string& n, const Tensor& t) { to[n] = bytes(t); });
  };
  collect(model, before), collect(again, after);
  CHECK(before == after);
  nn::Transformer critic = model;
  io::get(read, "critic", critic);
  CHECK(critic.blocks.empty());
  std::optional<double> set, unset = 1.0;
  io::get(read, "set", set), io::get(read, "unset", unset);
  CHECK((set == 0.1 && !unset));
  optim::AdamWState<float> moments;
  io::get(read, "optimizer", moments);
  CHECK(moments.step == 7);
  CHECK(moments.beta1_power == state.beta1_power);
  CHECK(moments.beta2_power == 1e-320);
  REQUIRE(moments.m.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) CHECK((bytes(moments.m[i]) == bytes(state.m[i]) && bytes(moments.v[i]) == bytes(state.v[i])));
}

TEST_CASE("weights that two models share are written once and shared again") {
  Folder folder("checkpoint_shared");
  auto checkpoint = of(unusual());
  io::put(checkpoint, "reference", model_of(checkpoint));
  io::save_checkpoint(folder / "two", checkpoint);
  io::save_checkpoint(folder / "one", of(unusual()));
  const auto size = [&](const char* name) { return std::filesystem::file_size(folder / name); };
  CHECK(size("two/state.safetensors") < size("one/state.safetensors") * 3 / 2);
  const auto read = io::load_checkpoint(folder / "two");
  CHECK(read.tensors.at("model.token_embedding").storage() == read.tensors.at("reference.token_embedding").storage());
  io::Checkpoint reshaped;
  reshaped.tensors["flat"] = Tensor::full({6}, 2.0f), reshaped.tensors["matrix"] = reshaped.tensors["flat"].reshaped({2, 3});
  io::save_checkpoint(folder / "shapes", reshaped);
  CHECK(io::load_checkpoint(folder / "shapes").tensors.at("matrix").shape() == Shape{2, 3});
}

TEST_CASE("a changed byte anywhere, a cut and a missing file are refused") {
  Folder folder("checkpoint_damage");
  io::save_checkpoint(folder / "c", of(unusual()));
  const std::string state = folder / "c/state.safetensors", manifest = folder / "c/manifest.json";
  const std::string whole = io::read_file(state), text = io::read_file(manifest);
  for (std::size_t at = 0; at < whole.size(); at += 97) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    put(state, changed);
    CHECK_THROWS_AS(io::load_checkpoint(folder / "c"), IoError);
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, whole.size() / 2, whole.size() - 1}) {
    put(state, whole.substr(0, size));
    CHECK_THROWS_AS(io::load_checkpoint(folder / "c"), IoError);
  }
  put(state, whole + "x");
  CHECK_THROWS_AS(io::load_checkpoint(folder / "c"), IoError);
  put(state, whole);
  for (std::size_t size = 0; size + 2 < text.size(); ++size) {
    put(manifest, text.substr(0, size));
    CHECK_THROWS_AS(io::load_checkpoint(folder / "c"), IoError);
  }
  put(manifest, std::string(text).replace(text.find("\"format\": 1"), 11, "\"format\": 2"));
  CHECK_THROWS_WITH(io::load_checkpoint(folder / "c"), says("another format"));
  put(manifest, text);
  CHECK_NOTHROW(io::load_checkpoint(folder / "c"));
  std::filesystem::remove(manifest);
  CHECK_THROWS_WITH(io::load_checkpoint(folder / "c"), says("no checkpoint here"));
  CHECK_THROWS_AS(io::load_checkpoint(folder / "none"), IoError);
}

TEST_CASE("parts that are missing, of another shape or no number are named") {
  const auto good = of(unusual());
  auto c = good;
  c.tensors.erase("model.norm_gain");
  CHECK_THROWS_WITH(model_of(c), says("model.norm_gain"));
  c = good;
  c.tensors["model.norm_gain"] = Tensor::full({3}, 1.0f);
  CHECK_THROWS_WITH(model_of(c), says("wrong shape"));
  c = good;
  c.notes["model.config"] = "{}";
  CHECK_THROWS_AS(model_of(c), IoError);
  std::int64_t number = 0;
  for (const char* text : {"", "12x", "99999999999999999999"}) {
    c.notes["n"] = text;
    CHECK_THROWS_AS(io::get(c, "n", number), IoError);
  }
  CHECK_THROWS_WITH(io::get(c, "absent", number), says("absent"));
}

TEST_CASE("a save replaces a checkpoint, keeps it where it fails, and leaves nothing beside it") {
  Folder folder("checkpoint_replace");
  const auto with = [](float x) {
    io::Checkpoint c;
    c.tensors["x"] = Tensor::full({50000}, x);
    return c;
  };
  const auto value = [&] { return io::load_checkpoint(folder / "c").tensors.at("x").data()[0]; };
  io::save_checkpoint(folder / "c", with(1));
  io::save_checkpoint((folder / "c") + "/", with(2));
  CHECK(value() == 2);
  CHECK(folder.entries() == 1);
  {
    FullDisk full(20000);
    CHECK_THROWS_AS(io::save_checkpoint(folder / "c", with(3)), IoError);
  }
  CHECK(value() == 2);
  CHECK(folder.entries() == 1);
  std::filesystem::create_directories(folder / ".c.tmp/half");  // what a kill leaves
  io::save_checkpoint(folder / "c", with(4));
  CHECK(value() == 4);
  CHECK(folder.entries() == 1);
  std::filesystem::create_directories(folder / "precious");
  put(folder / "precious/file", "mine");
  CHECK_THROWS_WITH(io::save_checkpoint(folder / "precious", with(5)), says("no checkpoint"));
  CHECK(io::read_file(folder / "precious/file") == "mine");
  CHECK_THROWS_AS(io::save_checkpoint("..", with(5)), IoError);
}
