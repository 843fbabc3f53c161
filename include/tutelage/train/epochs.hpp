#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tutelage/base/progress.hpp"
#include "tutelage/optim/adamw.hpp"

TUTELAGE_BEGIN

namespace train {

/// What trainers on given data have in common: passes over it in seeded order.
struct EpochConfig {
  std::int64_t epochs = 1;
  std::int64_t batch_size = 16;       // items a step
  std::int64_t micro_batch_size = 0;  // items computed at once; 0: the whole step. Does not change the result
  optim::AdamWConfig optimizer;
  std::string schedule = "constant";  // of the learning rate after warmup_steps: constant, linear or cosine, down to 0 at the end of train()
  std::int64_t warmup_steps = 0;
  std::uint64_t seed = 0;  // of the order of the items

 protected:
  void validate(const char* name) const;  // @throws ConfigError
};

using Metrics = std::vector<std::pair<std::string, double>>;  // names and numbers, in order: what a line of metrics holds

/// The order in which trainers take n items in pass `number` over them.
std::vector<std::int64_t> shuffled(std::int64_t n, std::uint64_t seed, std::int64_t number);

}  // namespace train

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/train/epochs.ipp"
#endif
