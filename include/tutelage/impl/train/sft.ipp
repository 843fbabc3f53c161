#pragma once
#include <algorithm>
#include <numeric>

#include "tutelage/base/parallel.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/impl/base/team.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/train/sft.hpp"

TUTELAGE_BEGIN

namespace train {

namespace detail_ {
/// Cuts [0, n) into runs of at most `most` (0: one run) and calls f(begin, end).
template <class F> void micro_batches(std::int64_t n, std::int64_t most, const F& f) {
  const std::int64_t size = most > 0 ? most : std::max<std::int64_t>(n, 1);
  for (std::int64_t begin = 0; begin < n; begin += size) f(begin, std::min(n, begin + size));
}

inline std::vector<std::int64_t> shuffled(std::int64_t n, std::uint64_t seed, std::int64_t epoch) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  Rng(seed, Purpose::kShuffle, 0, static_cast<std::uint32_t>(epoch)).shuffle(order);
  return order;
}

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

TUTELAGE_INLINE void SFTConfig::validate() const {
  const auto need = [](bool ok, const char* field, std::int64_t got, const char* expected) {
    if (!ok) detail::fail<ConfigError>("SFTConfig", std::string(field) + " is out of range", detail::str(got), expected);
  };
  need(epochs >= 1, "epochs", epochs, "1 or more");
  need(batch_size >= 1, "batch_size", batch_size, "1 or more");
  need(micro_batch_size >= 0, "micro_batch_size", micro_batch_size, "0 or more");
  need(warmup_steps >= 0, "warmup_steps", warmup_steps, "0 or more");
  optimizer.validate();
}

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

TUTELAGE_INLINE SFTTrainer::SFTTrainer(nn::Transformer model, SFTConfig config)
    : model_(std::move(model)), config_(config), optimizer_(config.optimizer) {
  config_.validate();
}

TUTELAGE_INLINE SFTTrainer::SFTTrainer(SFTState state, SFTConfig config) : SFTTrainer(std::move(state.model), std::move(config)) {
  optimizer_.state() = std::move(state.optimizer);
  position_ = state.position;
}

TUTELAGE_INLINE StepStats SFTTrainer::step(std::span<const text::Example> examples, double lr_factor) {
  const FpStateGuard guard;
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
    const auto result = acc.finish();
    stats = {result.value, optimizer_.step(model_, result.grads, lr_factor)};
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
  const std::int64_t steps_per_epoch = (n + config_.batch_size - 1) / config_.batch_size;
  const optim::Schedule schedule{config_.schedule, config_.warmup_steps, steps_per_epoch * config_.epochs, 0.0};
  StepStats last;
  std::vector<text::Example> items;
  for (std::int64_t epoch = position_ / steps_per_epoch; epoch < config_.epochs; ++epoch) {
    const auto order = detail_::shuffled(n, config_.seed, epoch);
    for (std::int64_t begin = position_ % steps_per_epoch * config_.batch_size; begin < n; begin += config_.batch_size) {
      if (run.stop_requested()) return last;
      items.clear();
      for (std::int64_t i = begin; i < std::min(n, begin + config_.batch_size); ++i)
        items.push_back(examples[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])]);
      last = step(items, schedule.factor(position_));
      ++position_;
      run.report({"sft", position_, steps_per_epoch * config_.epochs, {{"loss", last.loss}, {"grad_norm", last.grad_norm}}});
    }
  }
  position_ = 0;
  return last;
}

}  // namespace train

TUTELAGE_END
