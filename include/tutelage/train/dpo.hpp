#pragma once
#include <span>

#include "tutelage/nn/transformer.hpp"
#include "tutelage/rl/dpo_loss.hpp"
#include "tutelage/train/epochs.hpp"
#include "tutelage/train/policy.hpp"

TUTELAGE_BEGIN

namespace train {

/// Two answers to one prompt, as token ids.
struct Preference {
  TokenIds prompt, chosen, rejected;
};

/// Direct preference optimisation (Rafailov et al. 2023) and its relatives; see rl::dpo_loss. docs/algorithms/dpo.md has its details.
struct DPOConfig : EpochConfig {
  double beta = 0.1;
  std::string loss_type = "sigmoid";  // sigmoid, cdpo, robust, hinge, ipo, ipo_sum, simpo or orpo
  double label_smoothing = 0.0;       // share of wrong labels
  double simpo_gamma = 0.0;           // target margin of simpo
  void validate() const;              // @throws ConfigError
};

/// One step of DPO or KTO in numbers, before it was taken; means over pairs (KTO: over answers of the kind). Rewards are beta times the log-ratio.
struct PreferenceStats {
  double loss = 0;
  double grad_norm = 0;  // before clipping
  double rewards_chosen = 0, rewards_rejected = 0;
  double rewards_accuracies = 0;                // share of pairs whose chosen reward is the higher; equal ones count one half. KTO: 0
  double rewards_margins = 0;                   // chosen - rejected
  double logps_chosen = 0, logps_rejected = 0;  // log-probs summed over the answer, nats
  double kl = 0;                                // KTO: the reference point
  Metrics metrics() const;
};

/// Everything that decides the next step of DPO or KTO, but for the configuration.
struct PreferenceState {
  nn::Transformer policy, reference;
  optim::AdamWState<float> optimizer;
  std::int64_t position = 0;  // steps of train() that are done

  static constexpr const char* kKind = "preference";
  template <class F> void visit(F&& f) { visit_fields(*this, f); }
  template <class F> void visit(F&& f) const { visit_fields(*this, f); }

 private:
  template <class Self, class F> static void visit_fields(Self& self, F& f) {
    f("policy", self.policy);
    f("reference", self.reference);
    f("optimizer", self.optimizer);
    f("position", self.position);
  }
};

/// A policy with an adapter trains the adapter. The reference is the policy as given where none is.
class DPOTrainer {
 public:
  DPOTrainer(nn::Transformer policy, DPOConfig config);
  DPOTrainer(nn::Transformer policy, nn::Transformer reference, DPOConfig config);
  /// Goes on from where state() was asked, to the same bytes: train() with the same pairs begins at its position.
  DPOTrainer(PreferenceState state, DPOConfig config);
  /// One optimiser step. @throws ValueError for no pair or an empty prompt or answer, ShapeError, IndexError, NumericError; changing nothing
  PreferenceStats step(std::span<const Preference> pairs, double lr_factor = 1.0);
  /// config.epochs passes in seeded order; all pairs are checked, and scored by the reference, before the first step. Returns the last step.
  PreferenceStats train(std::span<const Preference> pairs, const RunOptions& run = {});
  /// The numbers of `pairs`; nothing is learnt.
  PreferenceStats evaluate(std::span<const Preference> pairs) const;
  const nn::Transformer& policy() const { return policy_; }
  const nn::Transformer& reference() const { return reference_; }
  const DPOConfig& config() const { return config_; }
  PreferenceState state() const { return {policy_, reference_, optimizer_.state(), position_}; }

 private:
  PreferenceStats learn(std::span<const Preference> pairs, std::span<const float> reference, double lr_factor);
  nn::Transformer policy_, reference_;
  DPOConfig config_;
  optim::AdamW<float, nn::Transformer> optimizer_;
  std::int64_t position_ = 0;
};

}  // namespace train

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/train/dpo.ipp"
#endif
