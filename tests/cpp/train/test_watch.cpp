#include <cmath>
#include <limits>

#include "tiny_ppo.hpp"
#include "tutelage/train/grpo.hpp"

using namespace tiny;

namespace {
bool tells(const std::vector<std::string>& warnings, const std::string& kind) {
  return std::any_of(warnings.begin(), warnings.end(), [&](const std::string& w) { return w.rfind(kind + ":", 0) == 0; });
}
}  // namespace

TEST_CASE("a healthy step tells nothing") {
  auto c = config();
  c.stop_ids = {0, 1, 2, 3, 4, 5, 6};
  PPOTrainer trainer(model(), c);
  for (int k = 0; k < 3; ++k) CHECK(trainer.train(prompts(32), sevens, 1).warnings.empty());
}

TEST_CASE("a constant reward is named once") {
  PPOTrainer trainer(model(), config());
  const auto same = [](std::span<const Episode> e) { return std::vector<double>(e.size(), 0.5); };
  CHECK(tells(trainer.train(prompts(8), same, 1).warnings, "constant reward"));
  CHECK(!tells(trainer.train(prompts(8), same, 1).warnings, "constant reward"));
}

TEST_CASE("answers of another policy are named") {
  PPOTrainer trainer(model(), config()), other(model(2), config());
  const auto answers = other.generate(prompts(8));
  CHECK(tells(trainer.step(prompts(8), answers, scores_of(answers)).warnings, "ratio not 1 at the start"));
}

TEST_CASE("a KL below zero is named") {
  PPOTrainer trainer(model(), config());
  auto answers = trainer.generate(prompts(64));
  for (auto& a : answers)
    for (auto& l : a.logprobs) l -= 0.3f;  // log-probs that are not those of the sampler
  CHECK(tells(trainer.step(prompts(64), answers, scores_of(answers)).warnings, "negative KL"));
}

TEST_CASE("answers without an end are named, and that none ever came") {
  auto c = config();
  c.max_new_tokens = 2, c.min_new_tokens = 2;
  PPOTrainer trainer(model(), c);
  const auto first = trainer.train(prompts(100), sevens, 1).warnings;
  CHECK(tells(first, "all answers cut"));
  CHECK(!tells(first, "EOS never produced"));
  trainer.train(prompts(100), sevens, 1);
  CHECK(tells(trainer.train(prompts(100), sevens, 1).warnings, "EOS never produced"));
}

TEST_CASE("groups whose answers score the same are named") {
  train::GRPOConfig c;
  c.num_generations = 4, c.max_new_tokens = 3;
  train::GRPOTrainer trainer(model(), c);
  const auto by_prompt = [](std::span<const Episode> episodes) {
    std::vector<double> scores;
    for (const auto& e : episodes) scores.push_back(e.prompt_ids[0]);
    return scores;
  };
  std::vector<std::string> told;
  RunOptions run;
  run.progress = [&](const Progress& p) { told = p.warnings; };
  const auto stats = trainer.train(prompts(8), by_prompt, 1, run);
  CHECK(stats.frac_reward_zero_std == 1);
  CHECK(tells(stats.warnings, "groups without variance"));
  CHECK(told == stats.warnings);
}

TEST_CASE("what is not finite stops the step and is named") {
  auto broken = model();
  broken.blocks[0].up_weight.mutable_data()[3] = std::numeric_limits<float>::quiet_NaN();
  PPOTrainer sound(model(), config());
  const auto answers = sound.generate(prompts(4));
  PPOTrainer trainer(broken, model(), config());
  const auto before = state(trainer);
  try {
    trainer.step(prompts(4), answers, scores_of(answers));
    FAIL("a model with NaN learnt");
  } catch (const NumericError& e) { CHECK(std::string(e.what()).find("blocks.0.up_weight") != std::string::npos); }
  CHECK(state(trainer) == before);
}
