#pragma once

#include "tutelage/base/parallel.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/impl/base/team.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/impl/train/below.hpp"
#include "tutelage/rl/kl.hpp"
#include "tutelage/impl/train/epochs.ipp"
#include "tutelage/impl/train/finite.hpp"
#include "tutelage/train/sft.hpp"

TUTELAGE_BEGIN

namespace train {

namespace detail_ {
/// Checks a sequence before a long call, so that what cannot be computed is refused before the first step.
inline void check_sequence(const char* function, std::size_t sample, std::span<const std::int32_t> ids, const nn::TransformerConfig& config) {
  const std::string where = "sample " + detail::str(sample);
  if (ids.empty()) detail::fail<ValueError>(function, where + " is empty", "no token", "at least one");
  if (static_cast<std::int64_t>(ids.size()) > config.max_positions)
    detail::fail<ShapeError>(function, where + " is too long", detail::str(ids.size()) + " tokens",
                             "at most max_positions = " + detail::str(config.max_positions));
  for (const auto id : ids)
    if (id < 0 || id >= config.vocab_size)
      detail::fail<IndexError>(function, where + " has an unknown token", detail::str(id), "0 to " + detail::str(config.vocab_size - 1));
}

inline void check_mask(const char* function, std::size_t sample, const text::Example& e) {
  if (e.mask.size() != e.ids.size())
    detail::fail<ShapeError>(function, "mask of sample " + detail::str(sample) + " has another length", detail::str(e.mask.size()),
                             detail::str(e.ids.size()) + " like ids");
}
}  // namespace detail_

TUTELAGE_INLINE void SFTConfig::validate() const { EpochConfig::validate("SFTConfig"); }

TUTELAGE_INLINE std::int64_t answer_tokens(std::span<const text::Example> examples) {
  const FpStateGuard guard;
  std::int64_t n = 0;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    detail_::check_mask("answer_tokens", i, examples[i]);
    for (std::size_t t = 1; t < examples[i].ids.size(); ++t) n += examples[i].mask[t] != 0;
  }
  return n;
}

TUTELAGE_INLINE Tensor sft_terms(const nn::Transformer& model, std::span<const text::Example> examples, double weight,
                                 std::optional<nn::TrainingStep> training) {
  const FpStateGuard guard;
  nn::TokenBatch batch;
  batch.training = training;
  std::vector<std::int64_t> positions;
  std::vector<std::int32_t> targets;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const auto& e = examples[i];
    detail_::check_mask("sft_terms", i, e);
    const std::int64_t start = batch.tokens();
    batch.add(e.ids);
    for (std::size_t t = 1; t < e.ids.size(); ++t)
      if (e.mask[t]) {
        positions.push_back(start + static_cast<std::int64_t>(t) - 1);
        targets.push_back(e.ids[t]);
      }
  }
  if (positions.empty())
    detail::fail<ValueError>("sft_terms", "no answer token to learn", "an all-zero mask", "at least one marked token", "Is there an assistant turn?");
  const Tensor rows = ops::rows(model.hidden(batch), positions);
  return ops::cross_entropy(rows, model.output_weight(), targets, std::vector<double>(targets.size(), weight));
}

TUTELAGE_INLINE double sft_loss(const nn::Transformer& model, std::span<const text::Example> examples) {
  const FpStateGuard guard;
  std::vector<float> terms;
  detail_::micro_batches(static_cast<std::int64_t>(examples.size()), 32, [&](std::int64_t begin, std::int64_t end) {
    const Tensor part = sft_terms(model, examples.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)), 1.0);
    terms.insert(terms.end(), part.span().begin(), part.span().end());
  });
  if (terms.empty()) detail::fail<ValueError>("sft_loss", "no example", "0", "at least one");
  return kernels::sum16_double(terms.data(), static_cast<std::int64_t>(terms.size())) / static_cast<double>(terms.size());
}

TUTELAGE_INLINE SFTTrainer::SFTTrainer(nn::Transformer model, SFTConfig config) : SFTTrainer(SFTState{std::move(model), {}}, std::move(config)) {}

TUTELAGE_INLINE SFTTrainer::SFTTrainer(SFTState state, SFTConfig config)
    : model_(std::move(state.model)), config_(std::move(config)), optimizer_(config_.optimizer), position_(state.position) {
  config_.validate();
  optimizer_.state() = std::move(state.optimizer);
}

namespace detail_ {
/// Where a kept example's distributions are compared: before each answer token, and before every third of the others.
inline std::vector<std::int64_t> kept_positions(const text::Example& e) {
  std::vector<std::int64_t> at;
  for (std::size_t t = 1; t < e.ids.size(); ++t)
    if (e.mask[t] || t % 3 == 0) at.push_back(static_cast<std::int64_t>(t) - 1);
  return at;
}

/// KL(model || reference) there, times weight, in item order.
inline Tensor kept_terms(const nn::Transformer& model, const nn::Transformer& reference, std::span<const text::Example> examples, double weight) {
  nn::TokenBatch batch;
  std::vector<std::int64_t> positions;
  for (const auto& e : examples) {
    for (const auto t : kept_positions(e)) positions.push_back(batch.tokens() + t);
    batch.add(e.ids);
  }
  const Below below(reference.adapter.empty() ? model : reference);
  const Tensor start = below.at(batch);
  const auto logits = [&](const nn::Transformer& m) {
    return ops::linear(ops::rows(below.hidden(m, start, batch), positions), m.output_weight(), Tensor());
  };
  return ops::affine(rl::full_kl(logits(model), logits(reference)), weight, 0.0);
}
}  // namespace detail_

TUTELAGE_INLINE StepStats SFTTrainer::step(std::span<const text::Example> examples, double lr_factor, const Kept& kept) {
  const FpStateGuard guard;
  std::int64_t kept_count = 0;
  for (std::size_t i = 0; i < kept.examples.size(); ++i) {
    detail_::check_mask("SFTTrainer::step", i, kept.examples[i]);
    detail_::check_sequence("SFTTrainer::step", i, kept.examples[i].ids, model_.config);
    kept_count += static_cast<std::int64_t>(detail_::kept_positions(kept.examples[i]).size());
  }
  if (kept_count > 0 && !kept.reference)
    detail::fail<ValueError>("SFTTrainer::step", "kept examples have no reference", "none", "a model whose distributions are to stay");
  const std::int64_t count = answer_tokens(examples);
  if (count == 0)
    detail::fail<ValueError>("SFTTrainer::step", "no answer token to learn", "an all-zero mask", "at least one marked token",
                             "Is there an assistant turn?");
  StepStats stats;
  with_threads([&] {
    GradAccumulator<float, nn::Transformer> acc(model_);
    detail_::micro_batches(static_cast<std::int64_t>(examples.size()), config_.micro_batch_size, [&](std::int64_t begin, std::int64_t end) {
      const auto items = examples.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
      if (answer_tokens(items) == 0) return;
      const nn::TrainingStep at{static_cast<std::uint32_t>(optimizer_.state().step), static_cast<std::uint32_t>(begin)};
      acc.add([&](const nn::Transformer& m, std::span<const text::Example> part) { return sft_terms(m, part, 1.0 / static_cast<double>(count), at); },
              items);
    });
    detail_::micro_batches(static_cast<std::int64_t>(kept.examples.size()), config_.micro_batch_size, [&](std::int64_t begin, std::int64_t end) {
      const auto items = kept.examples.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
      const double weight = kept.kl_coef / static_cast<double>(kept_count);
      acc.add([&](const nn::Transformer& m, std::span<const text::Example> part) { return detail_::kept_terms(m, *kept.reference, part, weight); },
              items);
    });
    const auto result = acc.finish();
    stats = {result.value, detail_::finite_step("SFTTrainer::step", optimizer_, model_, result, lr_factor)};
  });
  return stats;
}

TUTELAGE_INLINE StepStats SFTTrainer::train(std::span<const text::Example> examples, const RunOptions& run) {
  const FpStateGuard guard;
  const auto n = static_cast<std::int64_t>(examples.size());
  if (n == 0) detail::fail<ValueError>("SFTTrainer::train", "no example", "0", "at least one");
  for (std::size_t i = 0; i < examples.size(); ++i) {
    detail_::check_mask("SFTTrainer::train", i, examples[i]);
    detail_::check_sequence("SFTTrainer::train", i, examples[i].ids, model_.config);
  }
  return detail_::epoch_loop<StepStats>("sft", config_, examples, position_, run,
                                        [&](auto items, auto, double lr_factor) { return step(items, lr_factor); });
}

}  // namespace train

TUTELAGE_END
