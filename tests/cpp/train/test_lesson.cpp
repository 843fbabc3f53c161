#include <algorithm>
#include <string>
#include <vector>

#include "../catch.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/impl/train/lesson.ipp"

using namespace tutelage;
using prefs::Judgement;
using prefs::Kind;
using train::detail_::make_lesson;
using train::detail_::reliabilities;
using train::detail_::weights_of;

namespace {
const std::string& itself(const std::string& question) { return question; }

Judgement verdict(bool right, const std::string& answer, const std::string& by) {
  Judgement j{right ? Kind::kRight : Kind::kWrong, "q", {answer}};
  j.annotator = by;
  return j;
}

/// Six judges in turn on twelve answers, of which those with an even number are right; judges 3 to 5 toss a coin, or say the contrary.
std::vector<Judgement> panel(int rounds, bool contrary) {
  std::vector<Judgement> all;
  Rng rng(4, Purpose::kUser);
  for (int k = 0; k < rounds; ++k) {
    const int judge = k % 6, answer = static_cast<int>(rng.below(12));
    const bool so = answer % 2 == 0, coin = rng.uniform() < 0.5;
    all.push_back(verdict(judge < 3 ? so : contrary ? !so : coin, "answer " + std::to_string(answer), std::to_string(judge)));
  }
  return all;
}
}  // namespace

TEST_CASE("lesson: coins are told from judges, and count little") {
  const auto fit = reliabilities(panel(120, false), itself);
  REQUIRE(fit.size() == 6);
  double worst_judge = 1, best_coin = 0;
  for (int k = 0; k < 3; ++k) worst_judge = std::min(worst_judge, fit.at(std::to_string(k)));
  for (int k = 3; k < 6; ++k) best_coin = std::max(best_coin, fit.at(std::to_string(k)));
  CHECK(worst_judge > 0.85);
  CHECK(best_coin < 0.75);
  const auto weights = weights_of(fit);
  double most = 0;
  for (const auto& [name, w] : weights) most = std::max(most, w);
  CHECK(most == 1.0);
  CHECK(weights.at("3") < 0.5);
}

TEST_CASE("lesson: approval counts by who gave it, and all alike where that is not asked for") {
  auto judgements = panel(120, false);
  for (const char* coin : {"3", "4", "5"}) judgements.push_back(verdict(true, "rubbish", coin));
  judgements.push_back(verdict(false, "rubbish", "0"));
  judgements.push_back(verdict(false, "rubbish", "1"));
  const std::vector<text::Conversation> none;
  const auto has = [](const train::detail_::Lesson& lesson, const std::string& answer) {
    return std::any_of(lesson.good.begin(), lesson.good.end(), [&](const auto& d) { return d.answer == answer; });
  };
  const auto weighed = make_lesson(judgements, none, true, itself), plain = make_lesson(judgements, none, false, itself);
  CHECK(weighed.reliability.size() == 6);
  CHECK(plain.reliability.empty());
  CHECK_FALSE(has(weighed, "rubbish"));
  CHECK(has(plain, "rubbish"));
  CHECK(has(weighed, "answer 0"));
  for (const auto& v : plain.verdicts) CHECK(v.weight == 1.0);
  const auto contrary = reliabilities(panel(240, true), itself);  // three against three: what is thought beforehand decides, and one side is right
  CHECK(weights_of(contrary).at("0") * weights_of(contrary).at("3") < 0);
}

TEST_CASE("lesson: one annotator, no overlap, everyone a coin, thousands of answers") {
  std::vector<Judgement> one{verdict(true, "a", "x"), verdict(false, "b", "x")};
  CHECK(reliabilities(one, itself).empty());
  CHECK(make_lesson(one, std::vector<text::Conversation>{}, true, itself).verdicts[1].weight == 1.0);
  std::vector<Judgement> apart{verdict(true, "a", "x"), verdict(false, "b", "y")};
  for (const auto& [name, eta] : reliabilities(apart, itself)) CHECK(eta == 0.9);
  for (const auto& [name, w] : weights_of({{"x", 0.5}, {"y", 0.4}})) CHECK(w == 0.0);

  std::vector<Judgement> many;  // the fit takes the 256 answers that were judged most often
  for (int k = 0; k < 3000; ++k)
    for (const char* by : {"x", "y"}) many.push_back(verdict(k % 2 == 0, "answer " + std::to_string(k), by));
  const auto fit = reliabilities(many, itself);
  CHECK(fit.at("x") > 0.9);
  CHECK(fit.at("y") > 0.9);
}

TEST_CASE("lesson: an answer that an approved one beat is neither learnt by heart nor rehearsed") {
  const auto over = [](const std::string& better, const std::string& worse) { return Judgement{Kind::kA, "q", {better, worse}}; };
  const std::vector<Judgement> judgements{over("good", "bad"), over("good", "worse"), over("good", "worst"), over("best", "good")};
  const std::vector<text::Conversation> known{{{"user", "q in other words"}, {"assistant", "good"}}};
  const std::string one = "one";
  const auto lesson = make_lesson(judgements, known, true, [&](const std::string&) -> const std::string& { return one; });
  REQUIRE(lesson.good.size() == 1);
  CHECK(lesson.good[0].answer == "best");  // though "good" won more often
  CHECK(lesson.rehearsal.empty());
  REQUIRE(lesson.carried.size() == 1);
  CHECK(lesson.carried[0].answer == "best");
  auto taken_back = judgements;
  taken_back.push_back(over("bad", "best"));
  taken_back.push_back(over("bad", "best"));  // what beat it is not approved itself
  const auto other = make_lesson(taken_back, known, true, [&](const std::string&) -> const std::string& { return one; });
  CHECK(std::any_of(other.good.begin(), other.good.end(), [](const auto& d) { return d.answer == "good"; }));
}
