#pragma once
#include "tutelage/nn/transformer.hpp"
#include "tutelage/train/epochs.hpp"

TUTELAGE_BEGIN

namespace train {

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

/// What DPO and KTO share. A policy with an adapter trains the adapter. The reference is the policy as given where none is.
template <class Config> class PreferenceTrainer {
 public:
  PreferenceTrainer(nn::Transformer policy, Config config);
  /// @throws ConfigError for a reference of another vocabulary
  PreferenceTrainer(nn::Transformer policy, nn::Transformer reference, Config config);
  /// Goes on from where state() was asked, to the same bytes: train() with the same data begins at its position.
  PreferenceTrainer(PreferenceState state, Config config);
  const nn::Transformer& policy() const { return policy_; }
  const nn::Transformer& reference() const { return reference_; }
  const Config& config() const { return config_; }
  PreferenceState state() const { return {policy_, reference_, optimizer_.state(), position_}; }

 protected:
  nn::Transformer policy_, reference_;
  Config config_;
  optim::AdamW<float, nn::Transformer> optimizer_;
  std::int64_t position_ = 0;
};

}  // namespace train

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/train/preference.ipp"
#endif
