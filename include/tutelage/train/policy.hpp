#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tutelage/base/progress.hpp"
#include "tutelage/nn/generate.hpp"
#include "tutelage/optim/adamw.hpp"
#include "tutelage/reward/reward_model.hpp"
#include "tutelage/text/tokenizer.hpp"
#include "tutelage/train/alarms.hpp"

TUTELAGE_BEGIN

namespace train {

using TokenIds = std::vector<std::int32_t>;

/// What PPO, RLOO and GRPO have in common: how answers are drawn and scored, and how the policy moves on them.
struct PolicyConfig {
  // rollout
  std::int64_t batch_size = 0;       // prompts an iteration of train(), in seeded order; 0: all, as given
  std::int64_t num_generations = 1;  // answers to each prompt, a group
  std::int64_t max_new_tokens = 24;
  std::int64_t min_new_tokens = 0;     // so many tokens hold no stop id, in sampling and in every log-prob
  double temperature = 1.0;            // > 0; log-probs everywhere are at this temperature
  std::vector<std::int32_t> stop_ids;  // the answer ends with one of them
  // scores, in this order
  std::string normalize_rewards = "none";  // batch: (score - mean) / std of the step; running: of all steps so far, this one included
  double reward_scale = 1.0;               // scores are multiplied by it
  double reward_clip = 0.0;                // then clipped to +- it; 0: off
  std::string missing_eos = "subtract";    // of an answer that was cut: subtract: score - missing_eos_penalty; set: the score is -missing_eos_penalty
  double missing_eos_penalty = 0.0;
  // KL to the reference
  double kl_coef = 0.05;            // beta; nats
  std::string kl_estimator = "k1";  // k1, k2, k3, abs, or full: over the whole vocabulary, never negative
  std::string kl_in = "reward";     // reward, or loss
  double kl_target = 0.0;           // nats; kl_coef follows it by AdaptiveKL; 0: kl_coef is fixed
  double kl_horizon = 10000;        // answers
  std::string kl_per = "sequence";  // what kl_target counts: sums over an answer, or the mean of a token: "token"
  // optimisation
  std::int64_t num_epochs = 4;        // passes over each rollout
  std::int64_t mini_batch_size = 0;   // answers an optimiser step; 0: all
  std::int64_t micro_batch_size = 0;  // answers computed at once; 0: the whole step. Does not change the result
  double clip_range = 0.2;            // of the ratio, downwards, and upwards where clip_range_high is not given
  std::optional<double> clip_range_high;
  std::optional<double> dual_clip;         // bound of the loss where the advantage is negative, times it; more than 1
  double entropy_coef = 0.0;               // bonus
  double target_kl = 0.0;                  // an update whose approx_kl is above is not made and ends the iteration; 0: off
  std::string aggregation = "token-mean";  // see rl::aggregate; max_length is max_new_tokens
  optim::AdamWConfig optimizer;
  AlarmConfig alarms;  // of train()
  std::uint64_t seed = 0;

 protected:
  void validate(const char* name) const;  // @throws ConfigError
};

/// What is known of the answers of one step; flat over their tokens, in item order.
struct Rollout {
  std::vector<std::int64_t> offsets{0};               // tokens of answer i: [offsets[i], offsets[i + 1])
  std::vector<float> old_logprobs, ref_logprobs, kl;  // kl: of kl_estimator
  std::vector<float> rewards;                         // a token: -kl_coef kl, where KL is in the reward, its own reward, and at the last the score
  std::vector<float> values, advantages, returns;     // values and returns: PPO alone
  std::vector<double> scores;                         // an answer: normalised, scaled, clipped, without what a missing EOS costs
  std::vector<double> kl_sums;                        // an answer: sum of log(policy / reference), nats
  std::int64_t answers() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
  std::int64_t length(std::size_t i) const { return offsets[i + 1] - offsets[i]; }
};

/// One iteration of PPO, RLOO or GRPO in numbers; every mean is over real response tokens, over answers or, where stated, over updates.
struct PolicyStats {
  double reward = 0, reward_std = 0;                                  // of the scores as given, over answers; std with ddof 1
  double frac_reward_zero_std = 0;                                    // share of groups whose answers all scored the same
  double kl = 0;                                                      // sum of log(policy / reference) an answer, nats, mean over answers
  double kl_coef = 0;                                                 // that this iteration was rewarded with
  double entropy = 0;                                                 // mean of -log p of the tokens drawn, nats a token: an unbiased estimate
  double response_length = 0;                                         // tokens
  double frac_ended = 0;                                              // share of answers that end with a stop id
  double policy_loss = 0, value_loss = 0, kl_loss = 0, ptx_loss = 0;  // means over updates; kl_loss: KL times kl_coef, where KL is in the loss
  double clip_fraction = 0, value_clip_fraction = 0;                  // share of tokens (RLOO: answers), mean over updates
  double approx_kl = 0;                             // of the policy to the one that sampled: mean (l - l_old)^2 / 2 a token (RLOO: an answer)
  double grad_norm = 0;                             // before clipping
  double explained_variance = 0;                    // of returns by values, at the iteration's start: 1 - var(R - V) / var(R)
  double first_ratio_min = 1, first_ratio_max = 1;  // of the first minibatch: exactly 1
  std::int64_t clamped = 0;                         // log-ratios beyond +-20
  std::int64_t updates = 0;                         // optimiser steps
  std::vector<std::string> warnings;                // what looks wrong, with the likely cause; each once a trainer
  std::vector<Alarm> alarms;                        // all that train() has seen up to here
  /// Names and numbers, in order: what a line of metrics holds.
  std::vector<std::pair<std::string, double>> metrics() const;
};

/// Mean and spread of the scores of all steps so far.
struct RunningMoments {
  double count = 0, mean = 0, squares = 0;  // squares: sum of (x - mean)^2
  /// Chan et al. 1979.
  void add(std::span<const double> values);
  double std() const;  // ddof 0; 1 where there is no spread
};

/// Everything that decides the next iteration of RLOO or GRPO, but for the configuration.
struct PolicyState {
  nn::Transformer policy, reference;
  optim::AdamWState<float> optimizer;
  std::int64_t iteration = 0;
  std::optional<double> kl_coef = {};  // not set: the configuration's
  RunningMoments moments = {};

  static constexpr const char* kKind = "policy";
  template <class F> void visit(F&& f) { visit_fields(*this, f); }
  template <class F> void visit(F&& f) const { visit_fields(*this, f); }

 private:
  template <class Self, class F> static void visit_fields(Self& self, F& f) {
    f("policy", self.policy);
    f("reference", self.reference);
    f("optimizer", self.optimizer);
    f("iteration", self.iteration);
    f("kl_coef", self.kl_coef);
    f("moments.count", self.moments.count);
    f("moments.mean", self.moments.mean);
    f("moments.squares", self.moments.squares);
  }
};

/// Tells once what looks wrong in a step, with its likely cause. docs/algorithms/troubleshooting.md lists the same.
class Watch {
 public:
  /// Warnings of this step that were not given before. `kl_sums`: of each answer; `can_end`: there is a stop id; `grouped`: answers to a prompt are
  /// compared with each other.
  std::vector<std::string> look(const PolicyStats& stats, std::span<const double> scores, std::span<const double> kl_sums, bool can_end,
                                bool grouped);

 private:
  std::set<std::string> told_;
  std::int64_t answers_ = 0, ended_ = 0;  // so far
};

/// Which of n prompts an iteration asks: batch_size of them, one run after the other through seeded orders of all; 0: all, as given.
std::vector<std::int64_t> prompt_places(std::int64_t n, std::int64_t batch_size, std::int64_t iteration, std::uint64_t seed);

/// Draws config.num_generations answers to each prompt; those to prompts[i] are results i * num_generations and on.
std::vector<nn::Generation> sample_answers(const nn::Transformer& policy, const PolicyConfig& config, const std::vector<TokenIds>& prompts,
                                           std::int64_t iteration, const RunOptions& run = {});

/// What `reward` gives the answers; `tokenizer`, where there is one, gives it their texts. Answers as sample_answers gave them.
reward::Scores score_answers(const reward::Reward& reward, const std::vector<TokenIds>& prompts, const std::vector<nn::Generation>& responses,
                             const text::Tokenizer* tokenizer);

}  // namespace train

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/train/policy.ipp"
#endif
