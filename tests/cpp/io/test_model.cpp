#include <cstring>

#include "../catch.hpp"
#include "folder.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/io/model.hpp"
#include "tutelage/io/safetensors.hpp"

using namespace tutelage;

namespace {

const std::vector<text::Conversation> kChats{{{"user", "Who are you?"}, {"assistant", "I am the chatbot."}}, {{"user", "Why?"}, {"assistant", ""}}};

io::ChatModel small(std::int64_t hidden = 8, std::uint64_t seed = 3, const std::vector<text::Conversation>& chats = kChats) {
  io::ChatModel m;
  m.tokenizer = text::train_chat_tokenizer(chats, 262);
  nn::TransformerConfig c;
  c.vocab_size = m.tokenizer.vocab_size(), c.max_positions = 12, c.hidden_size = hidden, c.num_layers = 2, c.num_heads = 2, c.intermediate_size = 12;
  m.transformer = nn::Transformer(c, seed);
  m.conversations = chats;
  return m;
}

bool same(const nn::Transformer& a, const nn::Transformer& b) {
  std::vector<Tensor> all;
  a.visit([&](const std::string&, const Tensor& t) { all.push_back(t); });
  std::size_t i = 0;
  bool equal = true;
  b.visit([&](const std::string&, const Tensor& t) {
    const Tensor& other = all.at(i++);
    equal = equal && t.shape() == other.shape() && std::memcmp(t.data(), other.data(), static_cast<std::size_t>(t.size()) * 4) == 0;
  });
  return equal && i == all.size();
}

void replace(const std::string& path, const std::string& from, const std::string& to) {
  std::string s = io::read_file(path);
  const auto at = s.find(from);
  REQUIRE(at != std::string::npos);
  put(path, s.replace(at, from.size(), to));
}

/// Changes the weights' file without its note of the configuration.
template <class F> void change_weights(const std::string& folder, const F& change) {
  auto content = io::read_safetensors(folder + "/model.safetensors");
  change(content);
  io::write_safetensors(folder + "/model.safetensors", content);
}

template <class E> void refused(const std::string& folder, const std::string& word) {
  try {
    io::load_model(folder);
    FAIL("accepted: " << word);
  } catch (const E& e) {
    INFO(e.what());
    CHECK(std::string(e.what()).find(word) != std::string::npos);
  }
}

}  // namespace

TEST_CASE("a model folder holds the whole chatbot") {
  const Folder f("model");
  const auto model = small();
  io::save_model(f / "m/deep", model);
  const auto back = io::load_model(f / "m/deep");
  CHECK(same(model.transformer, back.transformer));
  CHECK(back.transformer.config.num_heads == 2);
  CHECK(back.tokenizer.to_json() == model.tokenizer.to_json());
  REQUIRE(back.conversations.size() == 2);
  CHECK(back.conversations[0][1].content == "I am the chatbot.");
  nn::TokenBatch batch;
  batch.add(back.tokenizer.encode("Why?"));
  CHECK(std::memcmp(back.transformer.logits(batch).data(), model.transformer.logits(batch).data(),
                    static_cast<std::size_t>(batch.tokens()) * 262 * 4) == 0);
  io::save_model(f / "again", back);
  for (const char* name : {"config.json", "generation_config.json", "tokenizer.json", "model.safetensors", "conversations.jsonl"})
    CHECK(io::read_file(f / ("m/deep/" + std::string(name))) == io::read_file(f / ("again/" + std::string(name))));
  std::filesystem::remove(f / "again/conversations.jsonl");
  CHECK(io::load_model(f / "again").conversations.empty());
}

TEST_CASE("a transformer is read with a chatbot or alone") {
  const Folder f("transformer");
  io::save_model(f / "m", small());
  CHECK(same(io::load_transformer(f / "m"), small().transformer));
  io::save_transformer(f / "m", small(8, 4).transformer);  // other weights for the same tokenizer
  CHECK(same(io::load_model(f / "m").transformer, small(8, 4).transformer));
  io::save_transformer(f / "alone/deep", small(16).transformer);
  CHECK(same(io::load_transformer(f / "alone/deep"), small(16).transformer));
  refused<IoError>(f / "alone/deep", "tokenizer.json");
  CHECK_THROWS_AS(io::load_transformer(f / "none"), IoError);
}

TEST_CASE("a cut or missing file of a model is named") {
  const Folder f("cut_model");
  io::save_model(f / "m", small());
  for (const std::string name : {"model.safetensors", "tokenizer.json", "config.json"}) {
    const std::string path = f / ("m/" + name), good = io::read_file(path);
    for (const std::size_t n : {std::size_t{0}, std::size_t{5}, good.size() / 3, good.size() / 2, good.size() - 3}) {
      put(path, good.substr(0, n));
      refused<IoError>(f / "m", path);
    }
    std::filesystem::remove(path);
    refused<IoError>(f / "m", name == "config.json" ? "not a model folder" : path);
    put(path, good);
  }
  CHECK(same(io::load_model(f / "m").transformer, small().transformer));
  refused<IoError>(f / "none", "not a model folder");
}

TEST_CASE("configuration, weights and tokenizer must fit each other") {
  const Folder f("mixed");
  const std::string folder = f / "m", config = folder + "/config.json";
  const auto fresh = [&] { io::save_model(folder, small()); };
  fresh();
  replace(config, "\"n_embd\": 8", "\"n_embd\": \"8\"");
  refused<IoError>(folder, "n_embd has a value of the wrong type");
  fresh();
  replace(config, "\"n_embd\"", "\"n_emb\"");
  refused<IoError>(folder, "no n_embd");
  fresh();
  replace(config, "\"model_type\": \"gpt2\"", "\"model_type\": \"gpt3\"");
  refused<ConfigError>(folder, "gpt3");
  fresh();
  replace(config, "\"n_layer\": 2", "\"n_layer\": 1000000000000");
  refused<ConfigError>(folder, "num_layers");
  fresh();
  replace(config, "\"n_head\": 2", "\"n_head\": 3");
  refused<ConfigError>(folder, "num_heads");
  fresh();
  replace(config, "\"n_layer\": 2", "\"n_layer\": 3");
  refused<IoError>(folder, "another config.json");
  change_weights(folder, [](auto& c) { c.metadata.clear(); });
  refused<IoError>(folder, "transformer.h.2.");
  fresh();
  change_weights(folder, [](auto& c) { c.tensors.erase("transformer.ln_f.bias"); });
  refused<IoError>(folder, "transformer.ln_f.bias");
  fresh();
  change_weights(folder, [](auto& c) { c.tensors["transformer.ln_f.bias"] = Tensor({9}); });
  refused<IoError>(folder, "(9)");
  fresh();
  change_weights(folder, [](auto& c) { c.tensors["spare"] = Tensor({1}); });
  refused<IoError>(folder, "spare");
  fresh();
  put(folder + "/tokenizer.json", text::train_chat_tokenizer(kChats, 266).to_json());
  refused<IoError>(folder, "another tokenizer.json");
  change_weights(folder, [](auto& c) { c.metadata.erase("tokenizer"); });
  refused<IoError>(folder, "tokenizer and model do not fit");
}

TEST_CASE("a save that fails half-way leaves a whole model or one that is refused") {
  const Folder f("half");
  const std::string folder = f / "m";
  const auto save_fails = [&](const io::ChatModel& m) {
    const FullDisk full(12000);  // enough for all but the weights
    CHECK_THROWS_AS(io::save_model(folder, m), IoError);
  };
  io::save_model(folder, small());
  save_fails(small(8, 4));  // other weights of the same shape: the old ones are kept
  CHECK(same(io::load_model(folder).transformer, small().transformer));
  save_fails(small(16));
  refused<IoError>(folder, "another config.json");
  io::save_model(folder, small());
  save_fails(small(8, 3, {{{"user", "What is new here?"}, {"assistant", "New words, new news."}}}));
  refused<IoError>(folder, "another tokenizer.json");
  for (const auto& e : std::filesystem::directory_iterator(folder)) CHECK(e.path().extension().string().find("tmp") == std::string::npos);
}

TEST_CASE("a folder that cannot be written is refused") {
  const Folder f("unwritable");
  put(f / "file", "x");
  CHECK_THROWS_AS(io::save_model(f / "file", small()), IoError);
  CHECK_THROWS_AS(io::save_model(f / "file/m", small()), IoError);
  std::filesystem::create_directories(f / "m/model.safetensors");
  CHECK_THROWS_AS(io::save_model(f / "m", small()), IoError);
  CHECK_THROWS_AS(io::load_model(f / "m"), IoError);
}
