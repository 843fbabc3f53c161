#include <array>
#include <cmath>

#include "../catch.hpp"
#include "tutelage/prefs/strengths.hpp"
#include "tutelage/train/dpo.hpp"
#include "tutelage/train/grpo.hpp"
#include "tutelage/train/ppo.hpp"
#include "tutelage/train/rloo.hpp"

using namespace tutelage;

namespace {

// One token with reward R and a reference p: the KL-penalised optimum is p exp(R / beta), normalised.
constexpr std::int64_t kArms = 6;
constexpr double kBeta = 0.5;
const std::array<double, kArms> kRewards{0.3, -0.5, 1.0, 0.0, 0.6, -1.0};

/// Not uniform.
nn::Transformer reference() {
  nn::TransformerConfig shape;
  shape.vocab_size = kArms, shape.max_positions = 4, shape.hidden_size = 16, shape.num_layers = 1, shape.num_heads = 2;
  nn::Transformer model(shape, 3);
  std::vector<float> rows(static_cast<std::size_t>(kArms * shape.hidden_size));
  Rng rng(5, Purpose::kUser, 0, 0);
  for (auto& x : rows) x = static_cast<float>(rng.normal() * 0.15);
  model.token_embedding = Tensor::from({kArms, shape.hidden_size}, rows);
  return model;
}

std::vector<double> distribution(const nn::Transformer& m) {
  std::vector<double> p;
  for (std::int32_t id = 0; id < kArms; ++id) {
    nn::TokenBatch batch;
    batch.add(train::TokenIds{0, id});
    p.push_back(std::exp(static_cast<double>(m.logprobs(batch, 1.0).data()[0])));
  }
  return p;
}

/// Total variation to the optimum.
double distance(const nn::Transformer& m) {
  const auto p = distribution(reference()), got = distribution(m);
  std::vector<double> best;
  double total = 0, variation = 0;
  for (std::size_t i = 0; i < kArms; ++i) total += best.emplace_back(p[i] * std::exp(kRewards[i] / kBeta));
  for (std::size_t i = 0; i < kArms; ++i) variation += std::abs(got[i] - best[i] / total) / 2;
  return variation;
}

/// 512 answers an iteration; the learning rate falls to 0 along a line.
template <class Trainer, class Config> double learnt(Config config) {
  config.max_new_tokens = 1, config.kl_coef = kBeta, config.num_epochs = 4, config.optimizer.learning_rate = 3e-3;
  Trainer trainer(reference(), config);
  const std::vector<train::TokenIds> prompts(static_cast<std::size_t>(512 / config.num_generations), {0});
  constexpr int kIterations = 120;
  for (int i = 0; i < kIterations; ++i) {
    const auto answers = trainer.generate(prompts);
    std::vector<double> scores;
    for (const auto& a : answers) scores.push_back(kRewards[static_cast<std::size_t>(a.ids[0])]);
    const double lr_factor = 1.0 - static_cast<double>(i) / kIterations;
    if constexpr (requires { config.vf_coef; })
      trainer.step(prompts, answers, scores, {}, lr_factor);
    else
      trainer.step(prompts, answers, scores, lr_factor);
  }
  return distance(trainer.policy());
}

}  // namespace

TEST_CASE("PPO ends at the optimum of a one-token bandit") {
  CHECK(distance(reference()) > 0.25);
  train::PPOConfig config;
  config.vf_coef = 0.5;
  CHECK(learnt<train::PPOTrainer>(config) < 0.01);
}

TEST_CASE("RLOO ends there, with the KL in the reward or k2 in the loss") {
  train::RLOOConfig config;
  config.num_generations = 8;
  CHECK(learnt<train::RLOOTrainer>(config) < 0.01);
  config.kl_in = "loss", config.kl_estimator = "k2";
  CHECK(learnt<train::RLOOTrainer>(config) < 0.01);
}

TEST_CASE("unscaled GRPO ends there, with the KL in the reward or k2 in the loss") {
  train::GRPOConfig config;
  config.scale_rewards = "none", config.aggregation = "seq-mean-token-sum-norm";
  config.kl_in = "reward", config.kl_estimator = "k1";
  CHECK(learnt<train::GRPOTrainer>(config) < 0.01);
  // A group's mean holds the answer itself: advantages are (n - 1) / n of RLOO's, the KL in the loss is not, so that n is to be large.
  config.kl_in = "loss", config.kl_estimator = "k2", config.num_generations = 128;
  CHECK(learnt<train::GRPOTrainer>(config) < 0.01);
}

TEST_CASE("GRPO with the KL in the loss ends elsewhere where it is scaled by groups, or the estimator is k3") {
  train::GRPOConfig config;
  config.num_generations = 128, config.kl_in = "loss", config.kl_estimator = "k2";
  CHECK(learnt<train::GRPOTrainer>(config) > 0.03);
  config.scale_rewards = "none", config.kl_estimator = "k3";
  CHECK(learnt<train::GRPOTrainer>(config) > 0.03);
}

TEST_CASE("DPO recovers differences of rewards as well as the choices tell them") {
  // 1,500 choices by a Bradley-Terry judge; the most likely strengths are what the choices tell.
  std::vector<train::Preference> pairs;
  std::vector<prefs::Comparison> comparisons;
  Rng rng(11, Purpose::kUser);
  for (int k = 0; k < 1500; ++k) {
    const auto i = static_cast<std::int32_t>(rng.below(kArms));
    const auto j = static_cast<std::int32_t>((static_cast<std::uint64_t>(i) + 1 + rng.below(kArms - 1)) % kArms);
    const double d = kRewards[static_cast<std::size_t>(i)] - kRewards[static_cast<std::size_t>(j)];
    const bool first = rng.uniform() < 1 / (1 + std::exp(-d));
    pairs.push_back({{0}, {first ? i : j}, {first ? j : i}});
    comparisons.push_back({first ? i : j, first ? j : i});
  }
  train::DPOConfig config;
  config.beta = kBeta, config.epochs = 8, config.batch_size = 100, config.optimizer.learning_rate = 1e-2, config.schedule = "linear";
  train::DPOTrainer trainer(reference(), config);
  trainer.train(pairs);
  const auto p = distribution(reference()), q = distribution(trainer.policy());
  const auto strengths = prefs::fit_strengths(comparisons, kArms, 1e-6);
  for (std::size_t i = 1; i < kArms; ++i) {
    const double difference = kBeta * (std::log(q[i] / p[i]) - std::log(q[0] / p[0]));
    INFO("arm " << i);
    CHECK(difference == Approx(strengths.data()[i] - strengths.data()[0]).margin(0.05));
    CHECK(difference == Approx(kRewards[i] - kRewards[0]).margin(0.35));  // about three standard errors of 500 choices an arm
  }
}
