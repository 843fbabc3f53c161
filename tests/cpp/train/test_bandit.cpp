#include <cmath>

#include "../catch.hpp"
#include "tutelage/train/ppo.hpp"

using namespace tutelage;

// One token with reward R and a reference p: the KL-penalised optimum is p exp(R / beta), normalised.
TEST_CASE("PPO ends at the optimum of a one-token bandit") {
  constexpr std::int64_t kArms = 6;
  constexpr double kBeta = 0.5;
  const std::array<double, kArms> rewards{0.3, -0.5, 1.0, 0.0, 0.6, -1.0};
  nn::TransformerConfig shape;
  shape.vocab_size = kArms, shape.max_positions = 4, shape.hidden_size = 16, shape.num_layers = 1, shape.num_heads = 2;
  nn::Transformer reference(shape, 3);
  std::vector<float> rows(static_cast<std::size_t>(kArms * shape.hidden_size));  // a reference that is not uniform
  Rng rng(5, Purpose::kUser, 0, 0);
  for (auto& x : rows) x = static_cast<float>(rng.normal() * 0.15);
  reference.token_embedding = Tensor::from({kArms, shape.hidden_size}, rows);

  train::PPOConfig config;
  config.max_new_tokens = 1, config.kl_coef = kBeta, config.num_epochs = 4, config.optimizer.learning_rate = 3e-3, config.vf_coef = 0.5;
  train::PPOTrainer trainer(reference, config);
  const std::vector<train::TokenIds> prompts(512, {0});
  constexpr int kIterations = 120;
  for (int i = 0; i < kIterations; ++i) {
    const auto answers = trainer.generate(prompts);
    std::vector<double> scores;
    for (const auto& a : answers) scores.push_back(rewards[static_cast<std::size_t>(a.ids[0])]);
    trainer.step(prompts, answers, scores, {}, 1.0 - static_cast<double>(i) / kIterations);
  }

  const auto distribution = [](const nn::Transformer& m) {
    std::vector<double> p;
    for (std::int32_t id = 0; id < kArms; ++id) {
      nn::TokenBatch batch;
      batch.add(train::TokenIds{0, id});
      p.push_back(std::exp(static_cast<double>(m.logprobs(batch, 1.0).data()[0])));
    }
    return p;
  };
  const auto p = distribution(reference), got = distribution(trainer.policy());
  std::vector<double> best;
  double total = 0;
  for (std::size_t i = 0; i < kArms; ++i) total += best.emplace_back(p[i] * std::exp(rewards[i] / kBeta));
  double variation = 0, start = 0;
  for (std::size_t i = 0; i < kArms; ++i) {
    variation += std::abs(got[i] - best[i] / total) / 2;
    start += std::abs(p[i] - best[i] / total) / 2;
  }
  INFO("total variation " << start << " -> " << variation);
  CHECK(start > 0.25);
  CHECK(variation < 0.01);
}
