#pragma once
#include <algorithm>
#include <cmath>
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
  need(temperature >= 0 && std::isfinite(temperature), "temperature", temperature, "0 (greedy) or more");
  need(top_k >= 0, "top_k", static_cast<double>(top_k), "0 (all) or more");
  need(max_batch >= 1, "max_batch", static_cast<double>(max_batch), "1 or more");
}

namespace detail_ {

/// Keys (transposed) and values of one sequence, of every layer.
struct Cache {
  std::int64_t length = 0, capacity = 0;
  std::unique_ptr<Storage<float>> memory;  // a layer: kt (C, capacity), then v (capacity, C)
  Cache(const TransformerConfig& c, std::int64_t most)
      : capacity(most), memory(std::make_unique<Storage<float>>(2 * c.num_layers * c.hidden_size * most)) {}
  float* kt(std::int64_t layer, std::int64_t c) { return memory->data() + 2 * layer * c * capacity; }
  float* v(std::int64_t layer, std::int64_t c) { return kt(layer, c) + c * capacity; }
};

/// The forward pass with a cache: the same kernels in the same orders as Transformer::hidden, hence the same bits.
class Decoder {
 public:
  explicit Decoder(const Transformer& model) : model_(model) {}

  /// Feeds new tokens of several sequences, end to end (counts[i] of sequence i), and returns the logits after the last token of each: (sequences,
  /// V).
  Tensor feed(std::span<const std::int32_t> ids, std::span<const std::int64_t> counts, std::span<Cache* const> caches) {
    const auto& config = model_.config;
    const std::int64_t m = static_cast<std::int64_t>(ids.size()), c = config.hidden_size;
    std::vector<std::int32_t> positions;
    for (std::size_t s = 0; s < counts.size(); ++s)
      for (std::int64_t t = 0; t < counts[s]; ++t) positions.push_back(static_cast<std::int32_t>(caches[s]->length + t));
    Tensor x = ops::add(ops::embedding(model_.token_embedding, ids), ops::embedding(model_.position_embedding, positions));
    for (std::size_t layer = 0; layer < model_.blocks.size(); ++layer) {
      const auto& b = model_.blocks[layer];
      const Tensor qkv = ops::linear(ops::layer_norm(x, b.norm1_gain, b.norm1_bias, config.norm_eps), b.qkv_weight, b.qkv_bias);
      Tensor attended = Tensor::uninitialized({m, c});
      attend(static_cast<std::int64_t>(layer), qkv, counts, caches, attended.mutable_data());
      x = ops::add(x, ops::linear(attended, b.out_weight, b.out_bias));
      x = ops::add(
          x, ops::linear(ops::linear(ops::layer_norm(x, b.norm2_gain, b.norm2_bias, config.norm_eps), b.up_weight, b.up_bias, Activation::kGelu),
                         b.down_weight, b.down_bias));
    }
    std::vector<std::int64_t> last;
    std::int64_t at = 0;
    for (std::size_t s = 0; s < counts.size(); ++s) {
      at += counts[s];
      last.push_back(at - 1);
      caches[s]->length += counts[s];
    }
    const Tensor h = ops::layer_norm(ops::rows(x, last), model_.norm_gain, model_.norm_bias, config.norm_eps);
    return ops::linear(h, model_.token_embedding, Tensor());
  }

 private:
  void attend(std::int64_t layer, const Tensor& qkv, std::span<const std::int64_t> counts, std::span<Cache* const> caches, float* out) {
    const std::int64_t c = model_.config.hidden_size, heads = model_.config.num_heads, d = c / heads;
    std::vector<std::int64_t> starts;
    std::int64_t at = 0, work = 0, most = 0;
    for (std::size_t s = 0; s < counts.size(); ++s) {
      starts.push_back(at);
      at += counts[s];
      most = std::max(most, caches[s]->capacity);
      work = std::max(work, counts[s] * (caches[s]->length + counts[s]) * d);
    }
    const std::int64_t tasks = static_cast<std::int64_t>(counts.size()) * heads;
    Storage<float> scratch(tasks * most);
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
        a.q = row + h * d, a.q_row = 3 * c, a.q_offset = cache.length;
        a.kt = kt, a.k_step = cache.capacity;
        a.v = v, a.v_row = c;
        a.out = out + starts[s] * c + h * d, a.out_row = c;
        a.head_size = d, a.scale = 1.0f / std::sqrt(static_cast<float>(d));
        a.scratch = scratch.data() + task * most;
        kernels::table<float>().attention(a, cache.length, cache.length + counts[s]);
      }
    });
  }

  const Transformer& model_;
};

struct Choice {
  std::int32_t id;
  float logprob;
};

/// Draws from softmax(logits / temperature), cut to the top k: ids in order (logit descending, id ascending), the first whose cumulative
/// probability, summed in double, passes one uniform number.
inline Choice choose(const float* logits, std::int64_t v, const GenerateOptions& o, std::uint32_t item, std::uint32_t position) {
  const auto before = [&](std::int32_t a, std::int32_t b) { return logits[a] != logits[b] ? logits[a] > logits[b] : a < b; };
  std::vector<std::int32_t> order(static_cast<std::size_t>(v));
  for (std::int64_t i = 0; i < v; ++i) order[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(i);
  const bool greedy = o.temperature == 0;
  const float inv = greedy ? 1.0f : static_cast<float>(1.0 / o.temperature);
  std::vector<float> kept;
  const float* row = logits;
  std::int64_t n = v;
  if (!greedy && o.top_k > 0 && o.top_k < v) {
    n = o.top_k;
    std::partial_sort(order.begin(), order.begin() + n, order.end(), before);
    order.resize(static_cast<std::size_t>(n));
    for (auto id : order) kept.push_back(logits[id]);
    row = kept.data();
  }
  std::int32_t pick = 0;  // place in `row`
  if (greedy) {
    for (std::int32_t i = 1; i < v; ++i) pick = logits[pick] < logits[i] ? i : pick;
  } else {
    const float m = *std::max_element(row, row + n) * inv;
    std::vector<double> p(static_cast<std::size_t>(n));
    double total = 0;
    for (std::int64_t i = 0; i < n; ++i) total = total + (p[static_cast<std::size_t>(i)] = math::exp(static_cast<double>(row[i] * inv - m)));
    const double mark = Rng(o.seed, Purpose::kSample, item, o.step, o.sample, position).uniform() * total;
    // Likely tokens first: a heap gives them one by one, so that few of V are ever sorted.
    std::vector<std::int32_t> heap(static_cast<std::size_t>(n));
    for (std::int64_t i = 0; i < n; ++i) heap[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(i);
    const auto later = [&](std::int32_t a, std::int32_t b) { return row[a] != row[b] ? row[a] < row[b] : a > b; };
    std::make_heap(heap.begin(), heap.end(), later);
    double sum = 0;
    while (!heap.empty()) {
      std::pop_heap(heap.begin(), heap.end(), later);
      pick = heap.back();
      heap.pop_back();
      sum = sum + p[static_cast<std::size_t>(pick)];
      if (mark < sum) break;
    }
  }
  float logprob, max, sum;
  kernels::token_logprob(row, &pick, inv, std::int64_t{1}, n, &logprob, &max, &sum);
  return {kept.empty() ? pick : order[static_cast<std::size_t>(pick)], logprob};
}

}  // namespace detail_

TUTELAGE_INLINE std::vector<Generation> generate(const Transformer& model, const std::vector<std::vector<std::int32_t>>& prompts,
                                                 const GenerateOptions& options, const TokenCallback& on_token, const RunOptions& run) {
  options.validate();
  const auto& config = model.config;
  if (prompts.empty()) detail::fail<ValueError>("generate", "no prompt", "0", "at least one");
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const auto length = static_cast<std::int64_t>(prompts[i].size());
    if (length == 0) detail::fail<ValueError>("generate", "prompt " + detail::str(i) + " is empty", "no token", "at least one");
    if (length + options.max_new_tokens > config.max_positions)
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
  std::vector<Slot> slots;
  detail_::Decoder decoder(model);
  std::size_t waiting = 0;
  std::vector<std::int32_t> ids;
  std::vector<std::int64_t> counts;
  std::vector<detail_::Cache*> caches;
  while (true) {
    while (waiting < prompts.size() && static_cast<std::int64_t>(slots.size()) < options.max_batch) {
      slots.push_back({waiting, detail_::Cache(config, static_cast<std::int64_t>(prompts[waiting].size()) + options.max_new_tokens)});
      ++waiting;
    }
    if (slots.empty()) break;
    if (run.stop_requested()) throw Stopped("generate: stopped by the caller");
    ids.clear(), counts.clear(), caches.clear();
    for (auto& slot : slots) {
      if (slot.next < 0) {
        ids.insert(ids.end(), prompts[slot.prompt].begin(), prompts[slot.prompt].end());
        counts.push_back(static_cast<std::int64_t>(prompts[slot.prompt].size()));
      } else {
        ids.push_back(slot.next);
        counts.push_back(1);
      }
      caches.push_back(&slot.cache);
    }
    const Tensor logits = decoder.feed(ids, counts, caches);
    std::vector<detail_::Choice> choices(slots.size());
    for (std::size_t s = 0; s < slots.size(); ++s)
      choices[s] = detail_::choose(logits.data() + static_cast<std::int64_t>(s) * config.vocab_size, config.vocab_size, options,
                                   options.first_item + static_cast<std::uint32_t>(slots[s].prompt),
                                   static_cast<std::uint32_t>(results[slots[s].prompt].ids.size()));
    std::size_t kept = 0;
    for (std::size_t s = 0; s < slots.size(); ++s) {
      auto& result = results[slots[s].prompt];
      result.ids.push_back(choices[s].id);
      result.logprobs.push_back(choices[s].logprob);
      if (on_token) on_token(static_cast<std::int64_t>(slots[s].prompt), choices[s].id, choices[s].logprob);
      const bool stop = std::find(options.stop_ids.begin(), options.stop_ids.end(), choices[s].id) != options.stop_ids.end();
      if (stop) result.stop_reason = StopReason::kStopId;
      if (stop || static_cast<std::int64_t>(result.ids.size()) == options.max_new_tokens) continue;
      slots[s].next = choices[s].id;
      if (kept != s) slots[kept] = std::move(slots[s]);
      ++kept;
    }
    slots.erase(slots.begin() + static_cast<std::ptrdiff_t>(kept), slots.end());
  }
  return results;
}

}  // namespace nn

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
