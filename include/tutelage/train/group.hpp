#pragma once
#include "tutelage/train/policy.hpp"

TUTELAGE_BEGIN

namespace train {

/// What RLOO and GRPO, its two forms, share: groups of answers to a prompt that are each other's baseline, and no critic. A policy with an adapter
/// trains the adapter. The reference is the policy as given where none is.
template <class Config> class GroupTrainer {
 public:
  GroupTrainer(nn::Transformer policy, Config config);
  GroupTrainer(nn::Transformer policy, nn::Transformer reference, Config config);
  /// Goes on from where state() was asked, to the same bytes.
  GroupTrainer(PolicyState state, Config config);

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
  const Config& config() const { return config_; }
  std::int64_t iteration() const { return state_.iteration; }
  double kl_coef() const { return *state_.kl_coef; }
  PolicyState state() const;

 private:
  PolicyState state_;  // but for the optimizer
  Config config_;
  optim::AdamW<float, nn::Transformer> optimizer_;
  Watch watch_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
};

}  // namespace train

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/train/group.ipp"
#endif
