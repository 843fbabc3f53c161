#include <numeric>

#include "../catch.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/prefs/acquisition.hpp"
#include "tutelage/prefs/questions.hpp"

using namespace tutelage;
using prefs::QuestionChooser;
using prefs::QuestionConfig;

namespace {

using Pairs = std::vector<std::pair<std::int64_t, std::int64_t>>;

Pairs all_pairs(std::int64_t items) {
  Pairs pairs;
  for (std::int64_t a = 0; a < items; ++a)
    for (std::int64_t b = 0; b < items; ++b) pairs.push_back({a, b});  // both orders, and items against themselves
  return pairs;
}

Tensor64 drawn(std::int64_t n, std::int64_t c, std::uint32_t number) {
  Rng rng(3, Purpose::kUser, number);
  Tensor64 x({n, c});
  for (std::int64_t i = 0; i < x.size(); ++i) x.mutable_data()[i] = 2 * rng.normal();
  return x;
}

QuestionConfig config(const std::string& acquisition, const std::string& diversity = "none", double random_share = 0.1) {
  QuestionConfig c;
  c.acquisition = acquisition, c.diversity = diversity, c.random_share = random_share;
  return c;
}

}  // namespace

TEST_CASE("a question whose answer is known is never asked") {
  const auto members = drawn(5, 9, 1), features = drawn(9, 2, 2);
  for (const char* acquisition : {"mutual_information", "thompson", "eubo", "random"})
    for (const char* diversity : {"none", "k_center", "determinantal"}) {
      QuestionChooser chooser(config(acquisition, diversity, 0.3));
      chooser.know(4, 2);
      std::set<std::pair<std::int64_t, std::int64_t>> asked{{2, 4}};
      std::size_t batches = 0;
      for (; batches < 100; ++batches) {
        const auto questions = chooser.choose(members, all_pairs(9), 4, features);
        if (questions.empty()) break;
        for (const auto& q : questions) {
          CHECK(q.first != q.second);
          CHECK(asked.insert(std::minmax(q.first, q.second)).second);
        }
      }
      CHECK(asked.size() == 36);  // all there are, each once
      CHECK(batches == 9);
    }
}

TEST_CASE("the score is the acquisition's and is kept with the question") {
  const auto members = drawn(6, 12, 5);
  Pairs candidates;
  for (std::int64_t i = 0; i < 6; ++i) candidates.push_back({2 * i, 2 * i + 1});
  QuestionChooser chooser(config("mutual_information", "none", 0.5));
  const auto questions = chooser.choose(members, candidates, 4);
  REQUIRE(questions.size() == 4);
  std::vector<double> scores;
  for (const auto& [a, b] : candidates) {
    Tensor64 r({6, 1, 2});
    for (int m = 0; m < 6; ++m) {
      r.mutable_data()[2 * m] = members.data()[m * 12 + a];
      r.mutable_data()[2 * m + 1] = members.data()[m * 12 + b];
    }
    scores.push_back(prefs::acquisition("mutual_information", r).item());
  }
  for (const auto& q : questions) CHECK(q.score == scores[static_cast<std::size_t>(q.first / 2)]);
  std::sort(scores.rbegin(), scores.rend());
  CHECK(questions[0].score == scores[0]);
  CHECK(questions[1].score == scores[1]);
  CHECK_FALSE(questions[1].random);
  CHECK(questions[2].random);
  CHECK(questions[3].random);
}

TEST_CASE("one question at a time is random as often as asked for") {
  const auto members = drawn(4, 60, 8);
  QuestionChooser chooser(config("entropy", "none", 0.25));
  int random = 0;
  for (int k = 0; k < 400; ++k) random += chooser.choose(members, all_pairs(60), 1)[0].random;
  CHECK(random > 70);
  CHECK(random < 130);
}

TEST_CASE("a diverse batch does not ask the same thing twice") {
  // Items 0 to 9 are copies of two questions, of which the members are equally unsure; 10 and 11 make a third, a little surer.
  Tensor64 members({2, 12}), features({12, 2});
  for (int i = 0; i < 12; ++i) {
    const bool even = i % 2 == 0;
    members.mutable_data()[i] = even ? (i < 10 ? 2.0 : 1.5) : 0.0;
    members.mutable_data()[12 + i] = even ? (i < 10 ? -2.0 : -1.5) : 0.0;
    features.mutable_data()[2 * i] = even && i < 10 ? 1 : 0;
    features.mutable_data()[2 * i + 1] = even && i >= 10 ? 1 : 0;
  }
  Pairs candidates;
  for (std::int64_t i = 0; i < 6; ++i) candidates.push_back({2 * i, 2 * i + 1});
  for (const char* diversity : {"k_center", "determinantal"}) {
    QuestionChooser chooser(config("mutual_information", diversity, 0));
    const auto questions = chooser.choose(members, candidates, 2, features);
    CHECK((questions[0].first == 10 || questions[1].first == 10));
  }
  const auto plain = QuestionChooser(config("mutual_information", "none", 0)).choose(members, candidates, 2);
  CHECK((plain[0].first == 0 && plain[1].first == 2));
}

TEST_CASE("schedules spend the budget exactly") {
  for (const char* name : {"constant", "hyperbolic", "inverse_quadratic"})
    for (std::int64_t budget : {0, 1, 7, 100, 1003})
      for (std::int64_t rounds : {1, 2, 9, 50})
        for (double first : {0.0, 0.1, 1.0}) {
          const auto n = prefs::question_schedule(name, budget, rounds, first);
          CHECK(static_cast<std::int64_t>(n.size()) == rounds);
          CHECK(std::accumulate(n.begin(), n.end(), std::int64_t{0}) == budget);
          CHECK(*std::min_element(n.begin(), n.end()) >= 0);
        }
  CHECK(prefs::question_schedule("constant", 10, 4) == std::vector<std::int64_t>{3, 2, 3, 2});
  const auto falling = prefs::question_schedule("inverse_quadratic", 1000, 2);
  CHECK(falling[0] == 556);                                          // 1 : 0.8
  CHECK(prefs::question_schedule("hyperbolic", 1000, 2)[0] == 600);  // 1 : 2 / 3
}

TEST_CASE("a chooser refuses what it cannot use") {
  CHECK_THROWS_AS(QuestionChooser(config("mutual_informatoin")), ConfigError);
  CHECK_THROWS_AS(QuestionChooser(config("entropy", "some")), ConfigError);
  CHECK_THROWS_AS(QuestionChooser(config("entropy", "none", 2)), ConfigError);
  QuestionChooser chooser(config("entropy", "k_center"));
  const Pairs pairs{{0, 1}}, far{{0, 3}};
  CHECK_THROWS_AS(chooser.choose(Tensor64(), pairs, 1), ShapeError);
  CHECK_THROWS_AS(chooser.choose(drawn(2, 3, 0), pairs, 1), ShapeError);  // no features
  CHECK_THROWS_AS(chooser.choose(drawn(2, 3, 0), far, 1, drawn(3, 1, 0)), IndexError);
  CHECK_THROWS_AS(chooser.choose(drawn(2, 3, 0), pairs, -1, drawn(3, 1, 0)), ValueError);
  CHECK_THROWS_AS(chooser.choose(Tensor64::full({2, 3}, std::nan("")), pairs, 1, drawn(3, 1, 0)), ValueError);
  CHECK_THROWS_AS(chooser.know(1, 1), ValueError);
  CHECK_THROWS_AS(prefs::question_schedule("linear", 1, 1), ConfigError);
  CHECK_THROWS_AS(prefs::question_schedule("constant", -1, 1), ValueError);
  CHECK_THROWS_AS(prefs::question_schedule("constant", 1, 0), ValueError);
}
