// Against Hugging Face's `tokenizers`: tests/golden/make_tokenizer.py made the file.
#include <fstream>

#include <nlohmann/json.hpp>

#include "../catch.hpp"
#include "tutelage/text/tokenizer.hpp"

using namespace tutelage;

namespace {
const nlohmann::json& golden() {
  static const auto file = nlohmann::json::parse(std::ifstream(TUTELAGE_SOURCE_DIR "/tests/golden/tokenizer.json"));
  return file;
}
}  // namespace

TEST_CASE("training gives the golden tokenizer.json") {
  const std::vector<std::string> texts = golden().at("texts"), special = golden().at("special_tokens");
  const auto t = text::Tokenizer::train(texts, golden().at("vocab_size"), special);
  CHECK(nlohmann::json::parse(t.to_json()) == golden().at("tokenizer"));
}

TEST_CASE("the library of Hugging Face reads our tokenizer.json to the same ids") {
  const auto t = text::Tokenizer::from_json(golden().at("tokenizer").dump());
  REQUIRE(golden().at("cases").size() > 40);
  for (const auto& c : golden().at("cases")) {
    const std::string s = c.at("text"), decoded = c.at("decoded");
    const std::vector<std::int32_t> ids = c.at("ids");
    INFO(s);
    CHECK(t.encode(s, true) == ids);
    CHECK(t.decode(ids) == decoded);
    CHECK(t.decode(ids, false) == s);
  }
}
