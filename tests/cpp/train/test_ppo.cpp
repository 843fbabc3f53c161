#include <cmath>
#include <limits>

#include "tiny.hpp"
#include "tutelage/train/ppo.hpp"

using namespace tiny;
using reward::Episode;
using train::PPOConfig;
using train::PPOTrainer;

namespace {

PPOConfig config() {
  PPOConfig c;
  c.max_new_tokens = 5, c.temperature = 0.7, c.stop_ids = {2}, c.num_epochs = 2;
  c.optimizer.learning_rate = 3e-3, c.value_head_std = 0.1, c.vf_coef = 0.3, c.seed = 4;
  return c;
}

std::vector<Ids> prompts(std::uint32_t n, std::uint64_t vocab = 13) {
  std::vector<Ids> all;
  for (std::uint32_t i = 0; i < n; ++i) all.push_back(random_ids(i, 1, 6, vocab));
  return all;
}

/// The share of sevens.
std::vector<double> sevens(std::span<const Episode> episodes) {
  std::vector<double> scores;
  for (const auto& e : episodes)
    scores.push_back(static_cast<double>(std::count(e.response_ids.begin(), e.response_ids.end(), 7)) / static_cast<double>(e.response_ids.size()));
  return scores;
}

std::vector<double> scores_of(const std::vector<nn::Generation>& answers) {
  std::vector<double> scores;
  for (const auto& a : answers) scores.push_back(a.ids[0] == 7 ? 1.0 : 0.1 * a.ids[0]);
  return scores;
}

/// Parameters, optimiser and number of iterations.
std::string state(PPOTrainer& t) {
  std::string s = bytes(t.model()) + "|" + std::to_string(t.iteration()) + "|" + std::to_string(t.optimizer_state().step);
  for (const auto* list : {&t.optimizer_state().m, &t.optimizer_state().v})
    for (const auto& x : *list) s.append(reinterpret_cast<const char*>(x.data()), static_cast<std::size_t>(x.size()) * 4);
  return s;
}

template <class E, class F> void refused_unchanged(PPOTrainer& trainer, const F& call) {
  const std::string before = state(trainer);
  CHECK_THROWS_AS(call(), E);
  CHECK(state(trainer) == before);
}

}  // namespace

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
      return state(trainer) + numbers;
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
