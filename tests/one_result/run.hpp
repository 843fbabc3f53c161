#pragma once
// Fifty PPO steps of a 32-wide transformer, and the digests of all that they computed. Nothing here computes with floating-point numbers: a host
// that rounds upward would see another result of its own.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <tutelage/tutelage.hpp>
#include <tutelage/impl/base/worker_hook.hpp>
#include <tutelage/impl/io/sha256.hpp>

#include "resumed.hpp"

namespace one_result {

using namespace tutelage;
using Ids = std::vector<std::int32_t>;
using io::detail_::Sha256;
using Digests = std::vector<std::pair<std::string, std::string>>;

/// What decides the result.
struct Problem {
  std::string name;
  std::int64_t steps, prompts, new_tokens;
};
inline const std::vector<Problem>& problems() {
  static const std::vector<Problem> all = {
      {"ppo50", 50, 7, 8},        // the reference
      {"ppo50_wide", 50, 96, 8},  // enough work for eight threads
      {"ppo3", 3, 5, 6},          // for emulated processors
      {"ppo3_qwen", 3, 5, 6},     // RMS norms, rotary positions, grouped heads, a gated MLP, windows, two embeddings
      {"ppo3_neox", 3, 5, 6},     // parallel blocks, partly rotary positions, exact GELU
      {"ppo3_lora", 3, 5, 6},     // an adapter on a frozen model
  };
  return all;
}

/// What must not.
struct Execution {
  int threads = 0;
  std::int64_t micro_batch_size = 0;
  std::set<std::int64_t> stops;  // steps before which the trainer is written to a file and made anew from it
};

inline nn::Transformer model(const Problem& problem) {
  nn::TransformerConfig c;
  c.vocab_size = 53, c.max_positions = 24, c.hidden_size = 32, c.num_layers = 2, c.num_heads = 2, c.init_std = 0.2;
  if (problem.name == "ppo3_qwen") {
    c.num_heads = 4, c.num_kv_heads = 2, c.head_size = 12, c.norm = "rms", c.qk_norm = true, c.gated_mlp = true, c.activation = "silu";
    c.positions = "rotary", c.rope_scaling.type = "yarn", c.rope_scaling.factor = 3, c.rope_scaling.original_max_positions = 8;
    c.qkv_bias = c.out_bias = c.mlp_bias = c.tie_embeddings = false, c.sliding_window = 5, c.sliding_layers = {0, 1};
  }
  if (problem.name == "ppo3_neox") {
    c.positions = "rotary", c.rotary_fraction = 0.25, c.parallel_blocks = true, c.activation = "gelu_exact";
    c.rope_scaling.type = "dynamic", c.rope_scaling.factor = 2, c.rope_scaling.original_max_positions = 10;
  }
  if (problem.name == "ppo3_lora") {
    c.num_heads = 4, c.num_kv_heads = 2, c.norm = "rms", c.gated_mlp = true, c.activation = "silu", c.positions = "rotary";
    nn::LoraConfig lora;
    lora.rank = 5, lora.seed = 3;
    return nn::Transformer(c, 7).with_lora(lora);
  }
  return nn::Transformer(c, 7);
}

/// Of one to nine tokens.
inline std::vector<Ids> prompts(std::int64_t n) {
  std::vector<Ids> all;
  for (std::int64_t i = 0; i < n; ++i) {
    Rng rng(5, Purpose::kUser, static_cast<std::uint32_t>(i));
    Ids p(1 + rng.bits() % 9);
    for (auto& id : p) id = static_cast<std::int32_t>(rng.bits() % 53);
    all.push_back(p);
  }
  return all;
}

inline train::PPOConfig config(const Problem& problem, const Execution& execution) {
  train::PPOConfig c;
  c.max_new_tokens = problem.new_tokens, c.temperature = 0.7, c.stop_ids = {1, 2, 3};
  c.num_epochs = 2, c.mini_batch_size = (problem.prompts + 1) / 2, c.micro_batch_size = execution.micro_batch_size;
  c.value_head_std = 0.1, c.missing_eos_penalty = 0.3, c.seed = 11;
  c.optimizer.learning_rate = 3e-3, c.optimizer.weight_decay = 0.01;
  return c;
}

/// Whole numbers, which every rounding mode computes alike: tokens below 20 are good.
inline std::vector<double> scores(const std::vector<nn::Generation>& answers) {
  std::vector<double> all;
  for (const auto& a : answers) all.push_back(static_cast<double>(std::count_if(a.ids.begin(), a.ids.end(), [](int id) { return id < 20; })));
  return all;
}

/// The PPO loss's gradient over all sequences, cut into micro-batches; each parameter has its own digest.
inline void add_gradients(Digests& digests, const train::PolicyAndValue& at, const std::vector<Ids>& prompts,
                          const std::vector<nn::Generation>& answers, std::int64_t micro_batch_size) {
  GradAccumulator<float, train::PolicyAndValue> acc(at);
  const std::size_t n = prompts.size(), size = micro_batch_size > 0 ? static_cast<std::size_t>(micro_batch_size) : n;
  for (std::size_t begin = 0; begin < n; begin += size) {
    nn::TokenBatch tokens;
    std::vector<std::int64_t> positions;
    Ids targets;
    std::vector<float> old;
    for (std::size_t i = begin; i < std::min(n, begin + size); ++i) {
      Ids whole = prompts[i];
      whole.insert(whole.end(), answers[i].ids.begin(), answers[i].ids.end());
      for (std::size_t t = 0; t < answers[i].ids.size(); ++t)
        positions.push_back(tokens.tokens() + static_cast<std::int64_t>(prompts[i].size() + t) - 1);
      targets.insert(targets.end(), answers[i].ids.begin(), answers[i].ids.end());
      old.insert(old.end(), answers[i].logprobs.begin(), answers[i].logprobs.end());
      tokens.add(whole);
    }
    const auto m = static_cast<std::int64_t>(old.size());
    acc.add(
        [&](const train::PolicyAndValue& p, int) {
          const Tensor rows = ops::rows(p.policy.hidden(tokens), positions);
          const Tensor logprobs = ops::token_logprobs(ops::linear(rows, p.policy.output_weight(), Tensor()), targets, 0.7);
          const Tensor one = Tensor::full({m}, 1.0f);
          return ops::add(rl::policy_terms(logprobs, Tensor::from({m}, old), one, 0.01).terms,
                          rl::value_terms(p.value_head(rows), Tensor({m}), one, 0.01).terms);
        },
        0);
  }
  const auto result = acc.finish();
  digests.emplace_back("loss", Sha256().add(&result.value, sizeof(double)).hex());
  result.grads.visit([&](const std::string& name, const Tensor& t) { digests.emplace_back("gradient " + name, Sha256().add(t.span()).hex()); });
}

inline Digests digests_of(const Problem& problem, const Execution& execution) {
  const auto asked = prompts(problem.prompts);
  auto trainer = std::make_unique<train::PPOTrainer>(model(problem), config(problem, execution));
  Sha256 ids, logprobs, statistics;
  for (std::int64_t step = 0; step < problem.steps; ++step) {
    if (execution.stops.count(step)) trainer = resumed(*trainer, config(problem, execution));
    const auto answers = trainer->generate(asked);
    for (const auto& a : answers) {
      ids.add(std::span<const std::int32_t>(a.ids));
      logprobs.add(std::span<const float>(a.logprobs));
    }
    const auto s = trainer->step(asked, answers, scores(answers));
    const double numbers[] = {s.reward,        s.kl,        s.response_length, s.policy_loss,     s.value_loss,
                              s.clip_fraction, s.approx_kl, s.grad_norm,       s.first_ratio_min, s.first_ratio_max};
    statistics.add(std::span<const double>(numbers));
  }

  const auto answers = trainer->generate(asked);
  nn::TokenBatch whole;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    Ids sequence = asked[i];
    sequence.insert(sequence.end(), answers[i].ids.begin(), answers[i].ids.end());
    whole.add(sequence);
  }
  const auto& m = trainer->model();
  Digests digests = {{"logits", Sha256().add(m.policy.logits(whole).span()).hex()},
                     {"values", Sha256().add(m.value_head(m.policy.hidden(whole)).span()).hex()},
                     {"scored log-probs", Sha256().add(m.policy.logprobs(whole, 0.7).span()).hex()},
                     {"sampled ids", ids.hex()},
                     {"sampled log-probs", logprobs.hex()},
                     {"statistics", statistics.hex()}};
  add_gradients(digests, m, asked, answers, execution.micro_batch_size);
  Sha256 parameters, first, second;
  m.visit([&](const std::string&, const Tensor& t) { parameters.add(t.span()); });
  for (const auto& t : trainer->optimizer_state().m) first.add(t.span());
  for (const auto& t : trainer->optimizer_state().v) second.add(t.span());
  digests.emplace_back("parameters", parameters.hex());
  digests.emplace_back("first moments", first.hex());
  digests.emplace_back("second moments", second.hex());
  return digests;
}

/// Threads that have worked since begin().
class Workers {
 public:
  static void begin() {
    const std::lock_guard lock(mutex());
    seen().clear();
  }
  static int count() {
    const std::lock_guard lock(mutex());
    return static_cast<int>(seen().size());
  }
  static void note() noexcept {
    const std::lock_guard lock(mutex());
    seen().insert(std::this_thread::get_id());
  }

 private:
  static std::mutex& mutex() {
    static std::mutex m;
    return m;
  }
  static std::set<std::thread::id>& seen() {
    static std::set<std::thread::id> s;
    return s;
  }
};

struct Outcome {
  Digests digests;
  int workers = 0;  // threads that did a part of the library's work; the calling one alone where all work was too small to be shared
};

/// Runs on `execution.threads` threads, also on a machine with fewer cores.
inline Outcome run(const Problem& problem, const Execution& execution) {
  const int most = std::max(execution.threads, 1);
  const tbb::global_control more(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(most));
  tbb::task_arena arena(most);
  Outcome outcome;
  Workers::begin();
  const auto before = detail::set_worker_hook(&Workers::note);
  set_num_threads(most);
  arena.execute([&] { outcome.digests = digests_of(problem, execution); });
  set_num_threads(0);
  detail::set_worker_hook(before);
  outcome.workers = std::max(1, Workers::count());
  return outcome;
}

}  // namespace one_result
