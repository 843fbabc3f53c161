#pragma once
#include "tutelage/train/policy.hpp"

TUTELAGE_BEGIN

namespace train {

/// Advantages relative to the answers to the same prompt, a token loss, and KL in the loss (Shao et al. 2024). Its unnormalised form (Liu et al.
/// 2025) is scale_rewards "none" with aggregation "seq-mean-token-sum-norm". docs/algorithms/grpo.md has its details.
struct GRPOConfig : PolicyConfig {
  std::string scale_rewards = "group";  // group: divided by the std of the group (ddof 1) + 1e-4; none
  GRPOConfig() {
    num_generations = 8, num_epochs = 1, aggregation = "seq-mean-token-mean";
    kl_coef = 0.04, kl_estimator = "k3", kl_in = "loss";
  }
  void validate() const;  // @throws ConfigError
};

/// A policy with an adapter trains the adapter. The reference is the policy as given where none is.
class GRPOTrainer {
 public:
  GRPOTrainer(nn::Transformer policy, GRPOConfig config);
  GRPOTrainer(nn::Transformer policy, nn::Transformer reference, GRPOConfig config);
  /// Goes on from where state() was asked, to the same bytes.
  GRPOTrainer(PolicyState state, GRPOConfig config);

  /// Samples config.num_generations answers to each prompt: those to prompts[i] are results i * num_generations and on.
  std::vector<nn::Generation> generate(const std::vector<TokenIds>& prompts, const RunOptions& run = {}) const;
  /// What step() would learn from. Changes nothing.
  Rollout examine(const std::vector<TokenIds>& prompts, const std::vector<nn::Generation>& responses, std::span<const double> scores,
                  const std::vector<std::vector<double>>& token_scores = {}) const;
  /// Learns from the answers that generate() gave to the prompts and their scores. token_scores: none, or one a response token of each answer: their
  /// sum is added to its score. @throws as PPOTrainer::step
  PolicyStats step(const std::vector<TokenIds>& prompts, const std::vector<nn::Generation>& responses, std::span<const double> scores,
                   double lr_factor = 1.0, const std::vector<std::vector<double>>& token_scores = {});
  /// generate, score, step, `iterations` times; config.batch_size prompts each time.
  PolicyStats train(const std::vector<TokenIds>& prompts, const reward::Reward& reward, std::int64_t iterations, const RunOptions& run = {});
  /// From now on train() gives reward functions the texts too.
  void set_tokenizer(std::shared_ptr<const text::Tokenizer> tokenizer) { tokenizer_ = std::move(tokenizer); }

  const nn::Transformer& policy() const { return state_.policy; }
  const nn::Transformer& reference() const { return state_.reference; }
  const GRPOConfig& config() const { return config_; }
  std::int64_t iteration() const { return state_.iteration; }
  double kl_coef() const { return *state_.kl_coef; }
  PolicyState state() const;

 private:
  PolicyState state_;  // but for the optimizer
  GRPOConfig config_;
  optim::AdamW<float, nn::Transformer> optimizer_;
  Watch watch_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
};

}  // namespace train

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/train/grpo.ipp"
#endif
