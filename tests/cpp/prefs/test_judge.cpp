#include <sstream>

#include "../catch.hpp"
#include "judgements.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/prefs/judge.hpp"

using namespace tutelage;
using prefs::Judgement;
using prefs::Kind;

namespace {
struct Session {
  std::string screen;
  Judgement said;
};
Session judge(const std::string& typed, Judgement question, prefs::TerminalJudgeConfig config = {}) {
  std::istringstream in(typed);
  std::ostringstream out;
  Session s;
  s.said = prefs::TerminalJudge(in, out, config)(question);
  s.screen = out.str();
  return s;
}
Judgement of_two() {
  Judgement j{Kind::kSkip, "Which?", {"first", "second"}};
  j.shown = {1, 0};
  return j;
}
}  // namespace

TEST_CASE("a judge is a callback; sides are swapped by a coin, and what was said is kept") {
  TemporaryFile file("tutelage_test_ask.jsonl");
  prefs::JudgementLog log(file.path);
  int swapped = 0;
  for (std::uint32_t i = 0; i < 200; ++i) {
    const auto said = prefs::ask(
        [](Judgement q) {
          q.kind = Kind::kB, q.annotator = "rule";
          return q;
        },
        {Kind::kSkip, "q", {"x", "y"}}, i < 20 ? &log : nullptr, 7, i);
    swapped += said.shown[0] == 1;
  }
  CHECK(swapped > 70);
  CHECK(swapped < 130);
  CHECK(log.read().size() == 20);
  CHECK(log.read()[3].annotator == "rule");
  const Judgement question{Kind::kSkip, "q", {"x", "y"}};
  CHECK_THROWS_AS(prefs::ask([](Judgement q) { return q.answers.pop_back(), q; }, question), ValueError);
  CHECK_THROWS_AS(prefs::ask([](Judgement q) { return q.kind = Kind::kRanking, q; }, question, &log), ValueError);
  CHECK(log.read().size() == 20);
}

TEST_CASE("the terminal's keys, with sides as they were shown") {
  const auto a = judge("a\n", of_two());
  CHECK(a.said.kind == Kind::kB);  // what was shown first is answers[1]
  CHECK(a.screen.find("A  second") < a.screen.find("B  first"));
  CHECK(judge("?\nb\n", of_two()).said.kind == Kind::kA);
  CHECK(judge("t\n", of_two()).said.kind == Kind::kTie);
  CHECK(judge("x\n", of_two()).said.kind == Kind::kBothBad);
  CHECK(judge("c\n", of_two()).said.kind == Kind::kCannotJudge);
  CHECK(judge("s\n", of_two()).said.kind == Kind::kSkip);
  const auto strong = judge("n\nboth vague\nb\n9\n3\n", of_two(), {"ann", "Be fair.", true}).said;
  CHECK(strong.strength == 3);
  CHECK(strong.note == "both vague");
  CHECK(strong.annotator == "ann");
  CHECK(strong.seconds > 0);
  const auto fixed = judge("e\n1\nbetter words\n", of_two()).said;
  CHECK(fixed.kind == Kind::kCorrection);
  CHECK(fixed.answer == 1);
  CHECK(fixed.correction == "better words");
  const Judgement one{Kind::kSkip, "q", {"x"}};
  CHECK(judge("y\n", one).said.kind == Kind::kRight);
  CHECK(judge("x\r\n", one).said.kind == Kind::kWrong);
  CHECK(judge("e\nw\n", one).said.correction == "w");
  Judgement three{Kind::kSkip, "q", {"x", "y", "z"}};
  three.shown = {2, 0, 1};
  const auto ranked = judge("3=3\n1\n3=1 2\n", three).said;  // shown: z x y
  CHECK(ranked.kind == Kind::kRanking);
  CHECK(ranked.ranking == std::vector<std::int64_t>{3, 1, 1});
  for (const auto& s : {a.said, strong, fixed, ranked}) CHECK_NOTHROW(prefs::validate(s));
  CHECK_THROWS_AS(judge("", one), StateError);
  CHECK_THROWS_AS(judge("q\n", one), StateError);
}

TEST_CASE("no control character of a model reaches the terminal") {
  CHECK(prefs::printable("a\x1b[31m\tü 雪 😀\n") == "a\\x1b[31m\\x09ü 雪 😀\n");
  CHECK(prefs::printable("\xc2\x9b" "x\x7f\xe2\x80\xae\xff\xc0\xaf\xed\xa0\x80") == "\\xc2\\x9bx\\x7f\\xe2\\x80\\xae\\xff\\xc0\\xaf\\xed\\xa0\\x80");
  CHECK(prefs::printable("\xe9\x9b") == "\\xe9\\x9b");
  Judgement bad{Kind::kSkip, "q\x1b[2J", {"x\x1b]0;t\x07"}};
  CHECK(judge("y\n", bad).screen.find('\x1b') == std::string::npos);
}
