#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "tutelage/base/progress.hpp"
#include "tutelage/optim/adamw.hpp"
#include "tutelage/reward/reward_model.hpp"
#include "tutelage/train/sft.hpp"

TUTELAGE_BEGIN

namespace train {

/// Two answers to one prompt, whole sequences of token ids; `probability` that the first is the better one.
struct Pair {
  std::vector<std::int32_t> chosen, rejected;
  double probability = 1.0;
  double weight = 1.0;
};

/// Bradley-Terry reward modelling from pairs.
struct RewardConfig : EpochConfig {
  double center_coef = 0.01;  // keeps scores near 0; see bradley_terry_loss
  double error_rate = 0.0;    // share of answers that are thought to be mistakes
  RewardConfig() { epochs = 4; }
  void validate() const;
};

/// One step of reward training in numbers, before it was taken.
struct RewardStats {
  double loss = 0;
  double grad_norm = 0;                // before clipping
  double accuracy = 0;                 // share of pairs whose chosen sequence scores higher; equal scores count one half
  double margin = 0, mean_reward = 0;  // mean of chosen - rejected; mean of all scores
  Metrics metrics() const {
    return {{"loss", loss}, {"grad_norm", grad_norm}, {"accuracy", accuracy}, {"margin", margin}, {"mean_reward", mean_reward}};
  }
};

/// Everything that decides the next step, but for the configuration.
struct RewardState {
  reward::RewardModel model;
  optim::AdamWState<float> optimizer;
  std::int64_t position = 0;  // steps of train() that are done

  static constexpr const char* kKind = "reward";
  template <class F> void visit(F&& f) { visit_fields(*this, f); }
  template <class F> void visit(F&& f) const { visit_fields(*this, f); }

 private:
  template <class Self, class F> static void visit_fields(Self& self, F& f) {
    f("trunk", self.model.net.trunk);
    f("head", self.model.net.head);
    f("gain", self.model.gain);
    f("bias", self.model.bias);
    f("optimizer", self.optimizer);
    f("position", self.position);
  }
};

/// Trains trunk and head, or where the trunk has an adapter the adapter and the head.
class RewardTrainer {
 public:
  RewardTrainer(reward::RewardModel model, RewardConfig config);
  /// Goes on from where state() was asked, to the same bytes: train() with the same pairs begins at its position.
  RewardTrainer(RewardState state, RewardConfig config);
  /// One optimiser step. @throws ValueError, ShapeError, IndexError or NumericError, changing nothing
  RewardStats step(std::span<const Pair> pairs, double lr_factor = 1.0);
  /// config.epochs passes in seeded order; all pairs are checked before the first step. Returns the last step.
  RewardStats train(std::span<const Pair> pairs, const RunOptions& run = {});
  /// The numbers of `pairs`; nothing is learnt.
  RewardStats evaluate(std::span<const Pair> pairs) const;
  const reward::RewardModel& model() const { return model_; }
  const RewardConfig& config() const { return config_; }
  RewardState state() const { return {model_, optimizer_.state(), position_}; }

 private:
  reward::RewardModel model_;
  RewardConfig config_;
  optim::AdamW<float, nn::TransformerWithHead<float>> optimizer_;
  std::int64_t position_ = 0;
};

/// Share of pairs whose chosen sequence scores higher; equal scores count one half.
double pair_accuracy(const reward::RewardEnsemble& ensemble, std::span<const Pair> pairs);

/// `members` reward models from one trunk, each with its own head and its own resample of the pairs (with replacement, seeded).
reward::RewardEnsemble fit_ensemble(const nn::Transformer& trunk, std::span<const Pair> pairs, std::int64_t members, const RewardConfig& config,
                                    const RunOptions& run = {});

}  // namespace train

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/train/reward.ipp"
#endif
