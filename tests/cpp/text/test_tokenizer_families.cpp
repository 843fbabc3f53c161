// What tokenizer.json and plain lists may hold, and what is refused. Equality with Hugging Face's `tokenizers`: tests/compare.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>

#include <nlohmann/json.hpp>

#include "../catch.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/text/chat.hpp"

using namespace tutelage;
using text::Tokenizer;
using Ids = std::vector<std::int32_t>;
using Json = nlohmann::json;

namespace {

/// SentencePiece's kind: <unk>, <s>, </s>, the bytes, then pieces, the earlier the better.
text::TokenizerData pieces() {
  text::TokenizerData d;
  d.kind = "llama";
  d.name = "here.bin";
  d.tokens = {"<unk>", "<s>", "</s>"};
  for (int b = 0; b < 256; ++b) {
    char s[8];
    std::snprintf(s, sizeof s, "<0x%02X>", static_cast<unsigned>(b));
    d.tokens.push_back(s);
  }
  for (const char* s : {" a", "bc", "abc", " ab", " ", "a", "b", "c", "aa", "aaa"}) d.tokens.push_back(s);
  for (std::size_t i = 0; i < d.tokens.size(); ++i) d.scores.push_back(-static_cast<float>(i));
  d.unk = 0, d.bos = 1, d.eos = 2, d.add_bos = true;
  return d;
}

text::TokenizerData bytes() {
  const auto t = Json::parse(Tokenizer::train(std::vector<std::string>{"low low lower lowest"}, 270, std::vector<std::string>{"<|end|>"}).to_json());
  text::TokenizerData d;
  d.kind = "gpt2";
  d.name = "here.gguf";
  d.tokens.resize(t.at("model").at("vocab").size());
  for (const auto& [token, id] : t.at("model").at("vocab").items()) d.tokens[id.get<std::size_t>()] = token;
  for (const auto& m : t.at("model").at("merges")) d.merges.push_back(m.at(0).get<std::string>() + " " + m.at(1).get<std::string>());
  d.types.assign(d.tokens.size(), 1);
  d.types[0] = 3;
  d.eos = 0;
  return d;
}

void refused(const std::function<void()>& make, const std::string& file, const std::string& word) {
  const auto start = std::chrono::steady_clock::now();
  try {
    make();
    FAIL("accepted: " << word);
  } catch (const IoError& e) {
    INFO(e.what());
    CHECK(std::string(e.what()).find(file) != std::string::npos);
    CHECK(std::string(e.what()).find(word) != std::string::npos);
  }
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
}

}  // namespace

TEST_CASE("pieces merge by score, what is unknown goes as bytes") {
  const auto t = Tokenizer::from_data(pieces());
  CHECK(t.encode("abc") == Ids{259, 260});       // " a" before "bc" before the others
  CHECK(t.encode("a b") == Ids{259, 263, 265});  // the first space is its own
  CHECK(t.encode("aaaa") == Ids{259, 268});      // " a" goes first; "aa", then "aaa"
  CHECK(t.encode("\xC3\xA9") == Ids{263, 3 + 0xC3, 3 + 0xA9});
  CHECK(t.encode("") == Ids{});
  CHECK(t.encode("a", false, true) == Ids{1, 259});
  CHECK(t.decode(t.encode(" a  bc\n\xC3\xA9")) == " a  bc\n\xC3\xA9");
  CHECK(t.decode(Ids{3 + 0xC3, 3 + 0xA9, 3 + 0xFF}) == "\xC3\xA9\xFF");
  CHECK(t.decode_text(Ids{3 + 0xC3, 3 + 0xA9, 3 + 0xFF}) == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // a run is text or it is not
  CHECK(t.decode(Ids{1, 259, 2}) == "a");
  CHECK(t.decode(Ids{1, 259, 2}, false) == "<s> a</s>");
  CHECK(Tokenizer::from_json(t.to_json()).encode("abc a b \xC3\xA9<s>", true) == t.encode("abc a b \xC3\xA9<s>", true));
}

TEST_CASE("equal scores merge from the left") {
  auto d = pieces();
  std::fill(d.scores.begin(), d.scores.end(), 0.0f);
  CHECK(Tokenizer::from_data(d).encode("abc") == Ids{262, 266});  // " a", then " ab"
}

TEST_CASE("GGUF's byte-level lists") {
  const auto d = bytes();
  const auto t = Tokenizer::from_data(d);
  CHECK(t.special_tokens() == std::vector<std::string>{"<|end|>"});
  CHECK(t.config.eos_token == "<|end|>");
  CHECK(t.decode(t.encode("lower 12\xFF")) == "lower 12\xFF");
  for (const char* pre : {"gpt-2", "default", "llama-bpe", "qwen2", "smollm"}) {
    auto e = d;
    e.pre = pre;
    CHECK(Tokenizer::from_data(e).decode(Tokenizer::from_data(e).encode("It's 12345 low\n\n x")) == "It's 12345 low\n\n x");
  }
}

TEST_CASE("plain lists that lie are refused by name") {
  const auto with = [](text::TokenizerData d, const std::function<void(text::TokenizerData&)>& change) {
    return [d, change]() mutable {
      change(d);
      Tokenizer::from_data(d);
    };
  };
  using D = text::TokenizerData;
  refused(with(pieces(), [](D& d) { d.kind = "t5"; }), "here.bin", "t5");
  refused(with(pieces(), [](D& d) { d.tokens.clear(); }), "here.bin", "tokens");
  refused(with(pieces(), [](D& d) { d.scores.pop_back(); }), "here.bin", "scores");
  refused(with(pieces(), [](D& d) { d.scores[260] = NAN; }), "here.bin", "token 260");
  refused(with(pieces(), [](D& d) { d.tokens[260] = d.tokens[259]; }), "here.bin", "token 260 is given twice");
  refused(with(pieces(), [](D& d) { d.tokens[260] = "\xff"; }), "here.bin", "token 260 is not UTF-8");
  refused(with(pieces(), [](D& d) { d.tokens[260].clear(); }), "here.bin", "token 260 is empty");
  refused(with(pieces(), [](D& d) { d.tokens[260] = std::string(1 << 20, 'a'); }), "here.bin", "token 260 is too long");
  refused(with(pieces(), [](D& d) { d.bos = 100000; }), "here.bin", "bos");
  refused(with(pieces(), [](D& d) { d.eos = -1, d.add_eos = true; }), "here.bin", "missing");
  refused(with(bytes(), [](D& d) { d.pre = "tekken"; }), "here.gguf", "tekken");
  refused(with(bytes(), [](D& d) { d.types[5] = 9; }), "here.gguf", "token 5: unknown type");
  refused(with(bytes(), [](D& d) { d.types.pop_back(); }), "here.gguf", "types");
  refused(with(bytes(), [](D& d) { d.merges[1] = "l"; }), "here.gguf", "merge 1");
  refused(with(bytes(), [](D& d) { d.merges[1] = "l zz"; }), "here.gguf", "merge 1");
  refused(with(bytes(), [](D& d) { d.merges[1] = "z z"; }), "here.gguf", "merge 1 makes an unknown token");
}

TEST_CASE("a tokenizer.json that lies is refused by file and key") {
  const Json good = Json::parse(Tokenizer::from_data(bytes()).to_json());
  const auto with = [&](const std::function<void(Json&)>& change) {
    return [good, change] {
      Json j = good;
      change(j);
      Tokenizer::from_json(j.dump(), "here.json");
    };
  };
  const std::string file = "here.json";
  refused(with([](Json& j) { j["model"]["vocab"]["low"] = 1; }), file, "id is given twice");
  refused(with([](Json& j) { j["model"]["vocab"]["low"] = 5000000000; }), file, "id of low");
  refused(with([](Json& j) { j["model"]["vocab"]["low"] = -1; }), file, "id of low");
  refused(with([](Json& j) { j["model"]["vocab"]["low"] = "x"; }), file, "id of low");
  refused(with([](Json& j) { j["model"]["vocab"]["new"] = 300; }), file, "id of new");  // a hole before it
  refused(with([](Json& j) { j["model"]["vocab"] = Json::array(); }), file, "model.vocab");
  refused(with([](Json& j) { j["model"]["merges"] = 3; }), file, "model.merges");
  refused(with([](Json& j) { j["model"]["merges"][0] = "a b c"; }), file, "merge 0");
  refused(with([](Json& j) { j["model"]["merges"][0] = {"a"}; }), file, "merge 0");
  refused(with([](Json& j) { j["model"]["merges"][0] = {"zz", "a"}; }), file, "merge 0 of an unknown token");
  refused(with([](Json& j) { j["model"]["merges"][0] = {"low", "low"}; }), file, "merge 0 makes an unknown token");
  refused(with([](Json& j) { j["model"]["merges"][0] = {1, 2}; }), file, "damaged");
  refused(with([](Json& j) { j["model"]["unk_token"] = "<none>"; }), file, "unk_token");
  refused(with([](Json& j) { j["model"]["dropout"] = 0.1; }), file, "dropout");
  refused(with([](Json& j) { j["model"]["end_of_word_suffix"] = "</w>"; }), file, "end_of_word_suffix");
  refused(with([](Json& j) { j["added_tokens"][0]["id"] = 1e300; }), file, "added_tokens");
  refused(with([](Json& j) { j["added_tokens"].push_back(j["added_tokens"][0]); }), file, "given twice");
  refused(with([](Json& j) {
            j["pre_tokenizer"] = {{"type", "Split"}, {"pattern", {{"Regex", "\\w+"}}}, {"behavior", "Isolated"}, {"invert", false}};
          }),
          file, "unknown pattern of Split");
  refused(with([](Json& j) { j["decoder"] = {{"type", "WordPiece"}}; }), file, "WordPiece");
  refused(with([](Json& j) { j["normalizer"] = 3; }), file, "normalizer");
  refused(with([](Json& j) {
            Json deep = {{"type", "NFC"}};
            for (int i = 0; i < 100; ++i) deep = {{"type", "Sequence"}, {"normalizers", {deep}}};
            j["normalizer"] = deep;
          }),
          file, "nested");
  try {
    Tokenizer::from_json("{\"a\": \xFD}", file);
    FAIL("accepted");
  } catch (const IoError& e) { CHECK(Json(std::string(e.what())).dump().find(file) != std::string::npos); }  // the message is UTF-8
  std::string twice = good.dump();
  twice.insert(twice.find("\"vocab\":{") + 9, "\"low\":7,");
  refused([&] { Tokenizer::from_json(twice, file); }, file, "low");
}

TEST_CASE("a long word is as quick as many short ones, in every family") {
  for (const auto& t : {Tokenizer::from_data(pieces()), Tokenizer::from_data(bytes())})
    for (const char* part : {"a", "ab", "low", "\xC3\xA9", " ", "1"}) {
      std::string s;
      while (s.size() < 400000) s += part;
      CHECK(t.decode(t.encode(s)) == s);
    }
}

TEST_CASE("plain spans and cuts hold in every family") {
  auto d = pieces();
  const auto t = Tokenizer::from_data(d);
  const std::string s = "a<s>a<s>abc";
  text::EncodeOptions o;
  o.allow_special = true;
  const std::vector<text::Span> plain{{4, 9}};
  const std::vector<std::size_t> cuts{9};
  CHECK(t.encode_marked(s, o).ids == t.encode(s, true));
  o.plain = plain;
  const auto e = t.encode_marked(s, o);
  CHECK(std::count(e.ids.begin(), e.ids.end(), 1) == 1);
  CHECK(t.decode(e.ids, false).find("<s>") != std::string::npos);
  o.cuts = cuts;
  const auto cut = t.encode_marked(s, o);
  for (std::size_t i = 0; i < cut.ids.size(); ++i) CHECK((cut.last[i] < 9 || cut.first[i] >= 9));
  const std::vector<text::Span> wrong{{4, 90}};
  o.plain = wrong;
  CHECK_THROWS_AS(t.encode_marked(s, o), ValueError);
}

TEST_CASE("built-in templates refuse what they cannot hold") {
  auto t = Tokenizer::from_data(pieces());
  using C = text::Conversation;
  t.config.chat_template = "llama2";
  CHECK(text::render_chat(t, C{{"system", "S"}, {"user", " u "}, {"assistant", "v"}}).text == "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\n u [/INST] v </s>");
  CHECK_THROWS_AS(text::render_chat(t, C{{"assistant", "v"}}), ValueError);
  CHECK_THROWS_AS(text::render_chat(t, C{{"user", "v"}, {"user", "v"}}), ValueError);
  t.config.chat_template = "zephyr";
  CHECK(text::render_chat(t, C{{"user", "u"}}, true).text == "<|user|>\nu</s>\n<|assistant|>\n");
  CHECK(text::end_of_answer(t) == 2);
  t.config.chat_template = "chatml";
  CHECK_THROWS_AS(text::render_chat(t, C{{"user", "u"}}), ValueError);  // its tokens are missing
  t.config.chat_template = "jinja";
  CHECK_THROWS_AS(text::render_chat(t, C{{"user", "u"}}), ValueError);
  CHECK_THROWS_AS(text::chat_template_jinja("alpaca"), ValueError);
}
