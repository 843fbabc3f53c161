#pragma once
#include <utility>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/train/finite.hpp"
#include "tutelage/impl/train/preference.ipp"
#include "tutelage/train/dpo.hpp"

TUTELAGE_BEGIN

namespace train {

namespace detail_ {
inline rl::DpoOptions<float> dpo_options(const DPOConfig& c, Tensor chosen_lengths, Tensor rejected_lengths) {
  rl::DpoOptions<float> o;
  o.beta = c.beta, o.loss_type = c.loss_type, o.label_smoothing = c.label_smoothing, o.simpo_gamma = c.simpo_gamma;
  o.chosen_lengths = std::move(chosen_lengths), o.rejected_lengths = std::move(rejected_lengths);
  return o;
}
}  // namespace detail_

TUTELAGE_INLINE void DPOConfig::validate() const {
  EpochConfig::validate("DPOConfig");
  if (!(beta > 0) || !std::isfinite(beta)) detail::fail<ConfigError>("DPOConfig", "beta is out of range", detail::str(beta), "more than 0");
  if (!(label_smoothing >= 0 && label_smoothing <= 0.5))
    detail::fail<ConfigError>("DPOConfig", "label_smoothing is out of range", detail::str(label_smoothing), "0 to 0.5");
  if (!std::isfinite(simpo_gamma)) detail::fail<ConfigError>("DPOConfig", "simpo_gamma is out of range", detail::str(simpo_gamma), "a finite number");
  const Tensor one = Tensor::full({1}, 1.0f), minus = ops::neg(one);
  try {
    rl::dpo_loss(minus, minus, minus, minus, detail_::dpo_options(*this, one, one));  // which knows the loss types and what each takes
  } catch (const ValueError& e) { throw ConfigError(std::string("DPOConfig: ") + e.what()); }
}

namespace detail_ {
/// Chosen, rejected, chosen, rejected, ...
template <> inline AnswerBatch batch_of(std::span<const Preference> pairs) {
  AnswerBatch batch;
  for (const auto& p : pairs) {
    batch.add(p.prompt, p.chosen);
    batch.add(p.prompt, p.rejected);
  }
  return batch;
}

inline void check_preferences(const char* function, std::span<const Preference> pairs, const nn::TransformerConfig& config) {
  if (pairs.empty()) detail::fail<ValueError>(function, "no pair", "0", "at least one");
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    check_answer(function, i, pairs[i].prompt, pairs[i].chosen, config);
    check_answer(function, i, pairs[i].prompt, pairs[i].rejected, config);
  }
}

/// Log-probs of both sides of every pair under the reference, in order; zeros where the loss reads none.
inline std::vector<float> reference_sums(const DPOConfig& c, const nn::Transformer& reference, std::span<const Preference> pairs) {
  if (c.loss_type == "simpo" || c.loss_type == "orpo") return std::vector<float>(2 * pairs.size());
  return frozen_sums(reference, pairs);
}

/// Numbers of a step, in item order.
struct PairTerms {
  std::vector<double> loss, chosen, rejected, logps_chosen, logps_rejected;
};

/// The loss's terms of some pairs of a step of `count`. reference: log-probs of their sides.
inline Tensor dpo_terms_of(const DPOConfig& c, const nn::Transformer& policy, std::span<const Preference> pairs, std::span<const float> reference,
                           double count, PairTerms& terms) {
  const Tensor sums = answer_sums(policy, batch_of(pairs));
  const auto n = static_cast<std::int64_t>(pairs.size());
  std::vector<std::int64_t> even, odd;
  Tensor ref_chosen({n}), ref_rejected({n}), chosen_lengths({n}), rejected_lengths({n});
  for (std::int64_t i = 0; i < n; ++i) {
    const auto at = static_cast<std::size_t>(i);
    even.push_back(2 * i), odd.push_back(2 * i + 1);
    ref_chosen.mutable_data()[i] = reference[2 * at], ref_rejected.mutable_data()[i] = reference[2 * at + 1];
    chosen_lengths.mutable_data()[i] = static_cast<float>(pairs[at].chosen.size());
    rejected_lengths.mutable_data()[i] = static_cast<float>(pairs[at].rejected.size());
  }
  const Tensor chosen = ops::rows(sums, even), rejected = ops::rows(sums, odd);
  const auto loss = rl::dpo_terms(chosen, rejected, ref_chosen, ref_rejected, 1.0 / count, dpo_options(c, chosen_lengths, rejected_lengths));
  append(terms.loss, loss.losses), append(terms.chosen, loss.chosen_rewards), append(terms.rejected, loss.rejected_rewards);
  append(terms.logps_chosen, chosen), append(terms.logps_rejected, rejected);
  return loss.losses;
}

inline PreferenceStats stats_of(const PairTerms& t) {
  PreferenceStats s;
  s.loss = kernels::sum16_double(t.loss.data(), static_cast<std::int64_t>(t.loss.size()));
  double right = 0;
  for (std::size_t i = 0; i < t.chosen.size(); ++i) right += t.chosen[i] > t.rejected[i] ? 1.0 : t.chosen[i] == t.rejected[i] ? 0.5 : 0.0;
  s.rewards_accuracies = right / static_cast<double>(t.chosen.size());
  s.rewards_chosen = mean_of(t.chosen), s.rewards_rejected = mean_of(t.rejected), s.rewards_margins = s.rewards_chosen - s.rewards_rejected;
  s.logps_chosen = mean_of(t.logps_chosen), s.logps_rejected = mean_of(t.logps_rejected);
  return s;
}
}  // namespace detail_

TUTELAGE_INLINE PreferenceStats DPOTrainer::learn(std::span<const Preference> pairs, std::span<const float> reference, double lr_factor) {
  const double count = static_cast<double>(pairs.size());
  detail_::PairTerms terms;
  GradAccumulator<float, nn::Transformer> acc(policy_);
  detail_::micro_batches(static_cast<std::int64_t>(pairs.size()), config_.micro_batch_size, [&](std::int64_t begin, std::int64_t end) {
    const auto from = static_cast<std::size_t>(begin), n = static_cast<std::size_t>(end - begin);
    acc.add(
        [&](const nn::Transformer& policy, std::span<const Preference> part) {
          return detail_::dpo_terms_of(config_, policy, part, reference.subspan(2 * from, 2 * n), count, terms);
        },
        pairs.subspan(from, n));
  });
  const auto result = acc.finish();
  PreferenceStats stats = detail_::stats_of(terms);
  stats.grad_norm = detail_::finite_step("DPOTrainer::step", optimizer_, policy_, result, lr_factor);
  return stats;
}

TUTELAGE_INLINE PreferenceStats DPOTrainer::step(std::span<const Preference> pairs, double lr_factor) {
  const FpStateGuard guard;
  detail_::check_preferences("DPOTrainer::step", pairs, policy_.config);
  return learn(pairs, detail_::reference_sums(config_, reference_, pairs), lr_factor);
}

TUTELAGE_INLINE PreferenceStats DPOTrainer::train(std::span<const Preference> pairs, const RunOptions& run) {
  const FpStateGuard guard;
  detail_::check_preferences("DPOTrainer::train", pairs, policy_.config);
  const auto reference =
      detail_::reference_sums(config_, reference_, pairs);  // a pair's own numbers, whatever stands beside it: as step() would have them
  return detail_::epoch_loop<PreferenceStats>("dpo", config_, pairs, position_, run, [&](auto items, auto places, double lr_factor) {
    std::vector<float> of;
    for (const auto place : places)
      of.insert(of.end(), {reference[2 * static_cast<std::size_t>(place)], reference[2 * static_cast<std::size_t>(place) + 1]});
    return learn(items, of, lr_factor);
  });
}

TUTELAGE_INLINE PreferenceStats DPOTrainer::evaluate(std::span<const Preference> pairs) const {
  const FpStateGuard guard;
  detail_::check_preferences("DPOTrainer::evaluate", pairs, policy_.config);
  const auto reference = detail_::reference_sums(config_, reference_, pairs);
  detail_::PairTerms terms;
  detail_::micro_batches(static_cast<std::int64_t>(pairs.size()), 16, [&](std::int64_t begin, std::int64_t end) {
    const auto from = static_cast<std::size_t>(begin), n = static_cast<std::size_t>(end - begin);
    detail_::dpo_terms_of(config_, policy_, pairs.subspan(from, n), std::span<const float>(reference).subspan(2 * from, 2 * n),
                          static_cast<double>(pairs.size()), terms);
  });
  return detail_::stats_of(terms);
}

}  // namespace train

TUTELAGE_END
