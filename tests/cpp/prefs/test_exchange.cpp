#include <fstream>
#include <sstream>

#include "../catch.hpp"
#include "judgements.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/io/file.hpp"
#include "tutelage/prefs/exchange.hpp"

using namespace tutelage;
using prefs::Judgement;
using prefs::Kind;

namespace {
std::vector<Judgement> read(const std::string& lines) {
  TemporaryFile file("tutelage_test_exchange.jsonl");
  std::ofstream(file.path) << lines;
  return prefs::read_judgements(file.path);
}
std::vector<Judgement> texts() {
  auto all = one_of_each();
  all.pop_back();  // trajectories
  return all;
}
}  // namespace

TEST_CASE("our own records come back whole") {
  TemporaryFile file("tutelage_test_exchange_own.jsonl");
  prefs::write_judgements(file.path, one_of_each());
  CHECK(prefs::read_judgements(file.path) == one_of_each());
}

TEST_CASE("TRL's columns, in words and in messages") {
  const auto all = read(R"({"prompt":"p","chosen":"c","rejected":"r","margin":2,"annotator":"ann","other":[1]}
{"prompt":[{"role":"system","content":"s"},{"role":"user","content":"p"}],"chosen":[{"role":"assistant","content":"c"}],"rejected":[{"role":"assistant","content":"r"}]}
{"chosen":[{"role":"user","content":"p"},{"role":"assistant","content":"c"}],"rejected":[{"role":"user","content":"p"},{"role":"assistant","content":"r"}]}

{"prompt":"p","completion":"c","label":false}
{"prompt":"p","completion":"c"}
)");
  REQUIRE(all.size() == 5);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(all[i].kind == Kind::kA);
    CHECK(all[i].prompt == "p");
    CHECK(all[i].answers == std::vector<prefs::Behaviour>{"c", "r"});
  }
  CHECK(all[0].strength == 2);
  CHECK(all[0].annotator == "ann");
  CHECK(all[1].context == text::Conversation{{"system", "s"}});
  CHECK(all[3].kind == Kind::kWrong);
  CHECK(all[4].kind == Kind::kRight);
}

TEST_CASE("HH-RLHF's transcripts, also where they part early or nothing was answered") {
  const std::string rows = R"({"chosen":"\n\nHuman: one\n\nAssistant: two\n\nHuman: three\n\nAssistant: good","rejected":"\n\nHuman: one\n\nAssistant: two\n\nHuman: three\n\nAssistant: bad"}
{"chosen":"\n\nHuman: q\n\nAssistant: a\n\nHuman: r\n\nAssistant: s","rejected":"\n\nHuman: q\n\nAssistant: b\n\nHuman: t\n\nAssistant: u"}
{"chosen":"\n\nHuman: q\n\nAssistant: a","rejected":"\n\nHuman: q\n\nAssistant: "}
)";
  const auto all = read(rows);
  REQUIRE(all.size() == 3);
  CHECK(all[0].prompt == "three");
  CHECK(all[0].context == text::Conversation{{"user", "one"}, {"assistant", "two"}});
  CHECK(all[0].answers == std::vector<prefs::Behaviour>{"good", "bad"});
  CHECK(all[1].prompt == "q");
  CHECK(all[1].answers[1].text == "b\n\nHuman: t\n\nAssistant: u");
  CHECK(all[2].answers[1].text.empty());
  std::string back;
  for (const auto& j : all)
    for (const auto& row : prefs::judgement_rows(j, "hh")) back += row + "\n";
  CHECK(back == rows);
}

TEST_CASE("what each format writes") {
  const auto rows = [](const char* format) {
    std::vector<std::string> out;
    for (const auto& j : texts())
      for (const auto& row : prefs::judgement_rows(j, format)) out.push_back(row);
    return out;
  };
  CHECK(rows("preference").size() == 2 + 5 + 1);  // A, B; strict pairs of the ranking; correction
  CHECK(rows("hh").size() == 8);
  CHECK(rows("unpaired").size() == 2 + 2 + 2);  // both bad; right, wrong; correction
  CHECK(rows("completion").size() == 2);
  CHECK(rows("preference")[1] == "{\"annotator\":\"ann\",\"chosen\":\"b 雪\",\"margin\":3.0,\"prompt\":\"Who \\\"are\\\" you?\",\"rejected\":\"a ü\\n\\t\"}");
  CHECK(rows("unpaired")[2] == R"({"annotator":"anonymous","completion":"good","label":true,"prompt":"q"})");
  TemporaryFile file("tutelage_test_exchange_rows.jsonl");
  for (const char* format : {"preference", "hh", "unpaired", "completion"}) {
    prefs::write_judgements(file.path, texts(), format);
    std::vector<std::string> again;
    prefs::each_judgement(file.path, [&](Judgement j) {
      for (const auto& row : prefs::judgement_rows(j, format)) again.push_back(row);
    });
    CHECK(again == rows(format));
  }
  CHECK_THROWS_AS(prefs::judgement_rows(texts()[0], "trl"), ConfigError);
  CHECK_THROWS_AS(prefs::judgement_rows(one_of_each().back(), "preference"), ValueError);
}

TEST_CASE("a line that is no judgement is named") {
  for (const char* bad : {R"({"prompt":"p"})", R"({"chosen":"c","rejected":"r"})", R"({"prompt":"p","chosen":"","rejected":"r"})", R"({"prompt":"p","chosen":3,"rejected":"r"})",
                          R"({"prompt":"p","completion":"c","label":"yes"})", R"({"prompt":[],"completion":"c"})", R"({"kind":"a","prompt":"p","answers":["x"]})",
                          R"({"prompt":"p","chosen":"c","rejected":"r","margin":-1})", "3", "{"}) {
    INFO(bad);
    try {
      read("{\"prompt\":\"p\",\"completion\":\"c\"}\n" + std::string(bad) + "\n");
      FAIL("accepted");
    } catch (const IoError& e) { CHECK(std::string(e.what()).find("line 2") != std::string::npos); }
  }
  CHECK_THROWS_AS(prefs::read_judgements("/nowhere.jsonl"), IoError);
}
