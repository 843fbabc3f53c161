#include <cmath>

#include "tiny_ppo.hpp"

using namespace tiny;

TEST_CASE("the policy moves to what is rewarded, the reference stays") {
  auto c = config();
  c.kl_coef = 0.01;
  PPOTrainer trainer(model(), c);
  const auto before = trainer.train(prompts(32), sevens, 1);
  const auto after = trainer.train(prompts(32), sevens, 20);
  CHECK(before.reward < 0.2);
  CHECK(before.kl == Approx(0).margin(1e-6));
  CHECK(after.reward > 0.6);
  CHECK(after.kl > 0.1);
  CHECK(trainer.iteration() == 21);
  CHECK(bytes(trainer.reference()) == bytes(model()));
}

TEST_CASE("the first minibatch's ratio is exactly 1, at every iteration") {
  for (const std::int64_t mini : {0, 3}) {
    auto c = config();
    c.mini_batch_size = mini;
    PPOTrainer trainer(model(), c);
    for (int k = 0; k < 4; ++k) {
      const auto stats = trainer.train(prompts(8), sevens, 1);
      CHECK(stats.first_ratio_min == 1.0);
      CHECK(stats.first_ratio_max == 1.0);
    }
  }
  // And it is measured: a log-prob that is not the sampler's shows.
  PPOTrainer trainer(model(), config());
  auto answers = trainer.generate(prompts(4));
  answers[1].logprobs[0] -= 0.5f;
  CHECK(trainer.step(prompts(4), answers, scores_of(answers)).first_ratio_max == Approx(std::exp(0.5)).epsilon(1e-5));
}

TEST_CASE("micro-batches of 1, 2 or all episodes give the same bytes and numbers") {
  for (const std::int64_t mini : {0, 5}) {
    const auto trained = [&](std::int64_t micro) {
      auto c = config();
      c.mini_batch_size = mini, c.micro_batch_size = micro, c.ptx_coef = 0.5;
      PPOTrainer trainer(model(), c);
      std::string numbers;
      for (int k = 0; k < 2; ++k) {
        const auto answers = trainer.generate(prompts(9));
        const auto s = trainer.step(prompts(9), answers, scores_of(answers), examples(3));
        for (const double x : {s.reward, s.kl, s.response_length, s.policy_loss, s.value_loss, s.ptx_loss, s.clip_fraction, s.approx_kl, s.grad_norm})
          numbers.append(reinterpret_cast<const char*>(&x), sizeof x);
      }
      return state(trainer) + digest(numbers);
    };
    const auto whole = trained(0);
    for (const std::int64_t micro : {1, 2, 9}) CHECK(trained(micro) == whole);
  }
}

TEST_CASE("threads do not change a policy") {
  same_for_any_threads([] {
    auto c = config();
    c.max_new_tokens = 12;
    PPOTrainer trainer(model(1, 300, 64), c);
    trainer.train(prompts(16, 300), sevens, 2);
    return state(trainer);
  });
}

TEST_CASE("an update is made of its parts") {
  const auto p = prompts(6);
  PPOTrainer trainer(model(), config());
  const auto answers = trainer.generate(p);
  double tokens = 0;
  for (const auto& a : answers) tokens += static_cast<double>(a.ids.size());
  const auto still = trainer.step(p, answers, scores_of(answers), {}, 0.0);  // no step is taken
  CHECK(bytes(trainer.policy()) == bytes(model()));
  CHECK(trainer.iteration() == 1);
  CHECK(still.response_length == Approx(tokens / 6));
  CHECK(still.clip_fraction == 0);
  CHECK(still.ptx_loss == 0);

  // Rehearsal alone: no reward, no value, so that only its loss is left.
  auto c = config();
  c.kl_coef = 0, c.vf_coef = 0, c.value_head_std = 0, c.ptx_coef = 1, c.whiten_advantages = false;
  PPOTrainer rehearsing(model(), c);
  const auto said = rehearsing.generate(p);
  const std::vector<double> none(6, 0.0);
  const auto items = examples(4);
  const double before = train::sft_loss(rehearsing.policy(), items);
  CHECK(rehearsing.step(p, said, none, items, 0.0).ptx_loss == Approx(before).epsilon(1e-6));
  for (int k = 0; k < 10; ++k) rehearsing.step(p, said, none, items);
  CHECK(train::sft_loss(rehearsing.policy(), items) < before - 0.3);
}

TEST_CASE("the value head learns the score, if it is asked to") {
  const auto p = prompts(16);
  const auto value_losses = [&](double vf_coef) {
    auto c = config();
    c.vf_coef = vf_coef, c.kl_coef = 0, c.optimizer.learning_rate = 1e-2, c.gae_lambda = 1;
    PPOTrainer trainer(model(), c);
    const auto before = bytes(trainer.model().value_head);
    std::vector<double> losses;
    for (int k = 0; k < 15; ++k) {
      const auto answers = trainer.generate(p);
      losses.push_back(trainer.step(p, answers, std::vector<double>(16, 2.0)).value_loss);
    }
    CHECK((bytes(trainer.model().value_head) == before) == (vf_coef == 0));
    return losses;
  };
  const auto learnt = value_losses(0.5);
  CHECK(learnt.back() < learnt.front() / 4);
  value_losses(0);
}

TEST_CASE("the clipped share is of tokens whose loss the clip holds") {
  auto c = config();
  c.num_epochs = 1, c.max_new_tokens = 1, c.kl_coef = 0, c.value_head_std = 0, c.whiten_advantages = false;  // the advantage is the score
  PPOTrainer trainer(model(), c);
  auto answers = trainer.generate(prompts(6));
  for (std::size_t i = 0; i < 6; ++i) answers[i].logprobs[0] += i % 2 ? 0.5f : -0.5f;  // ratios 0.6 and 1.6
  const auto stats = trainer.step(prompts(6), answers, std::vector<double>{1, 1, 1, -1, -1, 1}, {}, 0.0);
  CHECK(stats.clip_fraction == 3.0 / 6);  // the first, the third and the fourth
  CHECK(stats.approx_kl == Approx(0.5 * 0.25).epsilon(1e-4));
}

TEST_CASE("an answer that is cut pays the penalty") {
  const std::vector<Ids> p{{1}, {1}};
  const auto trained = [&](double penalty, std::vector<double> scores) {
    auto c = config();
    c.missing_eos_penalty = penalty;
    PPOTrainer trainer(model(), c);
    auto answers = trainer.generate(p);
    answers[0].stop_reason = nn::StopReason::kStopId, answers[1].stop_reason = nn::StopReason::kLength;
    trainer.step(p, answers, scores);
    return bytes(trainer.model());
  };
  CHECK(trained(0.75, {1.0, 1.0}) == trained(0.0, {1.0, 0.25}));
}

TEST_CASE("a reward function sees each prompt with its answer") {
  PPOTrainer trainer(model(), config());
  const auto p = prompts(5);
  const auto expected = trainer.generate(p);
  int calls = 0;
  trainer.train(
      p,
      [&](std::span<const Episode> episodes) {
        REQUIRE(episodes.size() == 5);
        for (std::size_t i = 0; i < 5; ++i) {
          CHECK(Ids(episodes[i].prompt_ids.begin(), episodes[i].prompt_ids.end()) == p[i]);
          CHECK(Ids(episodes[i].response_ids.begin(), episodes[i].response_ids.end()) == expected[i].ids);
          CHECK(episodes[i].ended == (expected[i].ids.back() == 2));
        }
        ++calls;
        return sevens(episodes);
      },
      1);
  CHECK(calls == 1);
}

TEST_CASE("PPO tells its progress and can be stopped") {
  PPOTrainer trainer(model(), config());
  int told = 0;
  RunOptions run;
  run.progress = [&](const Progress& p) { told += p.stage == "ppo"; };
  run.should_stop = [&] { return told == 2; };
  trainer.train(prompts(3), sevens, 9, run);
  CHECK(told == 2);
  CHECK(trainer.iteration() == 2);
}
