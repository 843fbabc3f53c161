#pragma once
#include <algorithm>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "tutelage/base/rng.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/nn/generate.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace nn {
namespace detail_ {

/// Taken off the logit of an id that must not be drawn: exp of what is left is 0, and whoever scores the answer can do the same.
inline constexpr float kForbidden = 1e9f;

/// One token to draw: the logits' row, which the repetition penalty changes in place, and the coordinates of its random number.
struct Draw {
  float* logits;
  std::span<const std::int32_t> seen;       // ids of the prompt and the answer so far, each once; empty without a repetition penalty
  std::span<const std::int32_t> forbidden;  // ids that must not be drawn
  std::uint64_t seed;
  std::uint32_t item, sample, position;
  std::int32_t id = -1;  // drawn; -1: the logits are not finite
  float logprob = 0;
};

/// Draws tokens as generate() writes it. Nothing here allocates, for rows are drawn in parallel.
class Sampler {
 public:
  Sampler(const GenerateOptions& options, std::int64_t vocab_size, std::int64_t most_rows)
      : greedy_(options.temperature == 0),
        cuts_(!greedy_ && ((options.top_k > 0 && options.top_k < vocab_size) || options.min_p > 0)),
        v_(vocab_size),
        top_k_(options.top_k > 0 ? std::min(options.top_k, vocab_size) : vocab_size),
        step_(options.step),
        inv_(greedy_ ? 1.0f : static_cast<float>(1.0 / options.temperature)),
        min_p_(static_cast<float>(options.min_p)),
        penalty_(static_cast<float>(options.repetition_penalty)),
        blocks_((vocab_size + kBlock - 1) / kBlock),
        weights_(greedy_ ? 0 : static_cast<std::size_t>(most_rows * v_)),
        sums_(greedy_ ? 0 : static_cast<std::size_t>(most_rows * blocks_)),
        kept_ids_(cuts_ ? static_cast<std::size_t>(most_rows * v_) : 0),
        kept_logits_(cuts_ ? static_cast<std::size_t>(most_rows * v_) : 0) {}

  /// slot: one of most_rows workspaces.
  void draw(Draw& d, std::int64_t slot) noexcept {
    for (const auto id : d.seen) d.logits[id] = d.logits[id] < 0 ? d.logits[id] * penalty_ : d.logits[id] / penalty_;
    for (const auto id : d.forbidden) d.logits[id] = d.logits[id] - kForbidden;
    bool finite = true;
    for (std::int64_t i = 0; i < v_; ++i) finite &= std::abs(d.logits[i]) <= std::numeric_limits<float>::max();
    if (!finite) return;
    const float* scored = d.logits;
    std::int64_t n = v_;
    std::int32_t place;
    if (greedy_) {
      place = static_cast<std::int32_t>(std::find(scored, scored + n, table_.max(scored, n)) - scored);
    } else {
      const std::int64_t kept = cuts_ ? slot * v_ : 0;
      const Row row{weights_.data() + slot * v_, sums_.data() + slot * blocks_, kept_ids_.data() + kept, kept_logits_.data() + kept};
      if (top_k_ < v_) {
        n = keep_top_k(d.logits, row);
        scored = row.logits;
      }
      weigh(scored, n, row.weights);
      if (min_p_ > 0) {
        n = keep_min_p(scored, n, row);
        scored = row.logits;
      }
      place = pick(row, n, Rng(d.seed, Purpose::kSample, d.item, step_, d.sample, d.position).uniform());
      d.id = cuts_ ? row.ids[place] : place;
    }
    if (greedy_) d.id = place;
    float max, sum;  // The scoring op's kernel, so that scoring the finished sequence gives these bits.
    table_.token_logprob(scored, &place, inv_, n, &d.logprob, &max, &sum, 0, 1);
  }

 private:
  struct Row {
    float* weights;
    double* sums;
    std::int32_t* ids;  // of those kept, rising, and their logits
    float* logits;
  };

  /// The k largest logits, ties to the lower id.
  std::int64_t keep_top_k(const float* logits, const Row& row) const {
    // A logit below the k-th largest of all runs' maxima is not among the k, which rules out nearly all at little cost.
    constexpr std::int64_t kRun = 64;
    const std::int64_t runs = (v_ + kRun - 1) / kRun;
    float bound = -std::numeric_limits<float>::infinity();
    float* scratch = row.weights;
    if (top_k_ <= runs) {
      for (std::int64_t r = 0; r < runs; ++r) row.logits[r] = table_.max(logits + r * kRun, std::min(kRun, v_ - r * kRun));
      std::copy_n(row.logits, runs, scratch);
      bound = largest(scratch, runs, top_k_);
    }
    std::int64_t n = 0;
    for (std::int64_t r = 0; r < runs; ++r)
      if (top_k_ > runs || row.logits[r] >= bound)
        for (std::int64_t i = r * kRun; i < std::min(v_, (r + 1) * kRun); ++i)
          if (logits[i] >= bound) row.ids[n++] = static_cast<std::int32_t>(i);
    for (std::int64_t i = 0; i < n; ++i) scratch[i] = row.logits[i] = logits[row.ids[i]];
    const float last = largest(scratch, n, top_k_);
    std::int64_t equal = top_k_ - std::count_if(row.logits, row.logits + n, [&](float x) { return x > last; });
    return keep(row.logits, n, row, [&](std::int64_t i) { return row.logits[i] > last || (row.logits[i] == last && equal-- > 0); });
  }

  static float largest(float* x, std::int64_t n, std::int64_t k) {
    std::nth_element(x, x + k - 1, x + n, std::greater<>());
    return x[k - 1];
  }

  /// weights = exp(z - max z), z = logit / temperature, in float.
  void weigh(const float* logits, std::int64_t n, float* weights) const {
    table_.affine(inv_, 0, logits, weights, 0, n);
    table_.affine(1, -(table_.max(logits, n) * inv_), weights, weights, 0, n);  // rounding keeps the order, so this is max z
    table_.unary(kernels::Unary::kExp, weights, weights, 0, n);
  }

  std::int64_t keep_min_p(const float* logits, std::int64_t n, const Row& row) const {
    if (top_k_ == v_)
      for (std::int64_t i = 0; i < n; ++i) row.ids[i] = static_cast<std::int32_t>(i);
    return keep(logits, n, row, [&](std::int64_t i) { return row.weights[i] >= min_p_; });
  }

  template <class F> static std::int64_t keep(const float* logits, std::int64_t n, const Row& row, const F& wanted) {
    std::int64_t kept = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      if (!wanted(i)) continue;
      row.ids[kept] = row.ids[i], row.logits[kept] = logits[i], row.weights[kept] = row.weights[i];
      ++kept;
    }
    return kept;
  }

  /// The first place whose cumulative weight passes u times the sum of all. A block's sum has 16 lanes, blocks and the places inside the one
  /// in question are chains, all in double.
  std::int32_t pick(const Row& row, std::int64_t n, double u) const {
    const std::int64_t blocks = (n + kBlock - 1) / kBlock;
    double total = 0;
    for (std::int64_t b = 0; b < blocks; ++b) total += row.sums[b] = table_.sum16_double(row.weights + b * kBlock, std::min(kBlock, n - b * kBlock));
    const double mark = u * total;
    double sum = 0;
    std::int64_t b = 0;
    while (b + 1 < blocks && mark >= sum + row.sums[b]) sum += row.sums[b++];
    std::int64_t best = n, i = b * kBlock;
    for (const std::int64_t end = std::min(n, i + kBlock); i < end && mark >= sum; ++i)
      if (row.weights[i] > 0) sum += row.weights[best = i];
    if (best == n)  // rounding left the mark above the sum of all
      for (best = n - 1; row.weights[best] == 0;) --best;
    return static_cast<std::int32_t>(best);
  }

  static constexpr std::int64_t kBlock = 256;
  const kernels::Table<float>& table_ = kernels::table<float>();
  const bool greedy_, cuts_;
  const std::int64_t v_, top_k_;
  const std::uint32_t step_;
  const float inv_, min_p_, penalty_;
  const std::int64_t blocks_;
  std::vector<float> weights_;
  std::vector<double> sums_;
  std::vector<std::int32_t> kept_ids_;
  std::vector<float> kept_logits_;
};

}  // namespace detail_
}  // namespace nn

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
