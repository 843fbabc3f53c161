#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "tutelage/base/progress.hpp"
#include "tutelage/io/checkpoint.hpp"
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
struct RewardConfig {
  std::int64_t epochs = 4;
  std::int64_t batch_size = 16;       // pairs a step
  std::int64_t micro_batch_size = 0;  // pairs computed at once; 0: the whole step. Does not change the result
  optim::AdamWConfig optimizer;
  double center_coef = 0.01;  // keeps scores near 0; see bradley_terry_loss
  double error_rate = 0.0;    // share of answers that are thought to be mistakes
  std::uint64_t seed = 0;
  void validate() const;
};

/// Everything that decides the next step, but for the configuration and the pairs.
struct RewardState {
  reward::RewardModel model;
  optim::AdamWState<float> optimizer;
  std::int64_t position = 0;  // steps that a train() under way has done

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
  /// Goes on from where state() was asked, to the same bytes. Checked by: test_resume.cpp
  RewardTrainer(RewardState state, RewardConfig config);
  /// One optimiser step. @throws ValueError, ShapeError, IndexError or NumericError, changing nothing
  StepStats step(std::span<const Pair> pairs);
  /// config.epochs passes in seeded order; all pairs are checked before the first step. A requested stop ends it after the step under way, and the
  /// next call, with the same pairs, goes on from there. Returns the last step.
  StepStats train(std::span<const Pair> pairs, const RunOptions& run = {});
  const reward::RewardModel& model() const { return model_; }
  std::int64_t position() const { return position_; }
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
