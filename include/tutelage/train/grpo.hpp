#pragma once
#include <string>

#include "tutelage/train/group.hpp"

TUTELAGE_BEGIN

namespace train {

/// Advantages relative to the answers to the same prompt, a token loss, and KL in the loss (Shao et al. 2024). Its unnormalised form (Liu et al.
/// 2025) is scale_rewards "none" with aggregation "seq-mean-token-sum-norm". docs/algorithms/grpo.md has its details.
struct GRPOConfig : PolicyConfig {
  static constexpr const char *kStage = "grpo", *kTrainer = "GRPOTrainer";  // in progress, in errors
  std::string scale_rewards = "group";                                      // group: divided by the std of the group (ddof 1) + 1e-4; none
  GRPOConfig() {
    num_generations = 8, num_epochs = 1, aggregation = "seq-mean-token-mean";
    kl_coef = 0.04, kl_estimator = "k3", kl_in = "loss";
  }
  void validate() const;  // @throws ConfigError
};

using GRPOTrainer = GroupTrainer<GRPOConfig>;

}  // namespace train

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/train/grpo.ipp"
#endif
