#pragma once
#include <algorithm>
#include <numeric>
#include <span>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/train/epochs.hpp"

TUTELAGE_BEGIN

namespace train {

TUTELAGE_INLINE std::vector<std::int64_t> shuffled(std::int64_t n, std::uint64_t seed, std::int64_t number) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  Rng(seed, Purpose::kShuffle, 0, static_cast<std::uint32_t>(number)).shuffle(order);
  return order;
}

namespace detail_ {
/// Cuts [0, n) into runs of at most `most` (0: one run) and calls f(begin, end).
template <class F> void micro_batches(std::int64_t n, std::int64_t most, const F& f) {
  const std::int64_t size = most > 0 ? most : std::max<std::int64_t>(n, 1);
  for (std::int64_t begin = 0; begin < n; begin += size) f(begin, std::min(n, begin + size));
}

inline optim::Schedule::Kind schedule_kind(const char* name, const std::string& schedule) {
  using Kind = optim::Schedule::Kind;
  if (schedule == "constant") return Kind::kConstant;
  if (schedule == "linear") return Kind::kLinear;
  if (schedule == "cosine") return Kind::kCosine;
  detail::fail<ConfigError>(name, "schedule is unknown", schedule, "constant, linear or cosine");
}

/// The loop of train(): step(items, their places in the data, lr_factor) learns. It begins at step `position` of the passes, which counts on after
/// each step and is 0 again at the end; so a trainer that was stopped, or made from a state, goes on where it was.
template <class Stats, class Item, class Step>
Stats epoch_loop(const char* stage, const EpochConfig& c, std::span<const Item> data, std::int64_t& position, const RunOptions& run,
                 const Step& step) {
  const auto n = static_cast<std::int64_t>(data.size());
  const std::int64_t steps_per_epoch = (n + c.batch_size - 1) / c.batch_size, total = steps_per_epoch * c.epochs;
  const optim::Schedule schedule{schedule_kind(stage, c.schedule), c.warmup_steps, total, 0.0};
  Stats last;
  std::vector<std::int64_t> order;
  std::vector<Item> items;
  while (position < total) {
    if (run.stop_requested()) return last;
    const std::int64_t in_epoch = position % steps_per_epoch, begin = in_epoch * c.batch_size;
    if (order.empty() || in_epoch == 0) order = shuffled(n, c.seed, position / steps_per_epoch);
    const auto places =
        std::span(order).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(std::min(n, begin + c.batch_size) - begin));
    items.clear();
    for (const auto place : places) items.push_back(data[static_cast<std::size_t>(place)]);
    last = step(std::span<const Item>(items), std::span<const std::int64_t>(places), schedule.factor(position));
    ++position;
    run.report({stage, position, total, last.metrics()});
  }
  position = 0;
  return last;
}
}  // namespace detail_

TUTELAGE_INLINE void EpochConfig::validate(const char* name) const {
  const auto need = [name](bool ok, const char* field, std::int64_t got, const char* expected) {
    if (!ok) detail::fail<ConfigError>(name, std::string(field) + " is out of range", detail::str(got), expected);
  };
  need(epochs >= 1, "epochs", epochs, "1 or more");
  need(batch_size >= 1, "batch_size", batch_size, "1 or more");
  need(micro_batch_size >= 0, "micro_batch_size", micro_batch_size, "0 or more");
  need(warmup_steps >= 0, "warmup_steps", warmup_steps, "0 or more");
  detail_::schedule_kind(name, schedule);
  optimizer.validate();
}

}  // namespace train

TUTELAGE_END
