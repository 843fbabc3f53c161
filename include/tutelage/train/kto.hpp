#pragma once
#include "tutelage/train/dpo.hpp"

TUTELAGE_BEGIN

namespace train {

/// One answer to a prompt, desirable or not.
struct Labelled {
  TokenIds prompt, completion;
  bool label = true;
};

/// Kahneman-Tversky optimisation (Ethayarajh et al. 2024): single answers, each good or bad; see rl::kto_loss. docs/algorithms/kto.md has its
/// details.
struct KTOConfig : EpochConfig {
  double beta = 0.1;
  double desirable_weight = 1.0, undesirable_weight = 1.0;
  void validate() const;  // @throws ConfigError
};

/// A policy with an adapter trains the adapter. The reference is the policy as given where none is. The KL that is the loss's reference point is of
/// the step's own mismatched answers: prompt i with the answer to prompt i - 1, the first with the last, as TRL has it.
class KTOTrainer {
 public:
  KTOTrainer(nn::Transformer policy, KTOConfig config);
  KTOTrainer(nn::Transformer policy, nn::Transformer reference, KTOConfig config);
  /// Goes on from where state() was asked, to the same bytes: train() with the same answers begins at its position.
  KTOTrainer(PreferenceState state, KTOConfig config);
  /// One optimiser step on two answers or more. @throws as DPOTrainer::step
  PreferenceStats step(std::span<const Labelled> answers, double lr_factor = 1.0);
  /// config.epochs passes in seeded order; a last step of one answer is left out. Returns the last step.
  PreferenceStats train(std::span<const Labelled> answers, const RunOptions& run = {});
  /// The numbers of `answers`; nothing is learnt.
  PreferenceStats evaluate(std::span<const Labelled> answers) const;
  const nn::Transformer& policy() const { return policy_; }
  const nn::Transformer& reference() const { return reference_; }
  const KTOConfig& config() const { return config_; }
  PreferenceState state() const { return {policy_, reference_, optimizer_.state(), position_}; }

 private:
  nn::Transformer policy_, reference_;
  KTOConfig config_;
  optim::AdamW<float, nn::Transformer> optimizer_;
  std::int64_t position_ = 0;
};

}  // namespace train

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/train/kto.ipp"
#endif
