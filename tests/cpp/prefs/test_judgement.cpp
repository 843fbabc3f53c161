#include <cstdio>
#include <filesystem>
#include <fstream>

#include "../catch.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/prefs/judgement.hpp"

using namespace tutelage;
using prefs::Judgement;
using prefs::Kind;

namespace {

std::vector<Judgement> one_of_each() {
  std::vector<Judgement> all;
  for (auto kind : {Kind::kA, Kind::kB, Kind::kTie, Kind::kSkip}) {
    Judgement j{kind, "Who \"are\" you?", "a ü\n\t", "b 雪"};
    j.annotator = "ann", j.seconds = 2.5, j.source_a = "policy 3, sample 7", j.source_b = "reference";
    all.push_back(j);
  }
  all.push_back({Kind::kRight, "q", "good"});
  all.push_back({Kind::kWrong, "q", "bad"});
  all.push_back({Kind::kCorrection, "q", "bad", "", "better"});
  return all;
}
bool same(const Judgement& a, const Judgement& b) {
  return a.kind == b.kind && a.prompt == b.prompt && a.answer_a == b.answer_a && a.answer_b == b.answer_b && a.correction == b.correction &&
         a.annotator == b.annotator && a.seconds == b.seconds && a.source_a == b.source_a && a.source_b == b.source_b;
}
struct TemporaryFile {
  std::string path;
  explicit TemporaryFile(const char* name) : path((std::filesystem::temp_directory_path() / name).string()) { std::filesystem::remove(path); }
  ~TemporaryFile() { std::filesystem::remove(path); }
};

}  // namespace

TEST_CASE("judgements survive JSON lines") {
  for (const auto& j : one_of_each()) {
    const std::string line = prefs::to_json_line(j);
    CHECK(line.find('\n') == std::string::npos);
    CHECK(same(prefs::parse_judgement(line, "here"), j));
  }
}

TEST_CASE("the log keeps judgements in order; a torn last line is left out and appended over") {
  TemporaryFile file("tutelage_test_judgements.jsonl");
  prefs::JudgementLog log(file.path);
  CHECK(log.read().empty());
  const auto all = one_of_each();
  for (const auto& j : all) log.append(j);
  const auto check = [&](std::size_t n) {
    const auto back = prefs::JudgementLog(file.path).read();
    REQUIRE(back.size() == n);
    for (std::size_t i = 0; i < n; ++i) CHECK(same(back[i], all[i % all.size()]));
  };
  check(7);
  std::ofstream(file.path, std::ios::app) << "{\"kind\": \"rig";
  check(7);
  log.append(all[0]);
  check(8);
  CHECK_THROWS_AS(log.append(Judgement{Kind::kA, "q", "", "b"}), ValueError);
  check(8);
}

TEST_CASE("a damaged judgement is named, with the nearest key") {
  const auto message = [](const std::string& line) -> std::string {
    try {
      prefs::parse_judgement(line, "log, judgement 3");
      return "";
    } catch (const IoError& e) { return e.what(); }
  };
  const std::string typo = message(R"({"kind":"right","promt":"q","answer_a":"a"})");
  CHECK(typo.find("Did you mean prompt?") != std::string::npos);
  CHECK(typo.find("log, judgement 3") != std::string::npos);
  CHECK(message(R"({"kind":"rihgt","prompt":"q","answer_a":"a"})").find("unknown kind") != std::string::npos);
  CHECK(message(R"({"prompt":"q","answer_a":"a","answer_b":"b"})").find("no kind") != std::string::npos);  // must not pass as a skip
  CHECK(!message(R"({"kind":"right","prompt":"q"})").empty());
  CHECK(!message(R"({"kind":"right","prompt":"q","answer_a":3})").empty());
  CHECK(!message(R"({"kind":"correction","prompt":"q","answer_a":"a"})").empty());
  CHECK(!message("[1]").empty());
}

TEST_CASE("saying nothing can be objected to, and can not be right") {
  CHECK_NOTHROW(prefs::validate({Kind::kCorrection, "q", "", "", "better"}));
  CHECK_NOTHROW(prefs::validate({Kind::kWrong, "q", ""}));
  CHECK_THROWS_AS(prefs::validate({Kind::kRight, "q", ""}), ValueError);
}

TEST_CASE("a correction makes a demonstration and a pair; skips make nothing") {
  const auto data = prefs::training_data(one_of_each());
  REQUIRE(data.demonstrations.size() == 1);
  CHECK(data.demonstrations[0].prompt == "q");
  CHECK(data.demonstrations[0].answer == "better");
  REQUIRE(data.preferences.size() == 4);  // A, B, tie, correction
  CHECK(data.preferences[0].chosen == "a ü\n\t");
  CHECK(data.preferences[1].chosen == "b 雪");
  CHECK(data.preferences[1].probability == 1.0);
  CHECK(data.preferences[2].probability == 0.5);  // a tie is no coin flip
  CHECK(data.preferences[3].chosen == "better");
  CHECK(data.preferences[3].rejected == "bad");
  REQUIRE(data.verdicts.size() == 4);
  CHECK(data.verdicts[0].right);
  CHECK_FALSE(data.verdicts[1].right);
  // Said the same: nothing is above itself.
  const std::vector<Judgement> same_words{{Kind::kCorrection, "q", "good", "", "good"}};
  const auto agreed = prefs::training_data(same_words);
  CHECK(agreed.preferences.empty());
  CHECK(agreed.demonstrations.size() == 1);
}
