#pragma once
#include "tutelage/train/policy.hpp"
#include "tutelage/train/sft.hpp"

TUTELAGE_BEGIN

namespace train {

/// PPO with a KL penalty to the starting policy (Schulman et al. 2017; Ziegler et al. 2019; Ouyang et al. 2022). docs/algorithms/ppo.md has its
/// details.
struct PPOConfig : PolicyConfig {
  // advantages
  double gamma = 1.0;
  double gae_lambda = 0.95;
  bool bootstrap_truncated = false;  // the value after an answer that was cut stands for what was cut off; false: cut answers end as others
  bool whiten_rewards = false;       // token rewards, their mean kept
  bool whiten_advantages = true;
  bool whiten_keep_mean = false;         // of advantages
  int whiten_ddof = 0;                   // 0 as OpenAI's code, 1 as TRL's
  std::string whiten_scope = "rollout";  // of advantages: rollout, or mini_batch
  // critic
  double clip_range_value = 0.2;
  double vf_coef = 0.1;
  double value_head_std = 0.0;     // start of the value head; 0: zeros. 1 / sqrt(hidden_size + 1) is what reward models start with
  bool separate_critic = false;    // values have a transformer of their own, at first the policy's; false: they read the policy's hidden states
  std::int64_t critic_warmup = 0;  // iterations in which the policy stays as it is: the critic learns (a shared trunk stays: the head learns)
  double ptx_coef = 0.0;           // weight of the rehearsal loss (Ouyang et al. 2022, eq. 2)
  void validate() const;           // @throws ConfigError
};

/// What PPO trains: a policy, and a value head on its hidden states or on those of a critic.
struct PolicyAndValue {
  nn::Transformer policy;
  nn::ScalarHead<float> value_head;
  nn::Transformer critic = {};  // no blocks: the policy's hidden states serve
  template <class F> void visit(F&& f) { visit_fields(*this, f); }
  template <class F> void visit(F&& f) const { visit_fields(*this, f); }

 private:
  template <class Self, class F> static void visit_fields(Self& self, F& f) {
    self.policy.visit([&](const std::string& n, auto& t) { f("policy." + n, t); });
    self.value_head.visit([&](const std::string& n, auto& t) { f("value_head." + n, t); });
    self.critic.visit([&](const std::string& n, auto& t) { f("critic." + n, t); });
  }
};

/// Everything that decides the next iteration, but for the configuration.
struct PPOState {
  PolicyAndValue model;
  nn::Transformer reference;
  optim::AdamWState<float> optimizer;
  std::int64_t iteration = 0;
  std::optional<double> kl_coef = {};  // not set: the configuration's
  RunningMoments moments = {};

  static constexpr const char* kKind = "ppo";
  template <class F> void visit(F&& f) { visit_fields(*this, f); }
  template <class F> void visit(F&& f) const { visit_fields(*this, f); }

 private:
  template <class Self, class F> static void visit_fields(Self& self, F& f) {
    f("policy", self.model.policy);
    f("value_head", self.model.value_head);
    f("critic", self.model.critic);
    f("reference", self.reference);
    f("optimizer", self.optimizer);
    f("iteration", self.iteration);
    f("kl_coef", self.kl_coef);
    f("moments.count", self.moments.count);
    f("moments.mean", self.moments.mean);
    f("moments.squares", self.moments.squares);
  }
};

/// A policy with an adapter trains the adapter and the value head; the frozen weights are shared with the reference, which is the policy as given:
/// for one without what an adapter has learnt before, give policy.without_adapter(). Dropout is off, so that the first ratio is exactly 1.
class PPOTrainer {
 public:
  /// The reference is the policy as given.
  PPOTrainer(nn::Transformer policy, PPOConfig config);
  PPOTrainer(nn::Transformer policy, nn::Transformer reference, PPOConfig config);
  /// The critic starts as a reward model: its trunk, and its head with gain and bias. @throws ConfigError for a trunk of another vocabulary
  PPOTrainer(nn::Transformer policy, nn::Transformer reference, PPOConfig config, const reward::RewardModel& critic);
  /// Goes on from where state() was asked, to the same bytes. Checked by: tests/one_result
  PPOTrainer(PPOState state, PPOConfig config);

  /// Samples config.num_generations answers a prompt with the current policy; numbers of iteration() and the prompt's place in `prompts`.
  std::vector<nn::Generation> generate(const std::vector<TokenIds>& prompts, const RunOptions& run = {}) const;
  /// What step() would learn from: values, KL, rewards and advantages of each token. Changes nothing.
  Rollout examine(const std::vector<TokenIds>& prompts, const std::vector<nn::Generation>& responses, std::span<const double> scores,
                  const std::vector<std::vector<double>>& token_scores = {}) const;
  /// Learns from answers that generate() gave and their scores. Log-probs are those that the sampler recorded.
  /// token_scores: none, or one a response token of each answer, on top of its score.
  /// @throws ValueError for an empty prompt or answer or a score that is not finite, ShapeError for lists of unequal length, NumericError that names
  /// the first tensor that is not finite (the iteration's start is restored)
  PolicyStats step(const std::vector<TokenIds>& prompts, const std::vector<nn::Generation>& responses, std::span<const double> scores,
                   std::span<const text::Example> rehearsal = {}, double lr_factor = 1.0, const std::vector<std::vector<double>>& token_scores = {});
  /// generate, score, step, `iterations` times; config.batch_size prompts each time.
  PolicyStats train(const std::vector<TokenIds>& prompts, const reward::Reward& reward, std::int64_t iterations, const RunOptions& run = {});
  /// From now on train() gives reward functions the texts too.
  void set_tokenizer(std::shared_ptr<const text::Tokenizer> tokenizer) { tokenizer_ = std::move(tokenizer); }

  const nn::Transformer& policy() const { return model_.policy; }
  const PolicyAndValue& model() const { return model_; }
  const nn::Transformer& reference() const { return reference_; }
  const PPOConfig& config() const { return config_; }
  std::int64_t iteration() const { return iteration_; }
  double kl_coef() const { return kl_coef_; }
  const optim::AdamWState<float>& optimizer_state() const { return optimizer_.state(); }
  PPOState state() const { return {model_, reference_, optimizer_.state(), iteration_, kl_coef_, moments_}; }

 private:
  PolicyAndValue model_;
  nn::Transformer reference_;
  PPOConfig config_;
  optim::AdamW<float, PolicyAndValue> optimizer_;
  std::int64_t iteration_ = 0;
  double kl_coef_ = 0;
  RunningMoments moments_;
  Watch watch_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
};

}  // namespace train

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/train/ppo.ipp"
#endif
