#pragma once
#include <algorithm>
#include <cmath>
#include <utility>

#include "tutelage/base/parallel.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/impl/nn/decoder.ipp"
#include "tutelage/impl/nn/sampler.ipp"
#include "tutelage/nn/generate.hpp"

TUTELAGE_BEGIN

namespace nn {

TUTELAGE_INLINE void GenerateOptions::validate() const {
  const auto need = [](bool ok, const char* field, double got, const char* expected) {
    if (!ok) detail::fail<ConfigError>("GenerateOptions", std::string(field) + " is out of range", detail::str(got), expected);
  };
  constexpr std::int64_t samples = 1 << 24;
  need(max_new_tokens >= 1, "max_new_tokens", static_cast<double>(max_new_tokens), "1 or more");
  need(min_new_tokens >= 0 && min_new_tokens <= max_new_tokens, "min_new_tokens", static_cast<double>(min_new_tokens), "0 to max_new_tokens");
  need(temperature == 0 || (temperature >= 1e-6 && temperature <= 1e6), "temperature", temperature, "0 (greedy) or 1e-6 to 1e6");
  need(top_k >= 0, "top_k", static_cast<double>(top_k), "0 (all) or more");
  need(min_p >= 0 && min_p <= 1, "min_p", min_p, "0 (all) to 1");
  need(repetition_penalty >= 1e-6 && repetition_penalty <= 1e6, "repetition_penalty", repetition_penalty, "1e-6 to 1e6, 1 for none");
  need(sample < samples, "sample", sample, "below 2^24");
  need(num_samples >= 1 && num_samples <= samples - sample, "num_samples", static_cast<double>(num_samples), "1 to 2^24 - sample");
  need(max_batch >= 1, "max_batch", static_cast<double>(max_batch), "1 or more");
}

namespace detail_ {

using Prompts = std::vector<std::vector<std::int32_t>>;

inline void check_prompts(const TransformerConfig& config, const Prompts& prompts, const GenerateOptions& options) {
  if (prompts.empty()) detail::fail<ValueError>("generate", "no prompt", "0", "at least one");
  if (!options.seeds.empty() && options.seeds.size() != prompts.size())
    detail::fail<ShapeError>("generate", "seeds are not one a prompt", detail::str(options.seeds.size()) + " seeds",
                             detail::str(prompts.size()) + ", or none");
  const auto in_vocabulary = [&](const std::string& what, std::int32_t id) {
    if (id < 0 || id >= config.vocab_size)
      detail::fail<IndexError>("generate", what + " is out of range", detail::str(id), "0 to " + detail::str(config.vocab_size - 1));
  };
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const auto length = static_cast<std::int64_t>(prompts[i].size());
    if (length == 0) detail::fail<ValueError>("generate", "prompt " + detail::str(i) + " is empty", "no token", "at least one");
    if (options.max_new_tokens > config.max_positions - length)
      detail::fail<ShapeError>("generate", "prompt " + detail::str(i) + " with its answer is too long",
                               detail::str(length) + " + " + detail::str(options.max_new_tokens) + " tokens",
                               "at most max_positions = " + detail::str(config.max_positions));
    for (const auto id : prompts[i]) in_vocabulary("token of prompt " + detail::str(i), id);
  }
  for (const auto id : options.stop_ids) in_vocabulary("stop id", id);
}

/// The places in which sequences are decoded, and the answers that wait for one.
class Batch {
 public:
  Batch(const Transformer& model, const Prompts& prompts, const GenerateOptions& options)
      : options_(options),
        prompts_(prompts),
        vocab_size_(static_cast<std::size_t>(model.config.vocab_size)),
        results_(prompts.size() * static_cast<std::size_t>(options.num_samples)),
        places_(std::min(static_cast<std::int64_t>(results_.size()), options.max_batch)),
        token_work_(token_work(model)),
        sampler_(options, model.config.vocab_size, places_) {
    // Small weights fit each core's caches: then threads take sequences of their own and need not meet inside a step.
    const std::int64_t groups = token_work_ <= kOwnWork ? std::min<std::int64_t>(num_threads(), (places_ + 1) / 2) : 1;
    for (std::int64_t i = 0; i < groups; ++i) groups_.push_back(std::make_unique<Group>(model, places_, places_ / groups + 1));
    slots_.reserve(static_cast<std::size_t>(places_));
    for (std::int64_t i = 0; i < places_; ++i) slots_.emplace_back(model.config);
    draws_.reserve(slots_.size());
    scored_.reserve(slots_.size());
  }

  std::vector<Generation> run(const TokenCallback& on_token, const RunOptions& run) {
    const auto total = static_cast<std::int64_t>(results_.size());
    std::int64_t done = 0;
    while (done < total) {
      if (run.stop_requested()) throw Stopped("generate: stopped by the caller");
      fill_slots();
      gather();
      const bool small = rows_ * token_work_ < kForkWork;
      with_team(small ? 1 : num_threads(), [this](Team& team) { step(team); });
      const std::int64_t before = done;
      for (std::size_t i = 0; i < scored_.size(); ++i) done += take(*scored_[i], draws_[i], on_token);
      if (done != before) run.report({"generate", done, total, {}});
    }
    return std::move(results_);
  }

 private:
  struct Slot {
    explicit Slot(const TransformerConfig& config) : cache(config) {}
    Cache cache;
    std::vector<std::int32_t> ids;  // prompt and answer; the cache holds the first cache.length of them, also when nobody is here any more
    std::size_t answer = 0, prompt_length = 0;
    bool busy = false, begun = false;  // begun: its prompt is being fed
    std::vector<std::uint8_t> is_seen;
    std::vector<std::int32_t> seen;
  };

  /// The sequences that one thread, or all together, take through the weights.
  struct Group {
    Group(const Transformer& model, std::int64_t places, std::int64_t scored) : decoder(model, places + kPromptRows, scored) {
      ids.reserve(static_cast<std::size_t>(places + kPromptRows));
      segments.reserve(static_cast<std::size_t>(scored));
    }
    Decoder decoder;
    std::vector<std::int32_t> ids;
    std::vector<Segment> segments;
    std::size_t first_draw = 0, end_draw = 0;
  };

  std::size_t prompt_of(std::size_t answer) const { return answer / static_cast<std::size_t>(options_.num_samples); }

  void fill_slots() {
    for (auto& slot : slots_) {
      if (slot.busy || waiting_ == results_.size()) continue;
      const auto& prompt = prompts_[prompt_of(waiting_)];
      const auto most = static_cast<std::int64_t>(prompt.size()) + options_.max_new_tokens;
      slot.cache.length = std::min(slot.cache.length, shared(slot, prompt));
      slot.cache.reserve(most);
      slot.ids.reserve(static_cast<std::size_t>(most));
      slot.ids = prompt;
      slot.answer = waiting_++, slot.prompt_length = prompt.size(), slot.busy = true, slot.begun = false;
      auto& result = results_[slot.answer];
      result.ids.reserve(static_cast<std::size_t>(options_.max_new_tokens));
      result.logprobs.reserve(static_cast<std::size_t>(options_.max_new_tokens));
      if (options_.repetition_penalty == 1) continue;
      slot.is_seen.assign(vocab_size_, 0);
      slot.seen.clear();
      slot.seen.reserve(std::min(vocab_size_, static_cast<std::size_t>(most)));
      for (const auto id : prompt) see(slot, id);
    }
    for (auto& slot : slots_)
      if (slot.busy && !slot.begun) slot.begun = take_prefix(slot);
  }

  static void see(Slot& slot, std::int32_t id) {
    if (slot.is_seen.empty() || std::exchange(slot.is_seen[static_cast<std::size_t>(id)], 1)) return;
    slot.seen.push_back(id);
  }

  /// How many of a prompt's tokens but the last, whose logits are wanted, a slot's sequence begins with.
  static std::int64_t shared(const Slot& slot, const std::vector<std::int32_t>& prompt) {
    const auto end = prompt.end() - 1;
    return std::mismatch(prompt.begin(), end, slot.ids.begin(), slot.ids.end()).first - prompt.begin();
  }

  /// Copies the longest beginning that another slot holds. False: an earlier answer is computing half of the rest or more, so it waits for that.
  bool take_prefix(Slot& slot) {
    const auto& prompt = prompts_[prompt_of(slot.answer)];
    const Slot* from = nullptr;
    std::int64_t best = slot.cache.length, later = 0;
    for (const auto& other : slots_) {
      if (&other == &slot) continue;
      const std::int64_t n = shared(other, prompt);
      if (other.busy && other.answer < slot.answer) later = std::max(later, n);
      if (std::min(n, other.cache.length) <= best) continue;
      best = std::min(n, other.cache.length);
      from = &other;
    }
    if (2 * (later - best) >= static_cast<std::int64_t>(prompt.size()) - best) return false;
    if (from) slot.cache.copy(from->cache, best);
    return true;
  }

  /// The next tokens of every sequence: one each and up to kPromptRows more of prompts.
  void gather() {
    rows_ = 0;
    draws_.clear(), scored_.clear();
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      auto& group = *groups_[g];
      group.ids.clear(), group.segments.clear();
      group.first_draw = draws_.size();
      std::int64_t left = kPromptRows;
      float* logits = group.decoder.logits();
      for (std::size_t i = g; i < slots_.size(); i += groups_.size()) {
        auto& slot = slots_[i];
        if (!slot.busy || !slot.begun) continue;
        const std::int64_t begin = slot.cache.length, rest = static_cast<std::int64_t>(slot.ids.size()) - begin, n = std::min(rest, 1 + left);
        left -= n - 1;
        group.segments.push_back({&slot.cache, static_cast<std::int64_t>(group.ids.size()), n, n == rest});
        group.ids.insert(group.ids.end(), slot.ids.begin() + begin, slot.ids.begin() + begin + n);
        if (n != rest) continue;
        draws_.push_back(draw_of(slot, logits));
        scored_.push_back(&slot);
        logits += vocab_size_;
      }
      group.end_draw = draws_.size();
      rows_ += static_cast<std::int64_t>(group.ids.size());
    }
  }

  Draw draw_of(const Slot& slot, float* logits) const {
    const std::size_t prompt = prompt_of(slot.answer);
    Draw d;
    d.logits = logits;
    d.seen = slot.seen;
    d.seed = options_.seeds.empty() ? options_.seed : options_.seeds[prompt];
    d.item = options_.first_item + (options_.seeds.empty() ? static_cast<std::uint32_t>(prompt) : 0);
    d.sample = options_.sample + static_cast<std::uint32_t>(slot.answer - prompt * static_cast<std::size_t>(options_.num_samples));
    d.position = static_cast<std::uint32_t>(results_[slot.answer].ids.size());
    if (d.position < options_.min_new_tokens) d.forbidden = options_.stop_ids;
    return d;
  }

  void step(Team& team) {
    if (groups_.size() == 1) return step(team, *groups_[0]);
    team.for_each(static_cast<std::int64_t>(groups_.size()), 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t g = begin; g < end; ++g) {
        Team alone = Team::alone();
        step(alone, *groups_[static_cast<std::size_t>(g)]);
      }
    });
  }

  void step(Team& team, Group& group) {
    if (group.ids.empty()) return;
    group.decoder.feed(team, group.ids, group.segments);
    const auto rows = static_cast<std::int64_t>(group.end_draw - group.first_draw);
    team.for_each(rows, std::max<std::int64_t>(1, (1 << 11) / static_cast<std::int64_t>(vocab_size_)), [&](std::int64_t begin, std::int64_t end) {
      for (auto i = static_cast<std::int64_t>(group.first_draw) + begin; i < static_cast<std::int64_t>(group.first_draw) + end; ++i)
        sampler_.draw(draws_[static_cast<std::size_t>(i)], i);
    });
  }

  /// Appends a token to its answer. Returns whether that is finished.
  bool take(Slot& slot, const Draw& d, const TokenCallback& on_token) {
    if (d.id < 0)
      detail::fail<NumericError>("generate", "logits of prompt " + detail::str(prompt_of(slot.answer)) + " are not finite", "NaN or infinity",
                                 "finite numbers", "Look for NaN in the model's parameters.");
    auto& result = results_[slot.answer];
    result.ids.push_back(d.id);
    result.logprobs.push_back(d.logprob);
    if (on_token) on_token(static_cast<std::int64_t>(slot.answer), d.id, d.logprob);
    const bool stop = std::find(options_.stop_ids.begin(), options_.stop_ids.end(), d.id) != options_.stop_ids.end();
    if (stop) result.stop_reason = StopReason::kStopId;
    slot.busy = !stop && static_cast<std::int64_t>(result.ids.size()) < options_.max_new_tokens;
    slot.ids.push_back(d.id);
    see(slot, d.id);
    return !slot.busy;
  }

  static constexpr std::int64_t kPromptRows = 256;    // of prompts in one step: bounds the memory and the time between two questions to stop
  static constexpr std::int64_t kForkWork = 1 << 19;  // multiply-adds of a step from which on a second thread pays
  static constexpr std::int64_t kOwnWork = 1 << 20;   // weights up to which each thread takes sequences of its own
  const GenerateOptions& options_;
  const Prompts& prompts_;
  const std::size_t vocab_size_;
  std::vector<Generation> results_;
  const std::int64_t places_;
  const std::int64_t token_work_;
  Sampler sampler_;
  std::vector<std::unique_ptr<Group>> groups_;
  std::int64_t rows_ = 0;  // of the step at hand
  std::vector<Slot> slots_;
  std::size_t waiting_ = 0;  // the next answer to begin
  std::vector<Draw> draws_;
  std::vector<Slot*> scored_;
};

}  // namespace detail_

TUTELAGE_INLINE std::vector<Generation> generate(const Transformer& model, const std::vector<std::vector<std::int32_t>>& prompts,
                                                 const GenerateOptions& options, const TokenCallback& on_token, const RunOptions& run) {
  const FpStateGuard guard;
  options.validate();
  model.config.validate();
  detail_::check_prompts(model.config, prompts, options);
  return detail_::Batch(model, prompts, options).run(on_token, run);
}

}  // namespace nn

TUTELAGE_END
