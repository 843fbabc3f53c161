#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tutelage/base/progress.hpp"
#include "tutelage/nn/transformer.hpp"

TUTELAGE_BEGIN

namespace nn {

struct GenerateOptions {
  std::int64_t max_new_tokens = 64;
  std::int64_t min_new_tokens = 0;     // so many tokens hold no stop id: its logits are lowered by 1e9 there
  double temperature = 1.0;            // 0: greedy (ties to the lower id), else 1e-6 to 1e6
  std::int64_t top_k = 0;              // 0: all; the k likeliest, ties to the lower id
  double min_p = 0;                    // 0: all; of those, the ones at least min_p times as likely as the likeliest
  double repetition_penalty = 1.0;     // logits of ids in the prompt or the answer so far: divided by it where positive, else multiplied; 1: off
  std::vector<std::int32_t> stop_ids;  // the stop id is part of the answer
  std::int64_t num_samples = 1;        // answers to each prompt
  std::uint64_t seed = 0;
  std::vector<std::uint64_t> seeds;  // one a prompt, in place of seed; the answer is then the same wherever the prompt stands
  std::uint32_t sample = 0;          // number of each prompt's first answer: other numbers, other samples
  std::uint32_t step = 0;            // training step, part of the random counter
  std::uint32_t first_item = 0;      // number of prompts[0] in the data; with seeds, of every prompt
  std::int64_t max_batch = 32;       // sequences decoded at once; does not change the result
  void validate() const;             // @throws ConfigError
};

enum class StopReason { kStopId, kLength };

struct Generation {
  std::vector<std::int32_t> ids;  // new tokens only
  std::vector<float> logprobs;    // of each, under the distribution it was drawn from (greedy: temperature 1)
  StopReason stop_reason = StopReason::kLength;
};

/// Called on the calling thread with (number of the answer in the result, token id, log-prob).
using TokenCallback = std::function<void(std::int64_t, std::int32_t, float)>;

/// Samples num_samples answers to each prompt with a key-value cache, up to max_batch sequences at once; a finished one's place is taken by the
/// next. Answers to prompts[i] are results i * num_samples and on. What a prompt shares with a sequence that is in a place already, above all
/// with another sample of the same prompt, is copied from there instead of computed.
/// Each token: logits after the repetition penalty, z = logit / temperature, weights exp(z - max z). Of the ids that top_k, then min_p keep, in
/// rising order, the first whose cumulative weight passes u times the sum of all; u is one uniform number of (seed, step, sample,
/// first_item + i, position in the answer). Greedy takes the largest logit after the penalty.
/// logprobs: natural log of the probability, among the ids kept. Without top_k, min_p and repetition penalty they are bit for bit those that
/// Transformer::logprobs(prompt + answer, temperature) gives. A row's result does not depend on the other rows, on max_batch, on what was copied
/// or on the order in which answers end.
/// run: should_stop is asked before each token, on this thread; it may read a flag that another thread sets. progress counts finished answers.
/// @throws ConfigError; ValueError for no prompt or an empty one; ShapeError if prompt + max_new_tokens > max_positions, or for seeds that are
/// not one a prompt; IndexError for a token or stop id outside the vocabulary; NumericError for logits that are not finite; Stopped
/// Cost: one forward pass over every token that is not copied, O(V) a draw; 2 L C floats of cache a token.
/// Source: repetition penalty arXiv 1909.05858, min-p arXiv 2407.01082, both as Hugging Face's generate has them.
/// Checked by: test_generate.cpp, test_sampling.cpp, test_transformer.cpp.
std::vector<Generation> generate(const Transformer& model, const std::vector<std::vector<std::int32_t>>& prompts, const GenerateOptions& options,
                                 const TokenCallback& on_token = {}, const RunOptions& run = {});

}  // namespace nn

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/nn/generate.ipp"
#endif
