#pragma once
#include <utility>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/train/dpo.ipp"
#include "tutelage/train/kto.hpp"

TUTELAGE_BEGIN

namespace train {

TUTELAGE_INLINE void KTOConfig::validate() const {
  EpochConfig::validate("KTOConfig");
  const auto need = [](bool ok, const char* field, double got, const char* expected) {
    if (!ok || !std::isfinite(got)) detail::fail<ConfigError>("KTOConfig", std::string(field) + " is out of range", detail::str(got), expected);
  };
  need(batch_size >= 2, "batch_size", static_cast<double>(batch_size), "2 or more, for answers to be mismatched");
  need(beta > 0, "beta", beta, "more than 0");
  need(desirable_weight >= 0, "desirable_weight", desirable_weight, "0 or more");
  need(undesirable_weight >= 0, "undesirable_weight", undesirable_weight, "0 or more");
}

namespace detail_ {
inline void check_labelled(const char* function, std::span<const Labelled> answers, const nn::TransformerConfig& config) {
  if (answers.size() < 2)
    detail::fail<ValueError>(function, "too few answers", detail::str(answers.size()), "two or more", "The KL is of mismatched prompts and answers.");
  for (std::size_t i = 0; i < answers.size(); ++i) {
    check_answer(function, i, answers[i].prompt, answers[i].completion, config);
    if (static_cast<std::int64_t>(answers[i].prompt.size()) == config.max_positions)
      detail::fail<ShapeError>(function, "prompt of sample " + detail::str(i) + " is too long", detail::str(config.max_positions) + " tokens",
                               "room for a token of an answer");
  }
}

template <> inline AnswerBatch batch_of(std::span<const Labelled> answers) {
  AnswerBatch batch;
  for (const auto& a : answers) batch.add(a.prompt, a.completion);
  return batch;
}

/// What the step's loss is measured from.
inline double reference_point(const nn::Transformer& policy, const nn::Transformer& reference, std::span<const Labelled> answers) {
  std::vector<Labelled> mismatched(answers.begin(), answers.end());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    auto& said = mismatched[i].completion = answers[i ? i - 1 : answers.size() - 1].completion;
    said.resize(std::min(said.size(), static_cast<std::size_t>(policy.config.max_positions) - mismatched[i].prompt.size()));
  }
  const auto n = static_cast<std::int64_t>(answers.size());
  const std::span<const Labelled> all(mismatched);
  return rl::kto_kl(slice(frozen_sums(policy, all), 0, n), slice(frozen_sums(reference, all), 0, n));
}

/// Numbers of a step, in item order.
struct LabelledTerms {
  std::vector<double> loss, rewards, logps;
};

inline Tensor kto_terms_of(const KTOConfig& c, const nn::Transformer& policy, std::span<const Labelled> answers, std::span<const float> reference,
                           double kl, double count, LabelledTerms& terms) {
  const auto n = static_cast<std::int64_t>(answers.size());
  const Tensor sums = answer_sums(policy, batch_of(answers));
  Tensor desirable({n});
  for (std::int64_t i = 0; i < n; ++i) desirable.mutable_data()[i] = answers[static_cast<std::size_t>(i)].label ? 1.0f : 0.0f;
  const auto loss = rl::kto_loss(sums, Tensor::from({n}, reference), desirable, kl, c.beta, c.desirable_weight, c.undesirable_weight);
  const Tensor out = ops::affine(loss.losses, 1.0 / count, 0.0);
  append(terms.loss, out), append(terms.rewards, loss.rewards), append(terms.logps, sums);
  return out;
}

inline PreferenceStats stats_of(const LabelledTerms& t, std::span<const Labelled> answers, double kl) {
  PreferenceStats s;
  s.loss = kernels::sum16_double(t.loss.data(), static_cast<std::int64_t>(t.loss.size()));
  std::vector<double> rewards[2], logps[2];
  for (std::size_t i = 0; i < answers.size(); ++i) {
    rewards[answers[i].label].push_back(t.rewards[i]);
    logps[answers[i].label].push_back(t.logps[i]);
  }
  s.rewards_chosen = mean_of(rewards[1]), s.rewards_rejected = mean_of(rewards[0]), s.rewards_margins = s.rewards_chosen - s.rewards_rejected;
  s.logps_chosen = mean_of(logps[1]), s.logps_rejected = mean_of(logps[0]);
  s.kl = kl;
  return s;
}
}  // namespace detail_

TUTELAGE_INLINE PreferenceStats KTOTrainer::learn(std::span<const Labelled> answers, std::span<const float> reference, double lr_factor) {
  const double count = static_cast<double>(answers.size());
  const double kl = detail_::reference_point(policy_, reference_, answers);
  detail_::LabelledTerms terms;
  GradAccumulator<float, nn::Transformer> acc(policy_);
  detail_::micro_batches(static_cast<std::int64_t>(answers.size()), config_.micro_batch_size, [&](std::int64_t begin, std::int64_t end) {
    const auto from = static_cast<std::size_t>(begin), n = static_cast<std::size_t>(end - begin);
    acc.add(
        [&](const nn::Transformer& policy, std::span<const Labelled> part) {
          return detail_::kto_terms_of(config_, policy, part, reference.subspan(from, n), kl, count, terms);
        },
        answers.subspan(from, n));
  });
  const auto result = acc.finish();
  PreferenceStats stats = detail_::stats_of(terms, answers, kl);
  stats.grad_norm = detail_::finite_step("KTOTrainer::step", optimizer_, policy_, result, lr_factor);
  return stats;
}

TUTELAGE_INLINE PreferenceStats KTOTrainer::step(std::span<const Labelled> answers, double lr_factor) {
  const FpStateGuard guard;
  detail_::check_labelled("KTOTrainer::step", answers, policy_.config);
  return learn(answers, detail_::frozen_sums(reference_, answers), lr_factor);
}

TUTELAGE_INLINE PreferenceStats KTOTrainer::train(std::span<const Labelled> answers, const RunOptions& run) {
  const FpStateGuard guard;
  detail_::check_labelled("KTOTrainer::train", answers, policy_.config);
  const auto reference = detail_::frozen_sums(reference_, answers);  // an answer's own numbers, whatever stands beside it: as step() would have them
  PreferenceStats last;
  return detail_::epoch_loop<PreferenceStats>("kto", config_, answers, position_, run, [&](auto items, auto places, double lr_factor) {
    if (items.size() < 2) return last;
    std::vector<float> of;
    for (const auto place : places) of.push_back(reference[static_cast<std::size_t>(place)]);
    return last = learn(items, of, lr_factor);
  });
}

TUTELAGE_INLINE PreferenceStats KTOTrainer::evaluate(std::span<const Labelled> answers) const {
  const FpStateGuard guard;
  detail_::check_labelled("KTOTrainer::evaluate", answers, policy_.config);
  const double kl = detail_::reference_point(policy_, reference_, answers);
  detail_::LabelledTerms terms;
  detail_::micro_batches(static_cast<std::int64_t>(answers.size()), 32, [&](std::int64_t begin, std::int64_t end) {
    const auto from = static_cast<std::size_t>(begin), n = static_cast<std::size_t>(end - begin);
    const auto part = answers.subspan(from, n);
    const auto reference = detail_::frozen_sums(reference_, part);
    detail_::kto_terms_of(config_, policy_, part, reference, kl, static_cast<double>(answers.size()), terms);
  });
  return detail_::stats_of(terms, answers, kl);
}

}  // namespace train

TUTELAGE_END
