#include <cmath>
#include <cstdio>
#include <fstream>
#include <thread>

#include "../catch.hpp"
#include "judgements.hpp"
#include "tutelage/base/error.hpp"

using namespace tutelage;
using prefs::Judgement;
using prefs::Kind;

TEST_CASE("judgements survive JSON lines") {
  for (const auto& j : one_of_each()) {
    const std::string line = prefs::to_json_line(j);
    INFO(line);
    CHECK(line.find('\n') == std::string::npos);
    CHECK(prefs::parse_judgement(line, "here") == j);
  }
  CHECK(prefs::to_json_line({Kind::kA, "q", {"x", "y"}}) == R"({"annotator":"anonymous","answers":["x","y"],"kind":"a","prompt":"q"})");
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
    for (std::size_t i = 0; i < n; ++i) CHECK(back[i] == all[i % all.size()]);
  };
  check(all.size());
  std::ofstream(file.path, std::ios::app) << "{\"kind\": \"rig";
  check(all.size());
  log.append(all[0]);
  check(all.size() + 1);
  CHECK_THROWS_AS(log.append(Judgement{Kind::kA, "q", {"", "b"}}), ValueError);
  check(all.size() + 1);
}

TEST_CASE("several threads append whole lines") {
  TemporaryFile file("tutelage_test_judgements_threads.jsonl");
  std::vector<std::thread> threads;
  for (int k = 0; k < 4; ++k)
    threads.emplace_back([&, k] {
      prefs::JudgementLog log(file.path);
      for (int i = 0; i < 25; ++i) log.append({Kind::kRight, "q" + std::to_string(k), {std::string(2000, static_cast<char>('a' + k))}});
    });
  for (auto& t : threads) t.join();
  std::vector<int> seen(4, 0);
  for (const auto& j : prefs::JudgementLog(file.path).read()) ++seen[static_cast<std::size_t>(j.prompt[1] - '0')];
  CHECK(seen == std::vector<int>(4, 25));
}

TEST_CASE("a damaged judgement is named, with the nearest key") {
  const auto message = [](const std::string& line) -> std::string {
    try {
      prefs::parse_judgement(line, "log, judgement 3");
      return "";
    } catch (const IoError& e) { return e.what(); }
  };
  const std::string typo = message(R"({"kind":"right","promt":"q","prompt":"p","answers":["a"]})");
  CHECK(typo.find("Did you mean prompt?") != std::string::npos);
  CHECK(typo.find("log, judgement 3") != std::string::npos);
  CHECK(message(R"({"kind":"rihgt","prompt":"q","answers":["a"]})").find("unknown kind") != std::string::npos);
  CHECK(message(R"({"prompt":"q","answers":["a","b"]})").find("unknown kind") != std::string::npos);  // must not pass as a skip
  for (const char* bad : {R"({"kind":"right","prompt":"q"})", R"({"kind":"right","prompt":"q","answers":[3]})", R"({"kind":"right","prompt":"q","answers":"a"})",
                          R"({"kind":"correction","prompt":"q","answers":["a"]})", R"({"kind":"ranking","prompt":"q","answers":["a","b"],"ranking":[1,1.5]})",
                          R"({"kind":"a","answers":[{"trajectory":{"actions":[[1]],"observations":[1]}},"b"],"prompt":"q"})",
                          R"({"kind":"right","prompt":"q","answers":[{"txt":"a"}]})", "[1]"})
    CHECK_FALSE(message(bad).empty());
}

TEST_CASE("saying nothing can be objected to, and can not be right") {
  CHECK_NOTHROW(prefs::validate({Kind::kCorrection, "q", {""}, 0, "better"}));
  CHECK_NOTHROW(prefs::validate({Kind::kWrong, "q", {""}}));
  CHECK_THROWS_AS(prefs::validate({Kind::kRight, "q", {""}}), ValueError);
}

TEST_CASE("fields that do not fit are refused") {
  const auto refused = [](auto change, Judgement j = {Kind::kA, "q", {"x", "y"}}) {
    CHECK_NOTHROW(prefs::validate(j));
    change(j);
    CHECK_THROWS_AS(prefs::validate(j), ValueError);
  };
  refused([](Judgement& j) { j.prompt = ""; });
  refused([](Judgement& j) { j.answers.pop_back(); });
  refused([](Judgement& j) { j.answers.push_back("z"); });
  refused([](Judgement& j) { j.answer = 1; });
  refused([](Judgement& j) { j.correction = "w"; });
  refused([](Judgement& j) { j.ranking = {1, 2}; });
  refused([](Judgement& j) { j.strength = std::nan(""); });
  refused([](Judgement& j) { j.strength = -1; });
  refused([](Judgement& j) { j.kind = Kind::kTie, j.strength = 1; });
  refused([](Judgement& j) { j.seconds = -1; });
  refused([](Judgement& j) { j.score = std::nan(""); });
  refused([](Judgement& j) { j.annotator = ""; });
  refused([](Judgement& j) { j.shown = {0, 0}; });
  refused([](Judgement& j) { j.shown = {0}; });
  refused([](Judgement& j) { j.context = {{"bot", "x"}}; });
  refused([](Judgement& j) { j.kind = Kind::kComment; });
  const Judgement ranked{Kind::kRanking, "q", {"x", "y", "z"}, 0, "", {2, 1, 2}}, corrected{Kind::kCorrection, "q", {"x"}, 0, "w"};
  refused([](Judgement& j) { j.ranking = {2, 1}; }, ranked);
  refused([](Judgement& j) { j.ranking = {2, 1, 4}; }, ranked);
  refused([](Judgement& j) { j.ranking = {0, 1, 2}; }, ranked);
  refused([](Judgement& j) { j.answer = 1; }, corrected);
  refused([](Judgement& j) { j.correction = ""; }, corrected);
  const Judgement runs = one_of_each().back();
  refused([](Judgement& j) { j.answers[0].trajectory->actions.clear(); }, runs);
  refused([](Judgement& j) { j.answers[0].trajectory->observations.clear(); }, runs);
  refused([](Judgement& j) { j.answers[0].trajectory->rewards.push_back(1); }, runs);
  refused([](Judgement& j) { j.answers[0].trajectory->actions[0][0] = INFINITY; }, runs);
  refused([](Judgement& j) { j.answers[0].trajectory->observations[1].push_back(1); }, runs);
}
