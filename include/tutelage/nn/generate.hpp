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
  double temperature = 1.0;            // 0: greedy (ties to the lower id), else 1e-6 to 1e6
  std::int64_t top_k = 0;              // 0: all; the k likeliest, ties to the lower id
  std::vector<std::int32_t> stop_ids;  // the stop id is part of the answer
  std::uint64_t seed = 0;
  std::uint32_t sample = 0;      // which sample of each prompt: other numbers, other samples
  std::uint32_t step = 0;        // training step, part of the random counter
  std::uint32_t first_item = 0;  // number of prompts[0] in the data
  std::int64_t max_batch = 32;   // sequences decoded at once; does not change the result
  void validate() const;         // @throws ConfigError
};

enum class StopReason { kStopId, kLength };

struct Generation {
  std::vector<std::int32_t> ids;  // new tokens only
  std::vector<float> logprobs;    // of each, under the distribution it was drawn from (greedy: temperature 1)
  StopReason stop_reason = StopReason::kLength;
};

/// Called on the calling thread with (prompt index, token id, log-prob).
using TokenCallback = std::function<void(std::int64_t, std::int32_t, float)>;

/// Samples an answer to each prompt with a key-value cache, up to max_batch sequences at once; a finished one's place is taken by the next prompt.
/// Each token: ids in order (logit descending, id ascending), of which the first whose cumulative weight exp(z - max z) passes u times the sum
/// of all, z = logit / temperature; u is one uniform number of (seed, step, sample, first_item + prompt index, position in the answer).
/// logprobs: natural log of the probability. Without top_k they are bit for bit those that Transformer::logprobs(prompt + answer, temperature)
/// gives; with it, those of the kept ids alone. A row's result does not depend on the other rows, on max_batch or on the order of prompts' ends.
/// run: should_stop is asked before each token; progress counts finished prompts.
/// @throws ConfigError; ValueError for no prompt or an empty one; ShapeError if prompt + max_new_tokens > max_positions; IndexError for a token or
/// stop id outside the vocabulary; NumericError for logits that are not finite; Stopped
/// Cost: one forward pass over every token; 2 L C floats of cache a token. Checked by: test_generate.cpp, test_transformer.cpp.
std::vector<Generation> generate(const Transformer& model, const std::vector<std::vector<std::int32_t>>& prompts, const GenerateOptions& options,
                                 const TokenCallback& on_token = {}, const RunOptions& run = {});

}  // namespace nn

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/nn/generate.ipp"
#endif
