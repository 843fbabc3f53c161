#pragma once
// Tiny models, and their bytes.
#include <cstring>
#include <string>

#include "../catch.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/nn/transformer.hpp"
#include "tutelage/text/chat.hpp"

namespace tiny {

using namespace tutelage;
using Ids = std::vector<std::int32_t>;

inline nn::Transformer model(std::uint64_t seed = 1, std::int64_t vocab = 13, std::int64_t hidden = 16) {
  nn::TransformerConfig c;
  c.vocab_size = vocab, c.max_positions = 24, c.hidden_size = hidden, c.num_layers = 1, c.num_heads = 2, c.init_std = 0.1;
  return nn::Transformer(c, seed);
}

/// Stands for many bytes in a comparison, and in its message.
inline std::string digest(const std::string& bytes) {
  std::uint64_t h = 14695981039346656037u;  // FNV-1a
  for (unsigned char b : bytes) h = (h ^ b) * 1099511628211u;
  return std::to_string(bytes.size()) + " bytes, " + std::to_string(h);
}

/// All parameters, byte for byte.
template <class Params> std::string bytes(const Params& params) {
  std::string all;
  params.visit(
      [&](const std::string&, const Tensor& t) { all.append(reinterpret_cast<const char*>(t.data()), static_cast<std::size_t>(t.size()) * 4); });
  return digest(all);
}

inline Ids random_ids(std::uint32_t item, std::uint64_t least, std::uint64_t most, std::uint64_t vocab = 13) {
  Rng rng(9, Purpose::kUser, item);
  Ids ids(least + rng.below(most - least + 1));
  for (auto& id : ids) id = static_cast<std::int32_t>(rng.below(vocab));
  return ids;
}

/// Ragged examples; the first third of each is the question.
inline std::vector<text::Example> examples(std::uint32_t n, std::uint64_t vocab = 13) {
  std::vector<text::Example> all;
  for (std::uint32_t i = 0; i < n; ++i) {
    text::Example e{random_ids(i, 3, 12, vocab), {}};
    for (std::size_t t = 0; t < e.ids.size(); ++t) e.mask.push_back(3 * t >= e.ids.size());
    all.push_back(e);
  }
  return all;
}

/// Calls f under 1, 2 and 3 threads and compares what it gives.
template <class F> void same_for_any_threads(const F& f) {
  set_num_threads(1);
  const auto one = f();
  for (const int threads : {2, 3}) {
    set_num_threads(threads);
    CHECK(f() == one);
  }
  set_num_threads(0);
}

}  // namespace tiny
