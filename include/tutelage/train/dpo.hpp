#pragma once
#include <span>

#include "tutelage/nn/transformer.hpp"
#include "tutelage/rl/dpo_loss.hpp"
#include "tutelage/train/preference.hpp"
#include "tutelage/train/policy.hpp"

TUTELAGE_BEGIN

namespace train {

/// Two answers to one prompt, as token ids.
struct Preference {
  TokenIds prompt, chosen, rejected;
};

/// Direct preference optimisation (Rafailov et al. 2023) and its relatives; see rl::dpo_loss. docs/algorithms/dpo.md has its details.
struct DPOConfig : EpochConfig {
  static constexpr const char* kTrainer = "DPOTrainer";  // in errors
  double beta = 0.1;
  std::string loss_type = "sigmoid";  // sigmoid, cdpo, robust, hinge, ipo, ipo_sum, simpo or orpo
  double label_smoothing = 0.0;       // share of wrong labels
  double simpo_gamma = 0.0;           // target margin of simpo
  void validate() const;              // @throws ConfigError
};

class DPOTrainer : public PreferenceTrainer<DPOConfig> {
 public:
  using PreferenceTrainer::PreferenceTrainer;
  /// One optimiser step. @throws ValueError for no pair or an empty prompt or answer, ShapeError, IndexError, NumericError; changing nothing
  PreferenceStats step(std::span<const Preference> pairs, double lr_factor = 1.0);
  /// config.epochs passes in seeded order; all pairs are checked, and scored by the reference, before the first step. Returns the last step.
  PreferenceStats train(std::span<const Preference> pairs, const RunOptions& run = {});
  /// The numbers of `pairs`; nothing is learnt.
  PreferenceStats evaluate(std::span<const Preference> pairs) const;

 private:
  PreferenceStats learn(std::span<const Preference> pairs, std::span<const float> reference, double lr_factor);
};

}  // namespace train

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/train/dpo.ipp"
#endif
