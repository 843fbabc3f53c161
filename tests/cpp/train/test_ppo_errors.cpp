#include <cmath>
#include <limits>

#include "tiny_ppo.hpp"

using namespace tiny;

TEST_CASE("bad steps are refused and change nothing") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  PPOTrainer trainer(model(), config());
  trainer.train(prompts(4), sevens, 1);
  const auto p = prompts(3);
  const auto good = trainer.generate(p);
  const std::vector<double> scores{0.1, 0.2, 0.3};
  refused_unchanged<ValueError>(trainer, [&] { trainer.step({}, {}, {}); });
  refused_unchanged<ShapeError>(trainer, [&] { trainer.step(p, good, std::vector<double>{0.1, 0.2}); });
  refused_unchanged<ShapeError>(trainer, [&] { trainer.step(prompts(2), good, scores); });
  for (const double x : {nan, inf, -inf}) refused_unchanged<ValueError>(trainer, [&] { trainer.step(p, good, std::vector<double>{0.1, x, 0.3}); });
  const auto with = [&](auto change) {
    auto answers = good;
    change(answers[1]);
    return answers;
  };
  refused_unchanged<ValueError>(trainer, [&] { trainer.step({{1}, {}, {2}}, good, scores); });
  refused_unchanged<ValueError>(trainer, [&] { trainer.step(p, with([](auto& a) { a.ids.clear(), a.logprobs.clear(); }), scores); });
  refused_unchanged<ShapeError>(trainer, [&] { trainer.step(p, with([](auto& a) { a.logprobs.push_back(0); }), scores); });
  refused_unchanged<IndexError>(trainer, [&] { trainer.step(p, with([](auto& a) { a.ids[0] = 13; }), scores); });
  refused_unchanged<IndexError>(trainer, [&] { trainer.step({{1}, {-1}, {2}}, good, scores); });
  refused_unchanged<ShapeError>(trainer, [&] { trainer.step({{1}, Ids(24, 1), {2}}, good, scores); });
  refused_unchanged<ShapeError>(trainer, [&] { trainer.step(p, good, scores, std::vector{text::Example{{1, 2, 3}, {0, 1}}}); });
  refused_unchanged<Error>(trainer, [&] { trainer.step(p, with([&](auto& a) { a.logprobs[0] = static_cast<float>(nan); }), scores); });
  refused_unchanged<ValueError>(trainer, [&] { trainer.step(p, good, scores, {}, nan); });
}

TEST_CASE("what does not fit the policy is refused before it is used") {
  CHECK_THROWS_AS(PPOTrainer(model(), model(1, 17), config()), ConfigError);
  auto c = config();
  c.min_new_tokens = 2;
  PPOTrainer good(model(), c);
  const auto p = prompts(3);
  const auto answers = good.generate(p);
  c.stop_ids = {99};
  PPOTrainer trainer(model(), c);
  refused_unchanged<IndexError>(trainer, [&] { trainer.step(p, answers, std::vector<double>{0.1, 0.2, 0.3}); });
  const reward::Reward reward(reward::RewardFunction{sevens});
  CHECK_THROWS_AS(train::score_answers(reward, p, {answers[0]}, nullptr), ShapeError);
  CHECK_THROWS_AS(train::score_answers(reward, {p[0], p[1]}, answers, nullptr), ShapeError);
  CHECK_THROWS_AS(train::score_answers(reward, {}, {}, nullptr), ShapeError);
}

TEST_CASE("a stop while answers are drawn keeps what the iterations before gave") {
  PPOTrainer trainer(model(), config());
  RunOptions run;
  std::int64_t reported = 0;
  run.progress = [&](const Progress& p) { reported += p.stage == "ppo"; };
  int after = 0;
  run.should_stop = [&] { return reported == 2 && ++after > 2; };  // not between iterations: in the third one's answers
  const auto stats = trainer.train(prompts(4), sevens, 5, run);
  CHECK(trainer.iteration() == 2);
  CHECK(stats.response_length > 0);
}

TEST_CASE("an update that fails half-way goes back to the iteration's start") {
  auto c = config();
  c.ptx_coef = 1, c.num_epochs = 3;
  PPOTrainer trainer(model(), c);
  trainer.train(prompts(4), sevens, 1);
  const auto answers = trainer.generate(prompts(4));
  refused_unchanged<IndexError>(trainer, [&] { trainer.step(prompts(4), answers, scores_of(answers), std::vector{text::Example{{1, 99}, {0, 1}}}); });
  c.optimizer.learning_rate = 1e30;  // the second pass meets what the first has ruined
  PPOTrainer ruined(model(), c);
  const auto said = ruined.generate(prompts(4));
  refused_unchanged<Error>(ruined, [&] { ruined.step(prompts(4), said, scores_of(said)); });
}

TEST_CASE("a reward function's faults reach the caller and change nothing") {
  struct Own {};
  PPOTrainer trainer(model(), config());
  trainer.train(prompts(4), sevens, 1);
  const auto p = prompts(3);
  const auto train = [&](const reward::RewardFunction& f) { return [&, f] { trainer.train(p, f, 2); }; };
  refused_unchanged<ShapeError>(trainer, train([](auto) { return std::vector<double>(2, 0.0); }));
  refused_unchanged<ShapeError>(trainer, train([](auto) { return std::vector<double>(); }));
  refused_unchanged<ValueError>(trainer, train([](auto) { return std::vector<double>{0, std::nan(""), 0}; }));
  refused_unchanged<Own>(trainer, train([](auto) -> std::vector<double> { throw Own{}; }));
  refused_unchanged<ValueError>(trainer, [&] { trainer.train({}, sevens, 1); });
  refused_unchanged<ValueError>(trainer, [&] { trainer.train({{1}, {}}, sevens, 1); });
  try {
    trainer.train(
        p,
        [](auto) {
          return std::vector<double>{0, 0, std::nan("")};
        },
        1);
  } catch (const ValueError& e) { CHECK(std::string(e.what()).find("sample 2") != std::string::npos); }
  // The second call fails: the first iteration is kept.
  int calls = 0;
  CHECK_THROWS_AS(trainer.train(
                      p, [&](std::span<const Episode> e) { return ++calls == 2 ? throw Own{} : sevens(e); }, 3),
                  Own);
  CHECK(trainer.iteration() == 2);
}

TEST_CASE("configurations of PPO out of range are refused") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  const auto refused = [](auto change) {
    PPOConfig c;
    change(c);
    CHECK_THROWS_AS(PPOTrainer(model(), c), ConfigError);
  };
  refused([](auto& c) { c.max_new_tokens = 0; });
  for (const double x : {0.0, -1.0, nan, inf}) refused([=](auto& c) { c.temperature = x; });
  for (const double x : {-0.1, nan, inf}) {
    refused([=](auto& c) { c.kl_coef = x; });
    refused([=](auto& c) { c.clip_range = x; });
    refused([=](auto& c) { c.clip_range_value = x; });
    refused([=](auto& c) { c.vf_coef = x; });
    refused([=](auto& c) { c.ptx_coef = x; });
    refused([=](auto& c) { c.value_head_std = x; });
    refused([=](auto& c) { c.gamma = x; });
    refused([=](auto& c) { c.gae_lambda = x; });
    refused([=](auto& c) { c.optimizer.learning_rate = x; });
  }
  refused([](auto& c) { c.gamma = 1.1; });
  refused([](auto& c) { c.missing_eos_penalty = nan; });
  refused([](auto& c) { c.kl_estimator = "k4"; });
  refused([](auto& c) { c.num_epochs = 0; });
  refused([](auto& c) { c.mini_batch_size = -1; });
  refused([](auto& c) { c.micro_batch_size = -1; });
}
