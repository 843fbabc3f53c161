#pragma once
// What comes out of the blocks below an adapter, kept while the adapter learns: it does not change.
#include <string>
#include <vector>

#include "tutelage/nn/transformer.hpp"

TUTELAGE_BEGIN

namespace train::detail_ {

/// Whether b gives what a gives as far as block `layer`: the same frozen weights in memory, and no adapter on them.
inline bool same_below(const nn::Transformer& a, const nn::Transformer& b, std::int64_t layer) {
  if (!(a.config == b.config) || (!b.adapter.empty() && b.frozen_layers() < layer)) return false;
  const auto inside = [&](const std::string& name) {
    return name.starts_with("blocks.") ? std::stoll(name.substr(7)) < layer : name.ends_with("embedding");
  };
  std::vector<const float*> weights;
  a.visit_all([&](const std::string& name, const Tensor& t) {
    if (inside(name)) weights.push_back(t.data());
  });
  std::size_t i = 0;
  bool same = true;
  b.visit_all([&](const std::string& name, const Tensor& t) {
    if (inside(name)) same = same && weights[i++] == t.data();
  });
  return same;
}

/// Of the sequences of a step, in the order in which they were added.
class Below {
 public:
  explicit Below(nn::Transformer policy) : policy_(std::move(policy)), layer_(policy_.frozen_layers()) {}
  /// Computes and keeps it for the next sequences. Empty where nothing is frozen.
  Tensor add(const nn::TokenBatch& batch) {
    if (layer_ == 0) return {};
    const Tensor x = policy_.hidden(batch, std::span(&layer_, 1)).front();
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
  /// Last hidden states of a batch, whose `below` add() or of() gave; of another model computed as a whole.
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
