#pragma once
// A model and prompts for tests of sampling.
#include "batches.hpp"
#include "tutelage/nn/generate.hpp"

using Ids = std::vector<std::int32_t>;

/// Head size 20, hidden size 40 and the vocabulary are no multiples of 16.
inline tutelage::nn::Transformer uneven(double init_std = 0.3, std::int64_t vocab = 203, std::int64_t layers = 2) {
  tutelage::nn::TransformerConfig c;
  c.vocab_size = vocab, c.max_positions = 90, c.hidden_size = 40, c.num_layers = layers, c.num_heads = 2, c.intermediate_size = 50,
  c.init_std = init_std;
  return tutelage::nn::Transformer(c, 12);
}

inline std::vector<Ids> prompts_of(std::size_t n, std::uint64_t vocab, std::uint64_t most) {
  tutelage::Rng rng(77, tutelage::Purpose::kUser);
  std::vector<Ids> all(n);
  for (auto& p : all) {
    p.resize(1 + rng.below(most));
    for (auto& id : p) id = static_cast<std::int32_t>(rng.below(vocab));
  }
  return all;
}

inline Ids joined(Ids a, const Ids& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// The last row of logits after `ids`, in double.
inline std::vector<double> last_logits(const tutelage::nn::Transformer& model, const Ids& ids) {
  const tutelage::Tensor z = model.logits(batch_of({ids}));
  const auto row = z.span().last(static_cast<std::size_t>(z.dim(1)));
  return {row.begin(), row.end()};
}
