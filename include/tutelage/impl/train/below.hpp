#pragma once
// What comes out of the blocks below an adapter, kept while the adapter learns: it does not change.
#include <vector>

#include "tutelage/nn/transformer.hpp"

TUTELAGE_BEGIN

namespace train::detail_ {

/// Whether b gives what a gives as far as block `layer`, a being frozen there: the same weights in memory, none of them learning, and no adapter.
inline bool same_below(const nn::Transformer& a, const nn::Transformer& b, std::int64_t layer) {
  if (!(a.config == b.config) || (!b.adapter.empty() && b.frozen_layers() < layer)) return false;
  const auto weights = [layer](const nn::Transformer& model) {
    std::vector<const float*> at;
    const auto add = [&at](const Tensor& t) {
      if (t.size()) at.push_back(t.tracked() ? nullptr : t.data());
    };
    add(model.token_embedding), add(model.position_embedding);
    for (std::size_t l = 0; l < static_cast<std::size_t>(layer); ++l) model.blocks[l].visit([&](const char*, const Tensor& t) { add(t); });
    return at;
  };
  return weights(a) == weights(b);
}

/// Of the sequences of a step, in the order in which they were added.
class Below {
 public:
  explicit Below(nn::Transformer policy) : policy_(std::move(policy)), layer_(policy_.frozen_layers()) {}
  /// Computes it. Empty where nothing is frozen.
  Tensor at(const nn::TokenBatch& batch) const { return layer_ == 0 ? Tensor() : policy_.hidden(batch, std::span(&layer_, 1)).front(); }
  /// And keeps it for the next sequences.
  Tensor add(const nn::TokenBatch& batch) {
    const Tensor x = at(batch);
    if (layer_ == 0) return x;
    for (std::size_t i = 0; i + 1 < batch.offsets.size(); ++i) {
      const auto begin = static_cast<std::size_t>(batch.offsets[i] * width()), end = static_cast<std::size_t>(batch.offsets[i + 1] * width());
      kept_.emplace_back(x.span().begin() + static_cast<std::ptrdiff_t>(begin), x.span().begin() + static_cast<std::ptrdiff_t>(end));
    }
    return x;
  }
  Tensor of(std::span<const std::int64_t> sequences) const {
    if (layer_ == 0) return {};
    std::vector<float> rows;
    for (const auto i : sequences) rows.insert(rows.end(), kept_[static_cast<std::size_t>(i)].begin(), kept_[static_cast<std::size_t>(i)].end());
    return Tensor::from({static_cast<std::int64_t>(rows.size()) / width(), width()}, rows);
  }
  /// Last hidden states of a batch, whose `below` at(), add() or of() gave; of another model computed as a whole.
  Tensor hidden(const nn::Transformer& model, const Tensor& below, const nn::TokenBatch& batch) const {
    return below.size() > 0 && same_below(policy_, model, layer_) ? model.hidden_from(layer_, below, batch) : model.hidden(batch);
  }

 private:
  std::int64_t width() const { return policy_.config.hidden_size; }
  nn::Transformer policy_;
  std::int64_t layer_;
  std::vector<std::vector<float>> kept_;
};

}  // namespace train::detail_

TUTELAGE_END
