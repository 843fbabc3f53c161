#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tutelage/base/progress.hpp"
#include "tutelage/nn/generate.hpp"
#include "tutelage/optim/adamw.hpp"
#include "tutelage/reward/reward_model.hpp"
#include "tutelage/train/alarms.hpp"
#include "tutelage/train/sft.hpp"

TUTELAGE_BEGIN

namespace train {

using TokenIds = std::vector<std::int32_t>;

/// PPO with a KL penalty to the starting policy in the reward (Schulman et al. 2017; Ziegler et al. 2019; Ouyang et al. 2022).
struct PPOConfig {
  // rollout
  std::int64_t max_new_tokens = 24;
  double temperature = 1.0;            // > 0; log-probs everywhere are at this temperature
  std::vector<std::int32_t> stop_ids;  // the answer ends with one of them
  // rewards
  double kl_coef = 0.05;             // beta; nats
  std::string kl_estimator = "k1";   // k1, k2, k3 or abs, per token
  double missing_eos_penalty = 0.0;  // subtracted from the score of an answer that was cut
  double gamma = 1.0;
  double gae_lambda = 0.95;
  bool whiten_advantages = true;
  // optimisation
  std::int64_t num_epochs = 4;        // passes over each rollout
  std::int64_t mini_batch_size = 0;   // episodes an optimiser step; 0: all
  std::int64_t micro_batch_size = 0;  // episodes computed at once; 0: the whole step. Does not change the result
  double clip_range = 0.2;
  double clip_range_value = 0.2;
  double vf_coef = 0.1;
  double ptx_coef = 0.0;        // weight of the rehearsal loss (Ouyang et al. 2022, eq. 2)
  double value_head_std = 0.0;  // start of the value head; 0: zeros
  optim::AdamWConfig optimizer;
  AlarmConfig alarms;  // of train()
  std::uint64_t seed = 0;
  void validate() const;  // @throws ConfigError
};

/// What PPO trains: a policy and a value head on its hidden states.
struct PolicyAndValue {
  nn::Transformer policy;
  nn::ScalarHead<float> value_head;
  template <class F> void visit(F&& f) { visit_fields(*this, f); }
  template <class F> void visit(F&& f) const { visit_fields(*this, f); }

 private:
  template <class Self, class F> static void visit_fields(Self& self, F& f) {
    self.policy.visit([&](const std::string& n, auto& t) { f("policy." + n, t); });
    self.value_head.visit([&](const std::string& n, auto& t) { f("value_head." + n, t); });
  }
};

/// One PPO iteration in numbers; every mean is over real response tokens or over episodes.
struct PPOStats {
  double reward = 0;           // mean score
  double kl = 0;               // sum of log(policy / reference) an answer, nats, mean over answers
  double response_length = 0;  // tokens
  double policy_loss = 0, value_loss = 0, ptx_loss = 0;
  double clip_fraction = 0, approx_kl = 0, grad_norm = 0;
  double first_ratio_min = 1, first_ratio_max = 1;  // of the first minibatch: exactly 1
  std::vector<Alarm> alarms;                        // all that a loop has seen up to here
};

/// Everything that decides the next iteration, but for the configuration.
struct PPOState {
  PolicyAndValue model;
  nn::Transformer reference;
  optim::AdamWState<float> optimizer;
  std::int64_t iteration = 0;
};

/// A policy with an adapter trains the adapter and the value head; the frozen weights are shared with the reference, which is the policy as given:
/// for one without what an adapter has learnt before, give policy.without_adapter(). Dropout is off, so that the first ratio is exactly 1.
class PPOTrainer {
 public:
  /// The reference is the policy as given.
  PPOTrainer(nn::Transformer policy, PPOConfig config);
  PPOTrainer(nn::Transformer policy, nn::Transformer reference, PPOConfig config);
  /// Goes on from where state() was asked, to the same bytes. Checked by: tests/one_result
  PPOTrainer(PPOState state, PPOConfig config);

  /// Samples one answer a prompt with the current policy; numbers of iteration() and the prompt's place in `prompts`.
  std::vector<nn::Generation> generate(const std::vector<TokenIds>& prompts, const RunOptions& run = {}) const;
  /// Learns from answers that generate() gave and their scores. Log-probs are those that the sampler recorded.
  /// @throws ValueError for an empty prompt or answer or a score that is not finite, ShapeError for lists of unequal length, NumericError (the
  /// iteration's start is restored)
  PPOStats step(const std::vector<TokenIds>& prompts, const std::vector<nn::Generation>& responses, std::span<const double> scores,
                std::span<const text::Example> rehearsal = {}, double lr_factor = 1.0);
  /// generate, score, step, `iterations` times on the same prompts, with an eye on one answer for everything (Alarms).
  PPOStats train(const std::vector<TokenIds>& prompts, const reward::RewardFunction& reward, std::int64_t iterations, const RunOptions& run = {});

  const nn::Transformer& policy() const { return model_.policy; }
  const PolicyAndValue& model() const { return model_; }
  const nn::Transformer& reference() const { return reference_; }
  std::int64_t iteration() const { return iteration_; }
  const optim::AdamWState<float>& optimizer_state() const { return optimizer_.state(); }
  PPOState state() const { return {model_, reference_, optimizer_.state(), iteration_}; }

 private:
  PolicyAndValue model_;
  nn::Transformer reference_;
  PPOConfig config_;
  optim::AdamW<float, PolicyAndValue> optimizer_;
  std::int64_t iteration_ = 0;
};

}  // namespace train

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/train/ppo.ipp"
#endif
