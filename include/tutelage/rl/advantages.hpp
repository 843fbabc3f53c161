#pragma once
#include <cstdint>
#include <span>
#include <string>

#include "tutelage/tensor/tensor.hpp"

TUTELAGE_BEGIN

namespace rl {

template <class T> struct Advantages {
  BasicTensor<T> advantages, returns;  // (B, T)
};

/// Which steps an array means, and how episodes end. An empty tensor leaves a default: all real; only the last step ends the row.
template <class T> struct GaeEnds {
  BasicTensor<T> mask;        // (B, T): 0 is skipped, whatever stands there
  BasicTensor<T> terminated;  // (B, T): the episode ended by itself after this step: no value behind it
  BasicTensor<T> truncated;   // (B, T): it was cut after this step, a time limit: `bootstrap` stands behind it
  BasicTensor<T> bootstrap;   // (B): value behind the row's one end that is not terminated, or (B, T): behind each such step
};

/// Generalised advantage estimation (Schulman et al. 2016).
///   d_t = r_t + gamma V_{t+1} - V_t;  A_t = d_t + gamma lambda A_{t+1};  returns = A + V
/// rewards, values (B, T). The value behind the last real step is 0, or bootstrap; a step that both terminated and was truncated terminated.
/// @throws ShapeError; ValueError where gamma or gae_lambda is outside 0 to 1, where a truncated step has no bootstrap, and where a row
/// has more ends to bootstrap than its one number. Cost: O(BT), one pass. Source: arXiv 1506.02438, eq. 16. Checked by: test_advantages.cpp.
template <class T>
Advantages<T> gae(const BasicTensor<T>& rewards, const BasicTensor<T>& values, double gamma = 1.0, double gae_lambda = 0.95,
                  const GaeEnds<T>& ends = {});

/// (x - mean) / sqrt(var + eps) over mask = 1 (empty: all), var with ddof; keep_mean adds the mean back; masked places 0.
/// Any shape. Published codes use ddof 0 (OpenAI's) and 1 (TRL's). @throws ShapeError, ValueError where fewer than ddof + 1 are unmasked
template <class T>
BasicTensor<T> whiten(const BasicTensor<T>& x, const BasicTensor<T>& mask = {}, bool keep_mean = false, int ddof = 0, double eps = 1e-8);

/// r_i minus the mean of the others of its group (Kool et al. 2019; Ahmadian et al. 2024). rewards (N), groups: N ids. A group of one gets 0.
template <class T> BasicTensor<T> rloo_advantages(const BasicTensor<T>& rewards, std::span<const std::int64_t> groups);

/// (r_i - mean) / (std + 1e-4) in its group, std with ddof 1; scale "none": the difference alone (Shao et al. 2024; Liu et al. 2025).
template <class T>
BasicTensor<T> grpo_advantages(const BasicTensor<T>& rewards, std::span<const std::int64_t> groups, const std::string& scale = "group");

}  // namespace rl

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/rl/advantages.ipp"
#endif
