// Every trainer, stopped before any of its steps, written to a file and made anew from it, under any number of threads: the same bytes.
#include <unistd.h>

#include <filesystem>

#include "tiny_ppo.hpp"
#include "tutelage/train/dpo.hpp"
#include "tutelage/train/grpo.hpp"
#include "tutelage/train/kto.hpp"
#include "tutelage/train/rejection.hpp"
#include "tutelage/train/reward.hpp"
#include "tutelage/train/rloo.hpp"
#include "tutelage/train/sft.hpp"
#include "tutelage/io/checkpoint.hpp"

using namespace tiny;

namespace {

/// All that a state holds, byte for byte.
template <class State> std::string all_of(const State& state) {
  const auto checkpoint = io::to_checkpoint(state);
  std::string all;
  for (const auto& [name, text] : checkpoint.notes) all += name + "=" + text + "\n";
  for (const auto& [name, t] : checkpoint.tensors)
    all += name, all.append(reinterpret_cast<const char*>(t.data()), static_cast<std::size_t>(t.size()) * 4);
  return digest(all);
}

/// Through a file.
template <class State> State stored(const State& state) {
  const std::string path = (std::filesystem::temp_directory_path() / ("tutelage_resume." + std::to_string(::getpid()))).string();
  io::save_checkpoint(path, io::to_checkpoint(state));
  auto read = io::from_checkpoint<State>(io::load_checkpoint(path));
  std::filesystem::remove_all(path);
  return read;
}

/// Runs train() to its end, stopped once before step `stop` (-1: never), and gives the last state and what the last report said.
template <class Trainer, class State, class Config, class Items>
std::string trained(const State& start, const Config& config, const Items& items, std::int64_t stop) {
  std::string last;
  RunOptions run;
  std::int64_t steps = start.position;
  run.progress = [&](const Progress& p) {
    steps = p.done;
    last = p.stage + " " + std::to_string(p.done) + "/" + std::to_string(p.total) + " " + std::to_string(p.metrics[0].second);
  };
  run.should_stop = [&] { return steps == stop; };
  auto trainer = std::make_unique<Trainer>(start, config);
  trainer->train(items, run);
  if (stop >= 0) {
    CHECK(trainer->state().position == stop);
    trainer = std::make_unique<Trainer>(stored(trainer->state()), config);
    run.should_stop = {};
    trainer->train(items, run);
  }
  CHECK(trainer->state().position == 0);
  return all_of(trainer->state()) + last;
}

nn::Transformer adapted() {
  nn::LoraConfig lora;
  lora.rank = 3, lora.dropout = 0.2;
  return model().with_lora(lora);
}

/// What `run(stop)` gives is the same for every stop before one of `steps` steps and for 1, 2 and 4 threads.
template <class F> void never_shows(std::int64_t steps, const F& run) {
  set_num_threads(1);
  const std::string whole = run(-1);
  for (const int threads : {1, 2, 4}) {
    set_num_threads(threads);
    for (std::int64_t stop = 0; stop < steps; ++stop) CHECK(run(stop) == whole);
  }
  set_num_threads(0);
}

}  // namespace

TEST_CASE("SFT goes on from any step to the same bytes, an adapter with dropout too") {
  const auto data = examples(7);
  train::SFTConfig config;
  config.epochs = 3, config.batch_size = 3, config.warmup_steps = 2, config.seed = 5, config.optimizer.weight_decay = 0.1;
  for (const auto& start : {model(), adapted()})
    never_shows(9, [&](std::int64_t stop) { return trained<train::SFTTrainer>(train::SFTState{start, {}, 0}, config, data, stop); });
}

TEST_CASE("a reward model goes on from any step to the same bytes, an adapter with dropout too") {
  std::vector<train::Pair> pairs;
  for (std::uint32_t i = 0; i < 7; ++i) pairs.push_back({random_ids(2 * i, 2, 9), random_ids(2 * i + 1, 2, 9), 0.9, 1.0 + i});
  train::RewardConfig config;
  config.epochs = 3, config.batch_size = 3, config.seed = 6;
  for (const auto& trunk : {model(), adapted()}) {
    train::RewardState start{reward::RewardModel(trunk, 2), {}, 0};
    start.model.gain = 1.5, start.model.bias = -0.25;
    never_shows(9, [&](std::int64_t stop) { return trained<train::RewardTrainer>(start, config, pairs, stop); });
  }
}

TEST_CASE("DPO and KTO go on from any step to the same bytes, an adapter too") {
  std::vector<train::Preference> pairs;
  std::vector<train::Labelled> answers;
  for (std::uint32_t i = 0; i < 8; ++i) {
    pairs.push_back({random_ids(3 * i, 1, 5), random_ids(3 * i + 1, 1, 6), random_ids(3 * i + 2, 1, 6)});
    answers.push_back({pairs.back().prompt, pairs.back().chosen, i % 2 == 0});
  }
  train::DPOConfig dpo;
  dpo.epochs = 3, dpo.batch_size = 3, dpo.schedule = "linear", dpo.warmup_steps = 2;
  train::KTOConfig kto;
  kto.epochs = 3, kto.batch_size = 3;
  for (const auto& start : {model(), adapted()}) {
    const train::PreferenceState state{start, model(2), {}, 0};
    never_shows(9, [&](std::int64_t stop) { return trained<train::DPOTrainer>(state, dpo, pairs, stop); });
    never_shows(9, [&](std::int64_t stop) { return trained<train::KTOTrainer>(state, kto, answers, stop); });
  }
}

namespace {
/// Four iterations of a policy trainer, made anew from a file before iteration `stop`.
template <class Trainer, class Config> std::string iterated(const nn::Transformer& start, const Config& config, std::int64_t stop) {
  auto trainer = std::make_unique<Trainer>(start, config);
  for (std::int64_t k = 0; k < 4; ++k) {
    if (k == stop) trainer = std::make_unique<Trainer>(stored(trainer->state()), config);
    trainer->train(prompts(5), sevens, 1);
  }
  return all_of(trainer->state());
}
template <class Config> Config changing(Config c) {  // a KL coefficient and a normaliser that move, and prompts in an order
  c.max_new_tokens = 5, c.stop_ids = {2}, c.num_generations = 2, c.batch_size = 3, c.kl_target = 1e-4, c.kl_horizon = 20,
  c.normalize_rewards = "running";
  c.optimizer.learning_rate = 3e-3, c.seed = 4;
  return c;
}
}  // namespace

TEST_CASE(
    "PPO, RLOO, GRPO and rejection sampling go on from any iteration to the same bytes, an adapter, a critic, a normaliser and an adaptive KL "
    "coefficient too") {
  auto critic = changing(train::PPOConfig());
  critic.separate_critic = true, critic.critic_warmup = 1;
  for (const auto& start : {model(), adapted()}) {
    never_shows(4, [&](std::int64_t stop) { return iterated<PPOTrainer>(start, config(), stop); });
    never_shows(4, [&](std::int64_t stop) { return iterated<PPOTrainer>(start, critic, stop); });
    never_shows(4, [&](std::int64_t stop) { return iterated<train::RLOOTrainer>(start, changing(train::RLOOConfig()), stop); });
    never_shows(4, [&](std::int64_t stop) { return iterated<train::GRPOTrainer>(start, changing(train::GRPOConfig()), stop); });
    train::RejectionConfig rejection;
    rejection.max_new_tokens = 5, rejection.num_generations = 2, rejection.batch_size = 3, rejection.optimizer.learning_rate = 3e-3;
    never_shows(4, [&](std::int64_t stop) { return iterated<train::RejectionTrainer>(start, rejection, stop); });
  }
}

TEST_CASE("a checkpoint of another trainer is refused by name") {
  const auto checkpoint = io::to_checkpoint(train::SFTState{model(), {}, 0});
  CHECK_THROWS_WITH(io::from_checkpoint<train::RewardState>(checkpoint), says("another trainer's: got sft, expected reward"));
}
