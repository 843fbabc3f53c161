#pragma once
#include <algorithm>
#include <cmath>
#include <memory>

#include "tutelage/base/fail.hpp"
#include "tutelage/impl/base/team.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/impl/tensor/storage.hpp"
#include "tutelage/nn/transformer.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace nn {
namespace detail_ {

/// Keys and values of one sequence: for each layer and head the keys (head_size, capacity), transposed, then the values (capacity, head_size).
class Cache {
 public:
  std::int64_t length = 0;  // tokens held

  explicit Cache(const TransformerConfig& c) : heads_(c.num_heads), all_(c.num_layers * c.num_heads), d_(c.hidden_size / c.num_heads) {}

  /// Room for n tokens; those held stay.
  void reserve(std::int64_t n) {
    if (n <= capacity_) return;
    Cache larger(*this, (n + 15) / 16 * 16 | 16);  // rows of keys an odd number of cache lines apart, so that they do not share a set
    larger.copy(*this, length);
    *this = std::move(larger);
  }
  /// Becomes the first n tokens of another.
  void copy(const Cache& from, std::int64_t n) {
    length = n;
    for (std::int64_t i = 0; i < all_ && n > 0; ++i) {
      for (std::int64_t d = 0; d < d_; ++d) std::copy_n(from.at(i) + d * from.capacity_, n, at(i) + d * capacity_);
      std::copy_n(from.at(i) + d_ * from.capacity_, n * d_, at(i) + d_ * capacity_);
    }
  }
  float* keys(std::int64_t layer, std::int64_t head) { return at(layer * heads_ + head); }
  float* values(std::int64_t layer, std::int64_t head) { return keys(layer, head) + d_ * capacity_; }
  /// For kQueryRows rows of scores, scratch_row() apart.
  float* scratch(std::int64_t head) { return at(all_) + head * kernels::kQueryRows * scratch_row(); }
  std::int64_t scratch_row() const { return kernels::padded_keys(capacity_); }
  std::int64_t capacity() const { return capacity_; }

 private:
  Cache(const Cache& like, std::int64_t capacity)
      : heads_(like.heads_),
        all_(like.all_),
        d_(like.d_),
        capacity_(capacity),
        memory_(std::make_unique<Storage<float>>(2 * all_ * d_ * capacity + heads_ * kernels::kQueryRows * scratch_row())) {}
  float* at(std::int64_t i) const { return memory_->data() + i * 2 * d_ * capacity_; }

  std::int64_t heads_, all_, d_, capacity_ = 0;
  std::unique_ptr<Storage<float>> memory_;
};

/// Rows [first, first + count) of a step: the next tokens of one sequence.
struct Segment {
  Cache* cache;
  std::int64_t first, count;
  bool scored;  // the logits after its last token are wanted
};

/// Multiply-adds of one token through all weights.
inline std::int64_t token_work(const Transformer& model) {
  std::int64_t n = model.token_embedding.size();
  for (const auto& b : model.blocks) n += b.qkv_weight.size() + b.out_weight.size() + b.up_weight.size() + b.down_weight.size();
  return n;
}

/// The forward pass with caches: the same kernels in the same orders as Transformer::hidden, hence the same bits. All memory is taken at the
/// start, and one team of threads serves a whole step.
class Decoder {
 public:
  Decoder(const Transformer& model, std::int64_t most_rows, std::int64_t most_scored)
      : model_(model), c_(model.config.hidden_size), heads_(model.config.num_heads), eps_(static_cast<float>(model.config.norm_eps)) {
    check();
    std::int64_t widest = 3 * c_;
    for (const auto& b : model.blocks) {
      const std::int64_t f = b.up_weight.dim(0);
      layers_.push_back({product_of(b.qkv_weight, &b.qkv_bias), product_of(b.out_weight, &b.out_bias), product_of(b.up_weight, &b.up_bias),
                         product_of(b.down_weight, &b.down_bias)});
      widest = std::max(widest, f);
    }
    head_ = product_of(model.token_embedding, nullptr);
    memory_ = std::make_unique<Storage<float>>(most_rows * (3 * c_ + widest + 2) + most_scored * model.config.vocab_size);
    x_ = memory_->data();
    narrow_ = x_ + most_rows * c_;
    sum_ = narrow_ + most_rows * c_;
    wide_ = sum_ + most_rows * c_;
    mean_ = wide_ + most_rows * widest;
    inv_std_ = mean_ + most_rows;
    logits_ = inv_std_ + most_rows;
    last_.reserve(static_cast<std::size_t>(most_scored));
  }

  /// (scored segments, V), until the next feed.
  float* logits() const { return logits_; }

  /// Feeds the segments' tokens, which lie end to end in ids.
  void feed(Team& team, std::span<const std::int32_t> ids, std::span<const Segment> segments) {
    std::int64_t rows = static_cast<std::int64_t>(ids.size());
    last_.clear();
    for (const auto& s : segments) {
      for (std::int64_t t = 0; t < s.count; ++t) {
        const std::int64_t i = s.first + t;
        table_.binary(kernels::Binary::kAdd, model_.token_embedding.data() + ids[static_cast<std::size_t>(i)] * c_,
                      model_.position_embedding.data() + (s.cache->length + t) * c_, x_ + i * c_, 0, c_);
      }
      if (s.scored) last_.push_back(s.first + s.count - 1);
    }
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const auto& b = model_.blocks[l];
      const auto& w = layers_[l];
      const bool final = l + 1 == layers_.size();  // after its keys and values only the last tokens matter
      norm(team, b.norm1_gain, b.norm1_bias, rows);
      product(team, w.qkv, narrow_, rows, wide_);
      attend(team, static_cast<std::int64_t>(l), segments, final);
      if (final) rows = keep_last();
      product(team, w.out, narrow_, rows, sum_, Activation::kNone, x_);
      norm(team, b.norm2_gain, b.norm2_bias, rows);
      product(team, w.up, narrow_, rows, wide_, Activation::kGelu);
      product(team, w.down, wide_, rows, sum_, Activation::kNone, x_);
    }
    for (const auto& s : segments) s.cache->length += s.count;
    norm(team, model_.norm_gain, model_.norm_bias, rows);
    product(team, head_, narrow_, rows, logits_);
  }

 private:
  struct Product {
    std::shared_ptr<const Storage<float>> packed;
    const float* bias = nullptr;
    std::int64_t n = 0, k = 0;
  };
  struct Layer {
    Product qkv, out, up, down;
  };

  void check() const {
    const auto& config = model_.config;
    const auto need = [](const std::string& name, const Tensor& t, const Shape& expected) {
      if (!(t.shape() == expected)) detail::fail<ShapeError>("generate", name + " does not fit the model's config", t.shape().str(), expected.str());
    };
    if (c_ < 1 || heads_ < 1 || c_ % heads_ != 0 || config.num_layers < 1 || static_cast<std::int64_t>(model_.blocks.size()) != config.num_layers)
      detail::fail<ShapeError>("generate", "the model does not fit its config", detail::str(model_.blocks.size()) + " blocks",
                               detail::str(config.num_layers) + " of a hidden size that num_heads divides");
    need("token_embedding", model_.token_embedding, {config.vocab_size, c_});
    need("position_embedding", model_.position_embedding, {config.max_positions, c_});
    need("norm_gain", model_.norm_gain, {c_}), need("norm_bias", model_.norm_bias, {c_});
    for (const auto& b : model_.blocks) {
      const std::int64_t f = b.up_bias.size();
      need("norm1_gain", b.norm1_gain, {c_}), need("norm1_bias", b.norm1_bias, {c_});
      need("norm2_gain", b.norm2_gain, {c_}), need("norm2_bias", b.norm2_bias, {c_});
      need("qkv_weight", b.qkv_weight, {3 * c_, c_}), need("qkv_bias", b.qkv_bias, {3 * c_});
      need("out_weight", b.out_weight, {c_, c_}), need("out_bias", b.out_bias, {c_});
      need("up_weight", b.up_weight, {f, c_}), need("up_bias", b.up_bias, {f});
      need("down_weight", b.down_weight, {c_, f}), need("down_bias", b.down_bias, {c_});
    }
  }

  /// The packed form is the one that ops::linear makes and keeps.
  static Product product_of(const Tensor& weight, const Tensor* bias) {
    const std::int64_t n = weight.dim(0), k = weight.dim(1);
    const auto pack = [&] {
      auto packed = std::make_shared<Storage<float>>(kernels::packed_size<float>(k, n));
      kernels::pack_b(weight.data(), 1, k, k, n, packed->data());
      return packed;
    };
    return {weight.storage()->packed(pack), bias ? bias->data() : nullptr, n, k};
  }

  static std::int64_t grain(std::int64_t work_each) { return std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, work_each)); }

  /// narrow = layer norm of x.
  void norm(Team& team, const Tensor& gain, const Tensor& bias, std::int64_t rows) {
    team.for_each(rows, grain(8 * c_), [&](std::int64_t begin, std::int64_t end) {
      table_.layer_norm(x_, gain.data(), bias.data(), eps_, c_, narrow_, mean_, inv_std_, begin, end);
    });
  }

  /// y = act(x W^T + bias); then, where it is asked for, total = total + y.
  void product(Team& team, const Product& p, const float* x, std::int64_t rows, float* y, Activation act = Activation::kNone,
               float* total = nullptr) {
    if (rows == 0) return;
    kernels::Gemm<float> g;
    g.m = rows, g.n = p.n, g.r = p.k;
    g.a = x, g.a_row = p.k;
    g.b = p.packed->data(), g.packed = true;
    g.c = y, g.c_row = p.n;
    if (p.bias) g.start = kernels::Gemm<float>::Start::kBias, g.bias = p.bias;
    g.act = act;
    const std::int64_t panels = (p.n + table_.panel - 1) / table_.panel, share = (panels + team.size() - 1) / team.size();
    const std::int64_t panel = table_.panel * (share <= 2 * kPanels ? share : kPanels);
    team.for_each((p.n + panel - 1) / panel, grain(panel * p.k * rows), [&](std::int64_t begin, std::int64_t end) {
      const std::int64_t n0 = begin * panel, n1 = std::min(p.n, end * panel);
      table_.gemm(g, 0, rows, n0, n1, nullptr);
      for (std::int64_t i = 0; total && i < rows; ++i) table_.binary(kernels::Binary::kAdd, total + i * p.n, y + i * p.n, total + i * p.n, n0, n1);
    });
  }

  /// Takes the new keys and values out of wide (rows, 3C), and leaves what each query attends to in narrow.
  void attend(Team& team, std::int64_t layer, std::span<const Segment> segments, bool last_only) {
    const std::int64_t d = c_ / heads_, groups = (heads_ + kHeads - 1) / kHeads;
    std::int64_t work = 0;
    for (const auto& s : segments) work += s.count * (s.cache->length + s.count) * d * kHeads;
    const auto tasks = static_cast<std::int64_t>(segments.size()) * groups;
    team.for_each(tasks, grain(2 * work / static_cast<std::int64_t>(segments.size())), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t task = begin; task < end; ++task) {
        const std::int64_t first = task % groups * kHeads;
        attend(layer, segments[static_cast<std::size_t>(task / groups)], first, std::min(heads_, first + kHeads), last_only);
      }
    });
  }

  /// Heads [h0, h1) of one segment.
  void attend(std::int64_t layer, const Segment& s, std::int64_t h0, std::int64_t h1, bool last_only) {
    const std::int64_t d = c_ / heads_, row = 3 * c_, before = s.cache->length, skipped = last_only ? s.count - 1 : 0;
    kernels::Attention<float> heads[kHeads];
    for (std::int64_t h = h0; h < h1; ++h) {
      const float* from = wide_ + s.first * row + h * d;
      auto& a = heads[h - h0];
      float *kt = s.cache->keys(layer, h), *v = s.cache->values(layer, h);
      kernels::transpose_keys(from + c_, row, s.count, d, kt + before, s.cache->capacity());
      for (std::int64_t t = 0; t < s.count; ++t) std::copy_n(from + t * row + 2 * c_, d, v + (before + t) * d);
      a.q = from + skipped * row, a.q_row = row, a.q_offset = before + skipped;
      a.kt = kt, a.k_step = s.cache->capacity();
      a.v = v, a.v_row = d;
      a.out = narrow_ + (s.first + skipped) * c_ + h * d, a.out_row = c_;
      a.head_size = d, a.scale = 1.0f / std::sqrt(static_cast<float>(d));
      a.scratch = s.cache->scratch(h), a.scratch_row = s.cache->scratch_row();
    }
    if (last_only && !s.scored) return;
    if (s.count - skipped == 1) return table_.attention_row(heads, h1 - h0, before + skipped);
    for (std::int64_t h = 0; h < h1 - h0; ++h) table_.attention(heads[h], before, before + s.count);
  }

  /// x and narrow of the scored segments' last tokens, end to end.
  std::int64_t keep_last() {
    std::int64_t to = 0;
    for (const auto i : last_) {
      if (i != to) std::copy_n(x_ + i * c_, c_, x_ + to * c_), std::copy_n(narrow_ + i * c_, c_, narrow_ + to * c_);
      ++to;
    }
    return to;
  }

  static constexpr std::int64_t kGrain = 1 << 15;  // multiply-adds that a thread should have at least, once it is there
  static constexpr std::int64_t kHeads = 4;        // whose rows a thread takes together
  static constexpr std::int64_t kPanels = 4;       // of B at a time: kernels of few rows take so many at once
  const Transformer model_;                        // shares the weights, which writers elsewhere copy first
  const kernels::Table<float>& table_ = kernels::table<float>();
  const std::int64_t c_, heads_;
  const float eps_;
  std::vector<Layer> layers_;
  Product head_;
  std::unique_ptr<Storage<float>> memory_;
  float *x_, *narrow_, *sum_, *wide_, *mean_, *inv_std_, *logits_;
  std::vector<std::int64_t> last_;
};

}  // namespace detail_
}  // namespace nn

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
