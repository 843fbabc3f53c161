#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tutelage/base/progress.hpp"
#include "tutelage/optim/adamw.hpp"
#include "tutelage/reward/ranking.hpp"
#include "tutelage/reward/state_reward.hpp"
#include "tutelage/train/choice.hpp"

TUTELAGE_BEGIN

namespace train {

/// A judgement of several: their numbers, best first.
struct RankedBehaviours {
  reward::Ranking ranking;
  double weight = 1.0;
};
struct BehaviourJudgements {
  std::vector<Choice> choices;
  std::vector<RankedBehaviours> rankings;
  std::int64_t count() const { return static_cast<std::int64_t>(choices.size() + rankings.size()); }
};

struct StateRewardFitConfig {
  std::int64_t epochs = 8;
  std::int64_t batch_size = 32;                                             // judgements a step
  optim::AdamWConfig optimizer{.learning_rate = 1e-3, .max_grad_norm = 0};  // a norm over all would join the members: 0, off
  std::string choice_likelihood = "bradley_terry";                          // or rao_kupper, davidson: ties are outcomes of their own
  double tie_parameter = 1.5;                                               // theta of rao_kupper, nu of davidson
  std::string ranking_likelihood = "plackett_luce";                         // or all_pairs, best_of_n (what follows the best is not told apart)
  std::string error_form = "mixture";  // what a choice's error_rate means under bradley_terry; see bradley_terry_loss
  double center_coef = 0.0;            // see bradley_terry_loss
  bool bootstrap = true;               // each member of an ensemble weighs a judgement by how often a resample drew it
  double held_out_share = 0.0;         // of judgements, not trained on; above 0, optimizer.weight_decay is adapted after each epoch:
  double ratio_low = 0.95;             // divided by decay_step where held-out loss / training loss is below,
  double ratio_high = 1.05;            // multiplied with it where it is above
  double decay_step = 1.5;
  double least_decay = 1e-4, most_decay = 10.0;  // between these; it starts at optimizer.weight_decay or the least
  std::uint64_t seed = 0;
  void validate() const;  // @throws ConfigError
};

struct StateRewardEpoch {
  double loss = 0;           // mean over members and judgements, in nats, as training went on
  double held_out_loss = 0;  // after the epoch; 0 where nothing is held out
  double weight_decay = 0;   // during it
};
struct StateRewardFit {
  std::vector<StateRewardEpoch> epochs;
  std::vector<std::int64_t> held_out;  // numbers of judgements: choices, then rankings
};

/// Fits `model` to judgements of behaviours, all members in one batched pass; then calibrates it on all steps.
/// A member's result does not depend on the others, nor on threads. On an error the model is as it was.
/// @throws ConfigError; ShapeError; IndexError for an unknown behaviour; ValueError for no judgement, a behaviour against itself, a number out of
/// range; NumericError. Cost: 3 forward passes over the steps of each judgement an epoch. Checked by: test_state_reward.cpp, test_state_reward.py.
StateRewardFit fit_state_reward(reward::StateRewardModel& model, const reward::Behaviours& behaviours, const BehaviourJudgements& judgements,
                                const StateRewardFitConfig& config = {}, const RunOptions& run = {});

/// Mean loss of judgements under the model, over members. @throws as fit_state_reward
double state_reward_loss(const reward::StateRewardModel& model, const reward::Behaviours& behaviours, const BehaviourJudgements& judgements,
                         const StateRewardFitConfig& config = {});

}  // namespace train

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/train/state_reward.ipp"
#endif
