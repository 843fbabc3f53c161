#include <cmath>

#include "tiny_ppo.hpp"

using namespace tiny;

namespace {
/// A trainer after some iterations, and its numbers.
struct Run {
  train::PPOState state;
  train::PolicyStats stats;
};
template <class Change> Run after(int iterations, Change change, std::uint32_t n = 9) {
  auto c = config();
  change(c);
  PPOTrainer trainer(model(), c);
  Run run;
  for (int k = 0; k < iterations; ++k) {
    const auto answers = trainer.generate(prompts(n));
    std::vector<double> scores;
    for (const auto& a : answers) scores.push_back(a.ids[0] == 7 ? 1.0 : 0.1 * a.ids[0]);
    run.stats = trainer.step(prompts(n), answers, scores);
  }
  run.state = trainer.state();
  return run;
}
}  // namespace

TEST_CASE("every option changes what is learnt, and no cut into micro-batches does") {
  using C = PPOConfig;
  const std::vector<std::pair<const char*, std::function<void(C&)>>> options = {
      {"aggregation mean of means", [](C& c) { c.aggregation = "seq-mean-token-mean"; }},
      {"aggregation of sums", [](C& c) { c.aggregation = "seq-mean-token-sum"; }},
      {"aggregation of normed sums", [](C& c) { c.aggregation = "seq-mean-token-sum-norm"; }},
      {"k2", [](C& c) { c.kl_estimator = "k2"; }},
      {"k3", [](C& c) { c.kl_estimator = "k3"; }},
      {"abs", [](C& c) { c.kl_estimator = "abs"; }},
      {"full", [](C& c) { c.kl_estimator = "full"; }},
      {"k2 in the loss", [](C& c) { c.kl_in = "loss", c.kl_estimator = "k2"; }},
      {"k3 in the loss", [](C& c) { c.kl_in = "loss", c.kl_estimator = "k3"; }},
      {"full in the loss", [](C& c) { c.kl_in = "loss", c.kl_estimator = "full"; }},
      {"adaptive", [](C& c) { c.kl_target = 1e-6, c.kl_horizon = 20; }},
      {"adaptive by token", [](C& c) { c.kl_target = 1, c.kl_horizon = 30, c.kl_per = "token"; }},
      {"batch rewards", [](C& c) { c.normalize_rewards = "batch"; }},
      {"running rewards", [](C& c) { c.normalize_rewards = "running"; }},
      {"reward scale", [](C& c) { c.reward_scale = 2; }},
      {"reward clip", [](C& c) { c.reward_clip = 0.5; }},
      {"missing EOS set", [](C& c) { c.missing_eos = "set", c.missing_eos_penalty = 1; }},
      {"missing EOS subtract", [](C& c) { c.missing_eos_penalty = 1; }},
      {"several stop ids",
       [](C& c) {
         c.stop_ids = {2, 3, 9};
       }},
      {"minimum length",
       [](C& c) {
         c.min_new_tokens = 3, c.stop_ids = {2, 3, 4, 5, 6};
       }},
      {"bootstrap", [](C& c) { c.bootstrap_truncated = true; }},
      {"white rewards", [](C& c) { c.whiten_rewards = true; }},
      {"advantages as they are", [](C& c) { c.whiten_advantages = false; }},
      {"kept mean", [](C& c) { c.whiten_keep_mean = true; }},
      {"ddof", [](C& c) { c.whiten_ddof = 1; }},
      {"white mini-batches", [](C& c) { c.whiten_scope = "mini_batch", c.mini_batch_size = 4; }},
      {"clip high", [](C& c) { c.clip_range = 0.001, c.clip_range_high = 0.3; }},
      {"dual clip", [](C& c) { c.dual_clip = 1.0001, c.num_epochs = 4, c.optimizer.learning_rate = 0.05; }},
      {"value clip", [](C& c) { c.clip_range_value = 1e-4; }},
      {"entropy", [](C& c) { c.entropy_coef = 0.1; }},
      {"target KL", [](C& c) { c.target_kl = 1e-4, c.num_epochs = 4; }},
      {"own critic", [](C& c) { c.separate_critic = true; }},
      {"warm-up", [](C& c) { c.critic_warmup = 1; }},
      {"groups", [](C& c) { c.num_generations = 2; }},
  };
  const auto plain = state_bytes(after(2, [](C&) {}).state);
  for (const auto& [name, change] : options) {
    INFO(name);
    const auto learn = [&, change = change](std::int64_t micro) {
      auto c = config();
      change(c);
      c.micro_batch_size = micro;
      PPOTrainer trainer(model(), c);
      std::string numbers;
      for (int k = 0; k < 2; ++k) {
        const auto answers = trainer.generate(prompts(9));
        const auto s = trainer.step(prompts(9), answers, scores_of(answers));
        CHECK(s.first_ratio_min == 1);
        CHECK(s.first_ratio_max == 1);
        for (const auto& [n, x] : s.metrics()) numbers.append(reinterpret_cast<const char*>(&x), sizeof x);
      }
      return state_bytes(trainer.state()) + digest(numbers);
    };
    const auto whole = learn(0);
    CHECK(whole.find(plain) == std::string::npos);
    for (const std::int64_t micro : {1, 4}) CHECK(learn(micro) == whole);
  }
}

TEST_CASE("no answer is shorter than the minimum, and the policy is scored as it sampled") {
  auto c = config();
  c.stop_ids = {0, 1, 2, 3, 4, 5, 6}, c.min_new_tokens = 3, c.max_new_tokens = 8;
  PPOTrainer trainer(model(), c);
  const auto answers = trainer.generate(prompts(40));
  bool longer = false;
  for (const auto& a : answers) {
    CHECK(a.ids.size() >= 4);  // three that hold no stop id, then the first that may
    for (std::size_t t = 0; t < 3; ++t) CHECK(a.ids[t] > 6);
    longer |= a.stop_reason == nn::StopReason::kStopId;
  }
  CHECK(longer);
  const auto stats = trainer.step(prompts(40), answers, std::vector<double>(40, 1.0));
  CHECK(stats.first_ratio_min == 1);
  CHECK(stats.first_ratio_max == 1);
  CHECK(stats.kl == 0);  // the reference forbids the same
}

TEST_CASE("the coefficient follows its target as AdaptiveKL says") {
  const auto far = after(1, [](auto& c) { c.kl_target = 6, c.kl_horizon = 50, c.kl_coef = 0.2; });
  CHECK(*far.state.kl_coef == Approx(0.2 * (1 - 0.2 * 9 / 50)));
  CHECK(far.stats.kl_coef == 0.2);
  auto c = config();
  c.kl_target = 6, c.kl_horizon = 1;
  PPOTrainer trainer(model(), c);
  const auto answers = trainer.generate(prompts(9));
  refused_unchanged<ValueError>(trainer, [&] { trainer.step(prompts(9), answers, scores_of(answers)); });  // nine answers are five horizons and more
}

TEST_CASE("scores are normalised, scaled, clipped, and cut answers pay, in this order") {
  auto c = config();
  c.reward_scale = 2, c.reward_clip = 3, c.missing_eos_penalty = 0.5, c.kl_coef = 0;
  const std::vector<Ids> p{{1}, {1}, {1}};
  const auto rewards = [&](const PPOConfig& with) {
    PPOTrainer trainer(model(), with);
    auto answers = trainer.generate(p);
    for (std::size_t i = 0; i < 3; ++i) answers[i].stop_reason = i == 1 ? nn::StopReason::kLength : nn::StopReason::kStopId;
    const auto r = trainer.examine(p, answers, std::vector<double>{1, 1, -9});
    std::vector<double> last;
    for (std::size_t i = 0; i < 3; ++i) last.push_back(static_cast<double>(r.rewards[static_cast<std::size_t>(r.offsets[i + 1] - 1)]));
    return last;
  };
  CHECK(rewards(c) == std::vector<double>{2, 1.5, -3});
  c.missing_eos = "set";
  CHECK(rewards(c) == std::vector<double>{2, -0.5, -3});
  c.normalize_rewards = "batch", c.reward_clip = 0, c.reward_scale = 1;
  const auto white = rewards(c);
  CHECK(white[0] == Approx(std::sqrt(0.5)));
  CHECK(white[2] == Approx(-std::sqrt(2.0)));
}

TEST_CASE("token scores reach their tokens") {
  PPOTrainer trainer(model(), config());
  const auto p = prompts(3);
  const auto answers = trainer.generate(p);
  std::vector<std::vector<double>> tokens;
  for (const auto& a : answers) tokens.emplace_back(a.ids.size(), 0.25);
  const std::vector<double> scores{1, 2, 3};
  const auto without = trainer.examine(p, answers, scores), with = trainer.examine(p, answers, scores, tokens);
  for (std::size_t t = 0; t < with.rewards.size(); ++t) CHECK(with.rewards[t] == Approx(without.rewards[t] + 0.25f));
  tokens[1].pop_back();
  refused_unchanged<ShapeError>(trainer, [&] { trainer.step(p, answers, scores, {}, 1.0, tokens); });
}

TEST_CASE("while the critic warms up, the policy stays as it is") {
  for (const bool separate : {false, true}) {
    const auto run = after(3, [=](auto& c) { c.critic_warmup = 3, c.separate_critic = separate, c.optimizer.weight_decay = 0.1; });
    CHECK(bytes(run.state.model.policy) == bytes(model()));
    CHECK(bytes(run.state.model.value_head) != bytes(PPOTrainer(model(), config()).model().value_head));
    if (separate) CHECK(bytes(run.state.model.critic) != bytes(model()));
    CHECK(bytes(after(4, [=](auto& c) { c.critic_warmup = 3, c.separate_critic = separate; }).state.model.policy) != bytes(model()));
  }
}

TEST_CASE("a critic that starts as a reward model gives its scores") {
  reward::RewardModel judge(model(5), 3);
  judge.gain = 2, judge.bias = 0.5;
  PPOTrainer trainer(model(), model(), config(), judge);
  const std::vector<Ids> p{{1, 4, 3}};
  const auto answers = trainer.generate(p);
  const auto r = trainer.examine(p, answers, std::vector<double>{0});
  nn::TokenBatch prompt;
  prompt.add(p[0]);
  CHECK(static_cast<double>(r.values[0]) == Approx(judge.score(prompt)[0]).epsilon(1e-5));
  CHECK_THROWS_AS(PPOTrainer(model(), model(), config(), reward::RewardModel(model(5, 17), 3)), ConfigError);
}

TEST_CASE("an update too far from the sampler is not made") {
  const auto run = after(1, [](auto& c) { c.target_kl = 1e-6, c.num_epochs = 5, c.optimizer.learning_rate = 0.02; });
  CHECK(run.stats.updates == 1);
  CHECK(run.state.optimizer.step == 1);
  CHECK(after(1, [](auto& c) { c.num_epochs = 5; }).stats.updates == 5);
}

TEST_CASE("the value behind a cut answer counts, behind an ended one not") {
  auto c = config();
  c.bootstrap_truncated = true, c.kl_coef = 0, c.gae_lambda = 0, c.whiten_advantages = false, c.value_head_std = 1;
  PPOTrainer trainer(model(), c);
  const std::vector<Ids> p{{1}, {1}};
  auto answers = trainer.generate(p);
  answers[1] = answers[0];
  answers[0].stop_reason = nn::StopReason::kStopId, answers[1].stop_reason = nn::StopReason::kLength;
  const auto r = trainer.examine(p, answers, std::vector<double>{0, 0});
  const auto n = static_cast<std::size_t>(r.length(0));
  CHECK(r.returns[n - 1] == 0);
  nn::TokenBatch whole;
  Ids ids = p[1];
  ids.insert(ids.end(), answers[1].ids.begin(), answers[1].ids.end());
  whole.add(ids);
  const auto values = trainer.model().value_head(trainer.policy().hidden(whole));
  CHECK(r.returns[2 * n - 1] == Approx(values.data()[values.size() - 1]).epsilon(1e-6));
}
