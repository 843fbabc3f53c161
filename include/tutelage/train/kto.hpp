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
  static constexpr const char* kTrainer = "KTOTrainer";  // in errors
  double beta = 0.1;
  double desirable_weight = 1.0, undesirable_weight = 1.0;
  void validate() const;  // @throws ConfigError
};

/// The KL that is the loss's reference point is of the step's own mismatched answers: prompt i with the answer to prompt i - 1, the first with the
/// last, as TRL has it; what does not fit the model is cut off.
class KTOTrainer : public PreferenceTrainer<KTOConfig> {
 public:
  using PreferenceTrainer::PreferenceTrainer;
  /// One optimiser step on two answers or more. @throws as DPOTrainer::step
  PreferenceStats step(std::span<const Labelled> answers, double lr_factor = 1.0);
  /// config.epochs passes in seeded order, as DPOTrainer::train; a last step of one answer is left out. Returns the last step.
  PreferenceStats train(std::span<const Labelled> answers, const RunOptions& run = {});
  /// The numbers of `answers`; nothing is learnt.
  PreferenceStats evaluate(std::span<const Labelled> answers) const;

 private:
  PreferenceStats learn(std::span<const Labelled> answers, std::span<const float> reference, double lr_factor);
};

}  // namespace train

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/train/kto.ipp"
#endif
