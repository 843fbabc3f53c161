#pragma once
#include <utility>

#include "tutelage/base/fail.hpp"
#include "tutelage/impl/train/rollout.ipp"
#include "tutelage/train/preference.hpp"

TUTELAGE_BEGIN

namespace train {

TUTELAGE_INLINE Metrics PreferenceStats::metrics() const {
  return {{"loss", loss},
          {"grad_norm", grad_norm},
          {"rewards/chosen", rewards_chosen},
          {"rewards/rejected", rewards_rejected},
          {"rewards/accuracies", rewards_accuracies},
          {"rewards/margins", rewards_margins},
          {"logps/chosen", logps_chosen},
          {"logps/rejected", logps_rejected},
          {"kl", kl}};
}

namespace detail_ {
/// Log-probs of whole answers, summed over their tokens: (answers).
inline Tensor answer_sums(const nn::Transformer& model, const AnswerBatch& b) {
  return ops::sum_runs(ops::linear_logprobs(b.rows(model), model.output_weight(), b.targets), std::span<const std::int64_t>(b.offsets));
}

inline void check_answer(const char* function, std::size_t sample, const TokenIds& prompt, const TokenIds& answer,
                         const nn::TransformerConfig& config) {
  if (prompt.empty() || answer.empty())
    detail::fail<ValueError>(function, "prompt or answer of sample " + detail::str(sample) + " is empty", "no token", "at least one");
  TokenIds whole = prompt;
  whole.insert(whole.end(), answer.begin(), answer.end());
  check_sequence(function, sample, whole, config);
}

/// The answers of some items; each algorithm says which, in its own file.
template <class Item> AnswerBatch batch_of(std::span<const Item> items);

/// answer_sums of batch_of(items) under a model that does not learn.
template <class Item> std::vector<float> frozen_sums(const nn::Transformer& model, std::span<const Item> items) {
  std::vector<float> all;
  micro_batches(static_cast<std::int64_t>(items.size()), 16, [&](std::int64_t begin, std::int64_t end) {
    append(all, answer_sums(model, batch_of(items.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)))));
  });
  return all;
}
}  // namespace detail_

template <class Config>
PreferenceTrainer<Config>::PreferenceTrainer(nn::Transformer policy, Config config) : PreferenceTrainer(policy, policy, std::move(config)) {}

template <class Config>
PreferenceTrainer<Config>::PreferenceTrainer(nn::Transformer policy, nn::Transformer reference, Config config)
    : PreferenceTrainer(PreferenceState{std::move(policy), std::move(reference), {}}, std::move(config)) {}

template <class Config>
PreferenceTrainer<Config>::PreferenceTrainer(PreferenceState state, Config config)
    : policy_(std::move(state.policy)),
      reference_(std::move(state.reference)),
      config_(std::move(config)),
      optimizer_(config_.optimizer),
      position_(state.position) {
  config_.validate();
  detail_::check_reference(Config::kTrainer, policy_, reference_);
  optimizer_.state() = std::move(state.optimizer);
}

}  // namespace train

TUTELAGE_END
