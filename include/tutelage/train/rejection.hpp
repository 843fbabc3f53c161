#pragma once
#include "tutelage/train/policy.hpp"
#include "tutelage/train/sft.hpp"

TUTELAGE_BEGIN

namespace train {

/// The best of several answers to each prompt.
struct BestAnswer {
  nn::Generation answer;
  double score = 0;
  std::int64_t rank = 0;  // its number among the answers to the prompt; ties go to the first
};

/// Samples config.num_generations answers to each prompt and keeps the one with the highest score; nothing is learnt.
/// KL to the policy is at most log n - (n - 1) / n (Beirami et al. 2024), n = num_generations.
std::vector<BestAnswer> best_of_n(const nn::Transformer& policy, const PolicyConfig& config, const std::vector<TokenIds>& prompts,
                                  const reward::Reward& reward, const text::Tokenizer* tokenizer = nullptr, const RunOptions& run = {});

/// Rejection sampling: the best answers become supervised data (Nakano et al. 2021; Dong et al. 2023, RAFT). Of PolicyConfig the rollout, num_epochs,
/// mini_batch_size, micro_batch_size, the optimizer and the seed are read.
struct RejectionConfig : PolicyConfig {
  std::optional<double> threshold;  // answers that score less are not learnt, even as the best; not set: all
  RejectionConfig() { num_generations = 4, num_epochs = 1; }
  void validate() const;  // @throws ConfigError
};

/// A policy with an adapter trains the adapter.
class RejectionTrainer {
 public:
  RejectionTrainer(nn::Transformer policy, RejectionConfig config);
  /// Goes on from where state() was asked, to the same bytes. Of the state's reference nothing is read.
  RejectionTrainer(PolicyState state, RejectionConfig config);
  std::vector<nn::Generation> generate(const std::vector<TokenIds>& prompts, const RunOptions& run = {}) const;
  /// Learns the best answer to each prompt: policy_loss is its cross-entropy, nats a token. Where the threshold leaves none, no update is made.
  /// @throws as PPOTrainer::step
  PolicyStats step(const std::vector<TokenIds>& prompts, const std::vector<nn::Generation>& responses, std::span<const double> scores,
                   double lr_factor = 1.0);
  PolicyStats train(const std::vector<TokenIds>& prompts, const reward::Reward& reward, std::int64_t iterations, const RunOptions& run = {});
  void set_tokenizer(std::shared_ptr<const text::Tokenizer> tokenizer) { tokenizer_ = std::move(tokenizer); }
  const nn::Transformer& policy() const { return policy_; }
  const RejectionConfig& config() const { return config_; }
  std::int64_t iteration() const { return iteration_; }
  PolicyState state() const { return {policy_, {}, optimizer_.state(), iteration_}; }

 private:
  nn::Transformer policy_;
  RejectionConfig config_;
  optim::AdamW<float, nn::Transformer> optimizer_;
  std::int64_t iteration_ = 0;
  Watch watch_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
};

}  // namespace train

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/train/rejection.ipp"
#endif
