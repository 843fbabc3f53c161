// Every trainer, stopped before any of its steps, written to a file and made anew from it, under any number of threads: the same bytes.
#include <unistd.h>

#include <filesystem>

#include "tiny_ppo.hpp"
#include "tutelage/train/reward.hpp"
#include "tutelage/train/sft.hpp"

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
    CHECK(trainer->position() == stop);
    trainer = std::make_unique<Trainer>(stored(trainer->state()), config);
    run.should_stop = {};
    trainer->train(items, run);
  }
  CHECK(trainer->position() == 0);
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

TEST_CASE("PPO goes on from any iteration to the same bytes, an adapter too") {
  for (const auto& start : {model(), adapted()})
    never_shows(4, [&](std::int64_t stop) {
      auto trainer = std::make_unique<PPOTrainer>(start, config());
      for (std::int64_t k = 0; k < 4; ++k) {
        if (k == stop) trainer = std::make_unique<PPOTrainer>(stored(trainer->state()), config());
        trainer->train(prompts(5), sevens, 1);
      }
      return all_of(trainer->state());
    });
}

TEST_CASE("a checkpoint of another trainer is refused by name") {
  const auto checkpoint = io::to_checkpoint(train::SFTState{model(), {}, 0});
  CHECK_THROWS_WITH(io::from_checkpoint<train::RewardState>(checkpoint), says("another trainer's: got sft, expected reward"));
}
