#pragma once
#include "tutelage/train/group.hpp"

TUTELAGE_BEGIN

namespace train {

/// REINFORCE with the other answers to a prompt as the baseline (Kool et al. 2019; Ahmadian et al. 2024): no critic, one advantage an answer, and a
/// ratio of whole answers as TRL has it. docs/algorithms/rloo.md has its details.
struct RLOOConfig : PolicyConfig {
  static constexpr const char *kStage = "rloo", *kTrainer = "RLOOTrainer";  // in progress, in errors
  bool normalize_advantages = false;                                        // (A - mean) / (std with ddof 1 + 1e-4) over the step
  RLOOConfig() { num_generations = 2, num_epochs = 1, aggregation = "seq-mean-token-sum"; }
  void validate() const;  // @throws ConfigError
};

using RLOOTrainer = GroupTrainer<RLOOConfig>;

}  // namespace train

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/train/rloo.ipp"
#endif
