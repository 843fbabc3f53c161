#include <cmath>

#include "tiny_ppo.hpp"
#include "tutelage/rl/advantages.hpp"
#include "tutelage/train/grpo.hpp"
#include "tutelage/train/rejection.hpp"
#include "tutelage/train/rloo.hpp"

using namespace tiny;
using train::GRPOConfig;
using train::GRPOTrainer;
using train::RejectionConfig;
using train::RejectionTrainer;
using train::RLOOConfig;
using train::RLOOTrainer;

namespace {
template <class C> C small() {
  C c;
  c.num_generations = 4, c.max_new_tokens = 5, c.temperature = 0.7, c.stop_ids = {2}, c.num_epochs = 2, c.seed = 4;
  c.optimizer.learning_rate = 3e-3;
  return c;
}

/// Learns the share of sevens, is the same for any cut and goes on from its state.
template <class Trainer, class Config> void check_trainer() {
  const auto c = small<Config>();
  const auto learn = [&](std::int64_t micro, std::int64_t stop) {
    auto own = c;
    own.micro_batch_size = micro;
    Trainer trainer(model(), own);
    std::string numbers;
    for (int k = 0; k < 4; ++k) {
      if (k == stop) trainer = Trainer(trainer.state(), own);
      const auto s = trainer.train(prompts(5), sevens, 1);
      CHECK(s.first_ratio_min == 1);
      CHECK(s.first_ratio_max == 1);
      for (const auto& [name, x] : s.metrics()) numbers.append(reinterpret_cast<const char*>(&x), sizeof x);
    }
    return state_bytes(trainer.state()) + digest(numbers);
  };
  const auto whole = learn(0, -1);
  for (const std::int64_t micro : {1, 3}) CHECK(learn(micro, -1) == whole);
  for (const std::int64_t stop : {0, 2, 3}) CHECK(learn(0, stop) == whole);
  same_for_any_threads([&] { return learn(2, 1); });

  Trainer trainer(model(), c);
  const auto before = trainer.train(prompts(16), sevens, 1);
  const auto after = trainer.train(prompts(16), sevens, 30);
  CHECK(before.reward < 0.2);
  CHECK(after.reward > 0.5);

  const auto answers = trainer.generate(prompts(3));
  CHECK(answers.size() == 12);
  const auto was = state_bytes(trainer.state());
  CHECK_THROWS_AS(trainer.step(prompts(3), answers, std::vector<double>(3, 0.0)), ShapeError);
  CHECK_THROWS_AS(trainer.step(prompts(3), answers, std::vector<double>(12, std::nan(""))), ValueError);
  CHECK_THROWS_AS(trainer.step({}, {}, {}), ValueError);
  CHECK(state_bytes(trainer.state()) == was);
}
}  // namespace

TEST_CASE("RLOO learns, to the same bytes for any cut, stop and threads") { check_trainer<RLOOTrainer, RLOOConfig>(); }
TEST_CASE("GRPO learns, to the same bytes for any cut, stop and threads") { check_trainer<GRPOTrainer, GRPOConfig>(); }
TEST_CASE("rejection sampling learns, to the same bytes for any cut, stop and threads") { check_trainer<RejectionTrainer, RejectionConfig>(); }

TEST_CASE("an adapter alone is trained") {
  const auto adapted = model().with_lora({});
  const auto check = [&](auto trainer) {
    trainer.train(prompts(4), sevens, 2);
    CHECK(bytes(trainer.policy()) != bytes(adapted));
    CHECK(bytes(trainer.policy().without_adapter()) == bytes(model()));
  };
  check(RLOOTrainer(adapted, small<RLOOConfig>()));
  check(GRPOTrainer(adapted, small<GRPOConfig>()));
  check(RejectionTrainer(adapted, small<RejectionConfig>()));
}

TEST_CASE("advantages are of the scores less the KL, group by group") {
  auto c = small<RLOOConfig>();
  c.kl_coef = 0.5;
  RLOOTrainer trainer(model(2), model(), c);
  const auto p = prompts(3);
  const auto answers = trainer.generate(p);
  std::vector<double> scores(12);
  for (std::size_t i = 0; i < 12; ++i) scores[i] = static_cast<double>(i * i % 7);
  const auto r = trainer.examine(p, answers, scores);
  for (std::size_t i = 0; i < 12; ++i) {
    double others = 0;
    for (std::size_t k = i / 4 * 4; k < i / 4 * 4 + 4; ++k)
      if (k != i) others += scores[k] - 0.5 * r.kl_sums[k];
    CHECK(r.advantages[static_cast<std::size_t>(r.offsets[i])] == Approx(scores[i] - 0.5 * r.kl_sums[i] - others / 3).margin(1e-4));
  }
}

TEST_CASE("the best answer is kept, ties to the first") {
  auto c = small<RejectionConfig>();
  const auto first_token = [](std::span<const Episode> episodes) {
    std::vector<double> scores;
    for (const auto& e : episodes) scores.push_back(static_cast<double>(e.response_ids[0] / 3));
    return scores;
  };
  const auto best = train::best_of_n(model(), c, prompts(6), first_token);
  const auto all = train::sample_answers(model(), c, prompts(6), 0);
  for (std::size_t i = 0; i < 6; ++i) {
    std::size_t expected = 4 * i;
    for (std::size_t k = 4 * i; k < 4 * i + 4; ++k)
      if (all[k].ids[0] / 3 > all[expected].ids[0] / 3) expected = k;
    CHECK(best[i].answer.ids == all[expected].ids);
    CHECK(best[i].rank == static_cast<std::int64_t>(expected - 4 * i));
    CHECK(best[i].score == all[expected].ids[0] / 3);
  }
  c.threshold = 1e9;  // which nothing reaches
  RejectionTrainer trainer(model(), c);
  CHECK(trainer.train(prompts(4), first_token, 1).updates == 0);
  CHECK(bytes(trainer.policy()) == bytes(model()));
}

TEST_CASE("rewards may be of tokens, and sums of weighted parts") {
  const auto tokens = [](std::span<const Episode> episodes) {
    std::vector<std::vector<double>> scores;
    for (const auto& e : episodes) scores.emplace_back(e.response_ids.begin(), e.response_ids.end());
    return scores;
  };
  reward::Reward mixture;
  mixture.add("sevens", sevens, 2.0).add("ids", tokens, 0.5);
  PPOTrainer trainer(model(), config());
  const auto answers = trainer.generate(prompts(4));
  const auto scores = train::score_answers(mixture, prompts(4), answers, nullptr);
  const auto alone = train::score_answers(sevens, prompts(4), answers, nullptr);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(scores.sequence[i] == 2 * alone.sequence[i]);
    CHECK(scores.parts[0][i] == alone.sequence[i]);
    REQUIRE(scores.tokens[i].size() == answers[i].ids.size());
    CHECK(scores.tokens[i][0] == 0.5 * answers[i].ids[0]);
  }
  trainer.train(prompts(4), mixture, 1);
  CHECK(trainer.iteration() == 1);
  CHECK_THROWS_AS(trainer.train(prompts(4), reward::Reward(), 1), ValueError);
  CHECK_THROWS_AS(trainer.train(
                      prompts(4), [](std::span<const Episode> e) { return std::vector<std::vector<double>>(e.size()); }, 1),
                  ShapeError);
  CHECK_THROWS_AS(mixture.add("again", sevens, std::nan("")), ValueError);
}

TEST_CASE("batches of prompts run through all of them in seeded order") {
  auto c = config();
  c.batch_size = 2;
  PPOTrainer trainer(model(), c);
  std::vector<std::int32_t> asked;
  const std::vector<Ids> p{{3}, {4}, {5}};
  trainer.train(
      p,
      [&](std::span<const Episode> episodes) {
        CHECK(episodes.size() == 2);
        for (const auto& e : episodes) asked.push_back(e.prompt_ids[0]);
        return sevens(episodes);
      },
      3);
  for (int pass = 0; pass < 2; ++pass) {
    std::vector<std::int32_t> of(asked.begin() + 3 * pass, asked.begin() + 3 * pass + 3);
    std::sort(of.begin(), of.end());
    CHECK(of == std::vector<std::int32_t>{3, 4, 5});
  }
}
