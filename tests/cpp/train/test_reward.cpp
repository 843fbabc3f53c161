#include <cmath>
#include <limits>

#include "tiny.hpp"
#include "tutelage/train/reward.hpp"

using namespace tiny;
using train::Pair;
using train::RewardConfig;
using train::RewardTrainer;

namespace {

/// The better one has a 7.
std::vector<Pair> pairs(std::uint32_t n, std::uint64_t vocab = 13) {
  std::vector<Pair> all;
  for (std::uint32_t i = 0; i < n; ++i) {
    Pair p{random_ids(2 * i, 2, 10, vocab), random_ids(2 * i + 1, 2, 10, vocab)};
    for (auto* side : {&p.chosen, &p.rejected})
      for (auto& id : *side) id = id == 7 ? 8 : id;
    p.chosen[i % p.chosen.size()] = 7;
    all.push_back(p);
  }
  return all;
}

RewardConfig config(std::int64_t micro_batch_size = 0) {
  RewardConfig c;
  c.optimizer.learning_rate = 5e-3;
  c.epochs = 3, c.batch_size = 6, c.micro_batch_size = micro_batch_size;
  return c;
}

double score(const reward::RewardModel& m, const Ids& ids) {
  nn::TokenBatch b;
  b.add(ids);
  return m.score(b)[0];
}

template <class E, class F> void refused_unchanged(RewardTrainer& trainer, const F& call) {
  const std::string before = bytes(trainer.model().net);
  CHECK_THROWS_AS(call(), E);
  CHECK(bytes(trainer.model().net) == before);
}

}  // namespace

TEST_CASE("a reward model learns what is preferred, on pairs it has not seen") {
  auto c = config();
  c.epochs = 20;
  RewardTrainer trainer(reward::RewardModel(model(), 1), c);
  const auto all = pairs(120);
  const std::vector<Pair> seen(all.begin(), all.begin() + 90), fresh(all.begin() + 90, all.end());
  const double before = trainer.step(seen).loss;
  CHECK(trainer.train(seen).loss < before / 2);
  CHECK(train::pair_accuracy({{trainer.model()}}, fresh) > 0.85);
}

TEST_CASE("a probability of one half draws scores together, a weight of 0 is no pair") {
  RewardTrainer trainer(reward::RewardModel(model(), 1), config());
  const Pair tie{{1, 2}, {3, 4}, 0.5};
  const auto gap = [&] { return std::abs(score(trainer.model(), tie.chosen) - score(trainer.model(), tie.rejected)); };
  const double before = gap();
  for (int k = 0; k < 30; ++k) trainer.step(std::vector{tie});
  CHECK(gap() < before / 4);

  RewardTrainer with(reward::RewardModel(model(), 1), config()), without(reward::RewardModel(model(), 1), config());
  auto all = pairs(3);
  without.step(all);
  all.push_back({{5, 6}, {7, 8}, 1.0, 0.0});
  with.step(all);
  CHECK(bytes(with.model().net) == bytes(without.model().net));
}

TEST_CASE("micro-batches of pairs give the same bytes") {
  const auto all = pairs(7);
  const auto trained = [&](std::int64_t micro) {
    RewardTrainer trainer(reward::RewardModel(model(), 1), config(micro));
    for (int k = 0; k < 3; ++k) trainer.step(all);
    return bytes(trainer.model().net);
  };
  const auto whole = trained(0);
  for (const std::int64_t micro : {1, 2, 3}) CHECK(trained(micro) == whole);
}

TEST_CASE("threads do not change a reward model") {
  same_for_any_threads([] {
    RewardTrainer trainer(reward::RewardModel(model(1, 300, 64), 1), config());
    trainer.train(pairs(18, 300));
    return bytes(trainer.model().net);
  });
}

TEST_CASE("accuracy counts equal scores one half") {
  const reward::RewardEnsemble one{{reward::RewardModel(model(), 1)}};
  CHECK(train::pair_accuracy(one, std::vector<Pair>{{{1, 2}, {1, 2}}}) == 0.5);
  const double right = train::pair_accuracy(one, std::vector<Pair>{{{1, 2}, {3, 4}}});
  CHECK(train::pair_accuracy(one, std::vector<Pair>{{{3, 4}, {1, 2}}}) == 1 - right);
  CHECK((right == 0 || right == 1));
  CHECK_THROWS_AS(train::pair_accuracy(one, {}), ValueError);
  CHECK_THROWS_AS(train::pair_accuracy({}, pairs(2)), StateError);
}

TEST_CASE("an ensemble's members differ, are calibrated, and come again from the same seed") {
  const auto all = pairs(12);
  const auto fitted = train::fit_ensemble(model(), all, 3, config()), again = train::fit_ensemble(model(), all, 3, config());
  REQUIRE(fitted.members.size() == 3);
  nn::TokenBatch sides;
  for (const auto& p : all) sides.add(p.chosen), sides.add(p.rejected);
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK(bytes(fitted.members[k].net) == bytes(again.members[k].net));
    if (k) CHECK(bytes(fitted.members[k].net) != bytes(fitted.members[0].net));
    double mean = 0, square = 0;
    for (const double s : fitted.members[k].score(sides)) mean += s / 24, square += s * s / 24;
    CHECK(mean == Approx(0).margin(1e-6));
    CHECK(square == Approx(1).margin(1e-6));
  }
  CHECK_THROWS_AS(train::fit_ensemble(model(), {}, 3, config()), ValueError);
  CHECK_THROWS_AS(train::fit_ensemble(model(), all, 0, config()), ValueError);
}

TEST_CASE("bad pairs are refused and change nothing") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  RewardTrainer trainer(reward::RewardModel(model(), 1), config());
  const auto with = [](Pair p) {
    auto all = pairs(8);
    all.push_back(p);
    return all;
  };
  const auto both = [&](auto error, const std::vector<Pair>& bad) {
    refused_unchanged<decltype(error)>(trainer, [&] { trainer.step(bad); });
    refused_unchanged<decltype(error)>(trainer, [&] { trainer.train(bad); });
  };
  both(ValueError(""), {});
  both(ValueError(""), with({{}, {1}}));
  both(ValueError(""), with({{1}, {}}));
  both(IndexError(""), with({{1}, {13}}));
  both(ShapeError(""), with({{1}, Ids(25, 1)}));
  for (const double p : {-0.1, 1.1, nan}) both(ValueError(""), with({{1}, {2}, p}));
  for (const double w : {-1.0, nan, inf}) both(ValueError(""), with({{1}, {2}, 1.0, w}));
  both(ValueError(""), {{{1}, {2}, 1.0, 0.0}});
}

TEST_CASE("configurations of reward models out of range are refused") {
  const auto refused = [](auto change) {
    RewardConfig c;
    change(c);
    CHECK_THROWS_AS(RewardTrainer(reward::RewardModel(model(), 1), c), ConfigError);
  };
  refused([](auto& c) { c.epochs = 0; });
  refused([](auto& c) { c.batch_size = -3; });
  refused([](auto& c) { c.micro_batch_size = -1; });
  refused([](auto& c) { c.center_coef = std::nan(""); });
  refused([](auto& c) { c.center_coef = std::numeric_limits<double>::infinity(); });
  refused([](auto& c) { c.error_rate = 0.5; });
  refused([](auto& c) { c.optimizer.beta1 = 1; });
}
