#pragma once
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/impl/kernels/layout.hpp"
#include "tutelage/impl/tensor/storage.hpp"
#include "tutelage/nn/generate.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace nn {

TUTELAGE_INLINE void GenerateOptions::validate() const {
  const auto need = [](bool ok, const char* field, double got, const char* expected) {
    if (!ok) detail::fail<ConfigError>("GenerateOptions", std::string(field) + " is out of range", detail::str(got), expected);
  };
  need(max_new_tokens >= 1, "max_new_tokens", static_cast<double>(max_new_tokens), "1 or more");
  need(temperature == 0 || (temperature >= 1e-6 && temperature <= 1e6), "temperature", temperature, "0 (greedy) or 1e-6 to 1e6");
  need(top_k >= 0, "top_k", static_cast<double>(top_k), "0 (all) or more");
  need(sample < (1u << 24), "sample", sample, "below 2^24");
  need(max_batch >= 1, "max_batch", static_cast<double>(max_batch), "1 or more");
}

namespace detail_ {

/// Keys (transposed) and values of one sequence, of every layer.
struct Cache {
  std::int64_t length = 0, capacity = 0;
  std::unique_ptr<Storage<float>> memory;  // a layer: kt (C, capacity), then v (capacity, C)
  Cache(const TransformerConfig& c, std::int64_t most)
      : capacity(kernels::padded_keys(most)), memory(std::make_unique<Storage<float>>(2 * c.num_layers * c.hidden_size * capacity)) {}
  float* kt(std::int64_t layer, std::int64_t c) { return memory->data() + 2 * layer * c * capacity; }
  float* v(std::int64_t layer, std::int64_t c) { return kt(layer, c) + c * capacity; }
};

/// The forward pass with a cache: the same kernels in the same orders as Transformer::hidden, hence the same bits.
class Decoder {
 public:
  explicit Decoder(const Transformer& model) : model_(model) {
    model_.visit([](const std::string&, Tensor& t) { t = t.detach(); });  // inside a loss, sampling must not be recorded
    const auto& config = model_.config;
    bool fits = model_.token_embedding.shape() == Shape{config.vocab_size, config.hidden_size} && config.num_heads > 0 &&
                static_cast<std::int64_t>(model_.blocks.size()) == config.num_layers;
    for (const auto& b : model_.blocks) fits = fits && b.qkv_weight.shape() == Shape{3 * config.hidden_size, config.hidden_size};
    if (!fits)
      detail::fail<ShapeError>("generate", "parameters do not fit the model's config", "token_embedding " + model_.token_embedding.shape().str(),
                               "parameters as the constructor makes them");
  }

  /// Feeds new tokens of several sequences, end to end (counts[i] of sequence i). Returns the logits after each one's last token: (sequences, V).
  Tensor feed(std::span<const std::int32_t> ids, std::span<const std::int64_t> counts, std::span<Cache* const> caches) {
    const auto& config = model_.config;
    std::vector<std::int32_t> positions;
    for (std::size_t s = 0; s < counts.size(); ++s)
      for (std::int64_t t = 0; t < counts[s]; ++t) positions.push_back(static_cast<std::int32_t>(caches[s]->length + t));
    std::vector<std::int64_t> last;
    std::int64_t at = 0;
    for (const auto count : counts) last.push_back((at += count) - 1);
    Tensor x = ops::add(ops::embedding(model_.token_embedding, ids), ops::embedding(model_.position_embedding, positions));
    for (std::size_t layer = 0; layer < model_.blocks.size(); ++layer) {
      const auto& b = model_.blocks[layer];
      const Tensor qkv = ops::linear(ops::layer_norm(x, b.norm1_gain, b.norm1_bias, config.norm_eps), b.qkv_weight, b.qkv_bias);
      const bool final = layer + 1 == model_.blocks.size();  // after its keys and values only the last tokens matter
      if (final) x = ops::rows(x, last);
      Tensor attended = Tensor::uninitialized(x.shape());
      attend(static_cast<std::int64_t>(layer), qkv, counts, caches, final, attended.mutable_data());
      x = ops::add(x, ops::linear(attended, b.out_weight, b.out_bias));
      x = ops::add(
          x, ops::linear(ops::linear(ops::layer_norm(x, b.norm2_gain, b.norm2_bias, config.norm_eps), b.up_weight, b.up_bias, Activation::kGelu),
                         b.down_weight, b.down_bias));
    }
    for (std::size_t s = 0; s < counts.size(); ++s) caches[s]->length += counts[s];
    return ops::linear(ops::layer_norm(x, model_.norm_gain, model_.norm_bias, config.norm_eps), model_.token_embedding, Tensor());
  }

 private:
  void attend(std::int64_t layer, const Tensor& qkv, std::span<const std::int64_t> counts, std::span<Cache* const> caches, bool last_only,
              float* out) {
    const std::int64_t c = model_.config.hidden_size, heads = model_.config.num_heads, d = c / heads;
    std::vector<std::int64_t> starts;
    std::int64_t at = 0, work = 0, most = 0;
    for (std::size_t s = 0; s < counts.size(); ++s) {
      starts.push_back(at);
      at += counts[s];
      most = std::max(most, kernels::padded_keys(caches[s]->capacity));
      work = std::max(work, counts[s] * (caches[s]->length + counts[s]) * d);
    }
    const std::int64_t tasks = static_cast<std::int64_t>(counts.size()) * heads;
    const std::int64_t memory = kernels::kQueryRows * most;
    Storage<float> scratch(tasks * memory);
    parallel_for(tasks, std::max<std::int64_t>(1, (1 << 17) / std::max<std::int64_t>(1, work)), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t task = begin; task < end; ++task) {
        const auto s = static_cast<std::size_t>(task / heads);
        const std::int64_t h = task % heads;
        Cache& cache = *caches[s];
        const float* row = qkv.data() + starts[s] * 3 * c;
        float* kt = cache.kt(layer, c) + h * d * cache.capacity;
        float* v = cache.v(layer, c) + h * d;
        kernels::transpose_keys(row + c + h * d, 3 * c, counts[s], d, kt + cache.length, cache.capacity);
        for (std::int64_t t = 0; t < counts[s]; ++t) std::copy_n(row + t * 3 * c + 2 * c + h * d, d, v + (cache.length + t) * c);
        kernels::Attention<float> a;
        const std::int64_t skipped = last_only ? counts[s] - 1 : 0;
        a.q = row + skipped * 3 * c + h * d, a.q_row = 3 * c, a.q_offset = cache.length + skipped;
        a.kt = kt, a.k_step = cache.capacity;
        a.v = v, a.v_row = c;
        a.out = out + (last_only ? static_cast<std::int64_t>(s) : starts[s]) * c + h * d, a.out_row = c;
        a.head_size = d, a.scale = 1.0f / std::sqrt(static_cast<float>(d));
        a.scratch = scratch.data() + task * memory, a.scratch_row = most;
        kernels::table<float>().attention(a, a.q_offset, cache.length + counts[s]);
      }
    });
  }

  Transformer model_;
};

/// Draws a token from each row of logits. The order of a row's ids is (logit descending, id ascending); the draw is the first whose cumulative
/// weight passes u * total, where u is one uniform number, a weight is exp(z - max z) in double with z = logit * inv_temperature in float, total
/// is the chain of all weights by rising id (top_k: of the kept ones in order) and cumulative weights are a chain in order.
class Sampler {
 public:
  Sampler(const GenerateOptions& options, std::int64_t vocab_size, std::int64_t most_rows)
      : o_(options),
        v_(vocab_size),
        kept_(options.temperature > 0 && options.top_k > 0 && options.top_k < vocab_size ? options.top_k : 0),
        inv_(options.temperature > 0 ? static_cast<float>(1.0 / options.temperature) : 1.0f),
        keys_(static_cast<std::size_t>(most_rows * vocab_size)),
        weights_(static_cast<std::size_t>(most_rows * vocab_size)),
        kept_logits_(static_cast<std::size_t>(most_rows * kept_)),
        picks_(static_cast<std::size_t>(most_rows)),
        maxima_(static_cast<std::size_t>(most_rows)),
        sums_(static_cast<std::size_t>(most_rows)) {}

  /// logits (rows, V) -> ids and log-probs of rows tokens; row i is token positions[i] of the answer to prompt items[i].
  void draw(const Tensor& logits, std::span<const std::uint32_t> items, std::span<const std::uint32_t> positions, std::int32_t* ids,
            float* logprobs) {
    const std::int64_t rows = logits.dim(0);
    parallel_for(rows, std::max<std::int64_t>(1, (1 << 13) / v_), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const auto at = static_cast<std::size_t>(i);
        picks_[at] = pick(logits.data() + i * v_, items[at], positions[at], i, ids[i]);
      }
    });
    for (std::size_t i = 0; i < static_cast<std::size_t>(rows); ++i)
      if (picks_[i] < 0)
        detail::fail<NumericError>("generate",
                                   "logits of prompt " + detail::str(static_cast<std::int64_t>(items[i] - o_.first_item)) + " are not finite",
                                   "NaN or infinity", "finite numbers", "Look for NaN in the model's parameters.");
    // The scoring op's kernel, so that scoring the finished sequence gives these bits.
    kernels::token_logprob(kept_ ? kept_logits_.data() : logits.data(), picks_.data(), inv_, rows, kept_ ? kept_ : v_, logprobs, maxima_.data(),
                           sums_.data());
  }

 private:
  /// Ascending keys are ids in order.
  static std::uint64_t key_of(float logit, std::int64_t id) {
    const auto bits = std::bit_cast<std::uint32_t>(logit + 0.0f);  // -0 and 0 are equal
    const std::uint32_t rising = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
    return static_cast<std::uint64_t>(~rising) << 32 | static_cast<std::uint64_t>(id);
  }
  static std::int32_t id_of(std::uint64_t key) { return static_cast<std::int32_t>(key & 0xffffffffu); }

  /// Returns the place in the row that is scored: the id, or with top_k the rank; -1 where a logit is not finite. Part of a parallel loop, so
  /// nothing here allocates.
  std::int32_t pick(const float* row, std::uint32_t item, std::uint32_t position, std::int64_t slot, std::int32_t& id) {
    const auto& table = kernels::table<float>();
    bool finite = true;
    for (std::int64_t i = 0; i < v_; ++i) finite &= std::abs(row[i]) <= std::numeric_limits<float>::max();
    if (!finite) return -1;
    if (o_.temperature == 0) return id = static_cast<std::int32_t>(std::find(row, row + v_, table.max(row, v_)) - row);
    std::uint64_t* keys = keys_.data() + slot * v_;
    for (std::int64_t i = 0; i < v_; ++i) keys[i] = key_of(row[i], i);
    const float* scored = row;
    std::int64_t n = v_, sorted = 0;
    if (kept_) {
      n = sorted = kept_;
      std::partial_sort(keys, keys + n, keys + v_);
      float* kept = kept_logits_.data() + slot * kept_;
      for (std::int64_t i = 0; i < n; ++i) kept[i] = row[id_of(keys[i])];
      scored = kept;
    }
    double* weights = weights_.data() + slot * v_;
    const float m = table.max(scored, n) * inv_;
    for (std::int64_t i = 0; i < n; ++i) weights[i] = static_cast<double>(scored[i] * inv_ - m);
    kernels::table<double>().unary(kernels::Unary::kExp, weights, weights, 0, n);
    double total = 0;
    for (std::int64_t i = 0; i < n; ++i) total = total + weights[i];
    const double mark = Rng(o_.seed, Purpose::kSample, item, o_.step, o_.sample, position).uniform() * total;
    // Likely tokens come first, so that most of V is never sorted.
    double sum = 0;
    std::int64_t best = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      if (i == sorted) {
        sorted = std::min(n, sorted + std::max<std::int64_t>(32, 3 * sorted));
        if (sorted < n) std::nth_element(keys + i, keys + sorted, keys + n);
        std::sort(keys + i, keys + sorted);
      }
      const double w = weights[kept_ ? i : id_of(keys[i])];
      if (w == 0) break;  // rounding left the mark above the sum of all
      best = i;
      sum = sum + w;
      if (mark < sum) break;
    }
    id = id_of(keys[best]);
    return kept_ ? static_cast<std::int32_t>(best) : id;
  }

  const GenerateOptions& o_;
  std::int64_t v_, kept_;  // kept_ 0: all of v_
  float inv_;
  std::vector<std::uint64_t> keys_;
  std::vector<double> weights_;
  std::vector<float> kept_logits_;
  std::vector<std::int32_t> picks_;
  std::vector<float> maxima_, sums_;
};

}  // namespace detail_

TUTELAGE_INLINE std::vector<Generation> generate(const Transformer& model, const std::vector<std::vector<std::int32_t>>& prompts,
                                                 const GenerateOptions& options, const TokenCallback& on_token, const RunOptions& run) {
  options.validate();
  const auto& config = model.config;
  if (prompts.empty()) detail::fail<ValueError>("generate", "no prompt", "0", "at least one");
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const auto length = static_cast<std::int64_t>(prompts[i].size());
    if (length == 0) detail::fail<ValueError>("generate", "prompt " + detail::str(i) + " is empty", "no token", "at least one");
    if (options.max_new_tokens > config.max_positions - length)
      detail::fail<ShapeError>("generate", "prompt " + detail::str(i) + " with its answer is too long",
                               detail::str(length) + " + " + detail::str(options.max_new_tokens) + " tokens",
                               "at most max_positions = " + detail::str(config.max_positions));
    for (auto id : prompts[i])
      if (id < 0 || id >= config.vocab_size)
        detail::fail<IndexError>("generate", "token of prompt " + detail::str(i) + " is out of range", detail::str(id),
                                 "0 to " + detail::str(config.vocab_size - 1));
  }
  for (auto id : options.stop_ids)
    if (id < 0 || id >= config.vocab_size)
      detail::fail<IndexError>("generate", "stop id is out of range", detail::str(id), "0 to " + detail::str(config.vocab_size - 1));

  struct Slot {
    std::size_t prompt;
    detail_::Cache cache;
    std::int32_t next = -1;  // token to feed; -1: the whole prompt
  };
  std::vector<Generation> results(prompts.size());
  const std::size_t most = std::min(prompts.size(), static_cast<std::size_t>(options.max_batch));
  detail_::Decoder decoder(model);
  detail_::Sampler sampler(options, config.vocab_size, static_cast<std::int64_t>(most));
  std::vector<Slot> slots;
  std::size_t waiting = 0;
  std::vector<std::int32_t> ids, chosen(most);
  std::vector<float> logprobs(most);
  std::vector<std::uint32_t> items, positions;
  std::vector<std::int64_t> counts;
  std::vector<detail_::Cache*> caches;
  while (true) {
    for (; waiting < prompts.size() && slots.size() < most; ++waiting)
      slots.push_back({waiting, detail_::Cache(config, static_cast<std::int64_t>(prompts[waiting].size()) + options.max_new_tokens)});
    if (slots.empty()) break;
    if (run.stop_requested()) throw Stopped("generate: stopped by the caller");
    ids.clear(), counts.clear(), caches.clear(), items.clear(), positions.clear();
    for (auto& slot : slots) {
      const auto& prompt = prompts[slot.prompt];
      if (slot.next < 0)
        ids.insert(ids.end(), prompt.begin(), prompt.end());
      else
        ids.push_back(slot.next);
      counts.push_back(slot.next < 0 ? static_cast<std::int64_t>(prompt.size()) : 1);
      caches.push_back(&slot.cache);
      items.push_back(options.first_item + static_cast<std::uint32_t>(slot.prompt));
      positions.push_back(static_cast<std::uint32_t>(results[slot.prompt].ids.size()));
    }
    sampler.draw(decoder.feed(ids, counts, caches), items, positions, chosen.data(), logprobs.data());
    std::size_t kept = 0;
    for (std::size_t s = 0; s < slots.size(); ++s) {
      auto& result = results[slots[s].prompt];
      result.ids.push_back(chosen[s]);
      result.logprobs.push_back(logprobs[s]);
      if (on_token) on_token(static_cast<std::int64_t>(slots[s].prompt), chosen[s], logprobs[s]);
      const bool stop = std::find(options.stop_ids.begin(), options.stop_ids.end(), chosen[s]) != options.stop_ids.end();
      if (stop) result.stop_reason = StopReason::kStopId;
      if (stop || static_cast<std::int64_t>(result.ids.size()) == options.max_new_tokens) continue;
      slots[s].next = chosen[s];
      if (kept != s) slots[kept] = std::move(slots[s]);
      ++kept;
    }
    const bool finished = kept < slots.size();
    slots.erase(slots.begin() + static_cast<std::ptrdiff_t>(kept), slots.end());
    if (finished) run.report({"generate", static_cast<std::int64_t>(waiting - kept), static_cast<std::int64_t>(prompts.size()), {}});
  }
  return results;
}

}  // namespace nn

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
