#pragma once
#include <algorithm>
#include <cmath>
#include <memory>

#include "tutelage/base/fail.hpp"
#include "tutelage/impl/base/team.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/impl/nn/lora.ipp"
#include "tutelage/impl/nn/transformer_config.ipp"
#include "tutelage/impl/tensor/storage.hpp"
#include "tutelage/nn/transformer.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace nn {
namespace detail_ {

/// Keys and values of one sequence: for each layer and key-value head the keys (head_size, capacity), transposed, then the values (capacity,
/// head_size).
class Cache {
 public:
  std::int64_t length = 0;  // tokens held

  explicit Cache(const TransformerConfig& c) : heads_(c.num_heads), kv_heads_(c.kv_heads()), all_(c.num_layers * c.kv_heads()), d_(c.head_width()) {}

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
  float* keys(std::int64_t layer, std::int64_t head) { return at(layer * kv_heads_ + head); }
  float* values(std::int64_t layer, std::int64_t head) { return keys(layer, head) + d_ * capacity_; }
  /// For kQueryRows rows of a query head's scores, scratch_row() apart.
  float* scratch(std::int64_t head) { return at(all_) + head * kernels::kQueryRows * scratch_row(); }
  std::int64_t scratch_row() const { return kernels::padded_keys(capacity_); }
  std::int64_t capacity() const { return capacity_; }

 private:
  Cache(const Cache& like, std::int64_t capacity)
      : heads_(like.heads_),
        kv_heads_(like.kv_heads_),
        all_(like.all_),
        d_(like.d_),
        capacity_(capacity),
        memory_(std::make_unique<Storage<float>>(2 * all_ * d_ * capacity + heads_ * kernels::kQueryRows * scratch_row())) {}
  float* at(std::int64_t i) const { return memory_->data() + i * 2 * d_ * capacity_; }

  std::int64_t heads_, kv_heads_, all_, d_, capacity_ = 0;
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
  std::int64_t n = model.output_weight().size();
  for (const auto& b : model.blocks)
    n += b.qkv_weight.size() + b.out_weight.size() + b.gate_weight.size() + b.up_weight.size() + b.down_weight.size();
  return n;
}

/// The forward pass with caches: the same kernels in the same orders as Transformer::hidden, hence the same bits. All memory is taken at the
/// start, and one team of threads serves a whole step.
class Decoder {
 public:
  Decoder(const Transformer& model, std::int64_t most_rows, std::int64_t most_scored)
      : model_(model),
        c_(model.config.hidden_size),
        heads_(model.config.num_heads),
        kv_heads_(model.config.kv_heads()),
        d_(model.config.head_width()),
        row_(model.config.qkv_width()),
        eps_(static_cast<float>(model.config.norm_eps)),
        rms_(model.config.norm == "rms"),
        act_(activation_of(model.config)),
        rotation_(model.config) {
    check();
    for (std::size_t l = 0; l < model.blocks.size(); ++l) {
      const auto& b = model.blocks[l];
      layers_.push_back({product_of(b.qkv_weight, b.qkv_bias, added(l, {kLoraQ, kLoraK, kLoraV, kLoraQkv})),
                         product_of(b.out_weight, b.out_bias, added(l, {kLoraOut})), product_of(b.gate_weight, b.gate_bias, added(l, {kLoraGate})),
                         product_of(b.up_weight, b.up_bias, added(l, {kLoraUp})), product_of(b.down_weight, b.down_bias, added(l, {kLoraDown}))});
    }
    head_ = product_of(model.output_weight(), Tensor());
    const auto& config = model.config;
    std::int64_t used = 0;
    const std::pair<float**, std::int64_t> parts[] = {{&x_, c_},
                                                      {&narrow_, std::max(c_, heads_ * d_)},
                                                      {&sum_, c_},
                                                      {&wide_, std::max(row_, config.mlp_width())},
                                                      {&mean_, 1},
                                                      {&inv_std_, 1},
                                                      {&second_, config.parallel_blocks ? c_ : 0},
                                                      {&up_, config.gated_mlp ? config.mlp_width() : 0},
                                                      {&angles_, rotation_.rotated()},
                                                      {&inner_, model.adapter.empty() ? 0 : 3 * model.adapter.config.rank},
                                                      {&head_norms_, config.qk_norm ? heads_ + kv_heads_ : 0}};
    for (const auto& part : parts) used += most_rows * part.second;
    memory_ = std::make_unique<Storage<float>>(used + most_scored * config.vocab_size);
    logits_ = memory_->data();
    for (const auto& [pointer, width] : parts) *pointer = logits_, logits_ += most_rows * width;
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
        const float* embedding = model_.token_embedding.data() + ids[static_cast<std::size_t>(i)] * c_;
        if (model_.position_embedding.size())
          table_.binary(kernels::Binary::kAdd, embedding, model_.position_embedding.data() + (s.cache->length + t) * c_, x_ + i * c_, 0, c_);
        else
          std::copy_n(embedding, c_, x_ + i * c_);
        if (rotation_.rotated()) rotation_.at(s.cache->length + t, angles_ + i * rotation_.rotated());
      }
      if (s.scored) last_.push_back(s.first + s.count - 1);
    }
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const auto& b = model_.blocks[l];
      const auto& w = layers_[l];
      const bool final = l + 1 == layers_.size();  // after its keys and values only the last tokens matter
      norm(team, b.norm1_gain, b.norm1_bias, rows, narrow_);
      product(team, w.qkv, narrow_, rows, wide_);
      attend(team, static_cast<std::int64_t>(l), segments, final);
      if (final) rows = keep_last();
      float* normed = narrow_;
      if (model_.config.parallel_blocks) norm(team, b.norm2_gain, b.norm2_bias, rows, normed = second_);
      product(team, w.out, narrow_, rows, sum_, Activation::kNone, x_);
      if (!model_.config.parallel_blocks) norm(team, b.norm2_gain, b.norm2_bias, rows, normed);
      if (model_.config.gated_mlp) {
        product(team, w.gate, normed, rows, wide_, act_);
        product(team, w.up, normed, rows, up_, Activation::kNone, wide_, kernels::Binary::kMul);
      } else {
        product(team, w.up, normed, rows, wide_, act_);
      }
      product(team, w.down, wide_, rows, sum_, Activation::kNone, x_);
    }
    for (const auto& s : segments) s.cache->length += s.count;
    norm(team, model_.norm_gain, model_.norm_bias, rows, narrow_);
    product(team, head_, narrow_, rows, logits_);
  }

 private:
  struct Product {
    std::shared_ptr<const Storage<float>> packed;
    const float* bias = nullptr;
    std::int64_t n = 0, k = 0;
    struct Low {
      std::shared_ptr<const Storage<float>> a, b;
      std::int64_t rank, first, n;
      float scale;
    };
    std::vector<Low> low;  // what an adapter adds
  };
  struct Layer {
    Product qkv, out, gate, up, down;
  };

  void check() const {
    model_.adapter.check("generate", model_.config);
    const auto& config = model_.config;
    if (static_cast<std::int64_t>(model_.blocks.size()) != config.num_layers)
      detail::fail<ShapeError>("generate", "the model does not fit its config", detail::str(model_.blocks.size()) + " blocks",
                               detail::str(config.num_layers));
    const auto shapes = parameter_shapes(config);
    std::size_t next = 0;
    model_.visit_all([&](const std::string& name, const Tensor& t) {
      const Shape expected = next < shapes.size() && shapes[next].first == name ? shapes[next++].second : Shape{0};
      if (!(t.shape() == expected)) detail::fail<ShapeError>("generate", name + " does not fit the model's config", t.shape().str(), expected.str());
    });
  }

  ops::LowRanks<float> added(std::size_t layer, std::initializer_list<std::size_t> modules) const {
    const auto& adapter = model_.adapter;
    return adapter.empty() ? ops::LowRanks<float>{}
                           : low_ranks(model_.config, adapter.config.scale(), nullptr, layer, adapter.blocks[layer], modules);
  }

  /// The packed form is the one that ops::linear makes and keeps.
  static std::shared_ptr<const Storage<float>> packed(const Tensor& weight) {
    const std::int64_t n = weight.dim(0), k = weight.dim(1);
    return weight.storage()->packed([&] {
      auto packed = std::make_shared<Storage<float>>(kernels::packed_size<float>(k, n));
      kernels::pack_b(weight.data(), 1, k, k, n, packed->data());
      return packed;
    });
  }
  static Product product_of(const Tensor& weight, const Tensor& bias, const ops::LowRanks<float>& added = {}) {
    if (weight.size() == 0) return {};
    Product p{packed(weight), bias.size() ? bias.data() : nullptr, weight.dim(0), weight.dim(1), {}};
    for (const auto& a : added) p.low.push_back({packed(a.a), packed(a.b), a.a.dim(0), a.first, a.b.dim(0), static_cast<float>(a.scale)});
    return p;
  }

  static std::int64_t grain(std::int64_t work_each) { return std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, work_each)); }

  /// to = norm of x.
  void norm(Team& team, const Tensor& gain, const Tensor& bias, std::int64_t rows, float* to) {
    team.for_each(rows, grain(8 * c_), [&](std::int64_t begin, std::int64_t end) {
      if (rms_)
        table_.rms_norm(x_, gain.data(), eps_, c_, to, inv_std_, begin, end);
      else
        table_.layer_norm(x_, gain.data(), bias.data(), eps_, c_, to, mean_, inv_std_, begin, end);
    });
  }

  /// y = act(x W^T + bias and what an adapter adds); then, where it is asked for, total = total + y, or another operation.
  void product(Team& team, const Product& p, const float* x, std::int64_t rows, float* y, Activation act = Activation::kNone, float* total = nullptr,
               kernels::Binary op = kernels::Binary::kAdd) {
    if (rows == 0) return;
    auto g = gemm_of(x, rows, p.packed->data(), p.k, p.n, y, p.n);
    if (p.bias) g.start = kernels::Gemm<float>::Start::kBias, g.bias = p.bias;
    if (p.low.empty()) return multiply(team, g, act, total, op);
    multiply(team, g, Activation::kNone, nullptr, op);
    const std::int64_t rank = model_.adapter.config.rank, parts = static_cast<std::int64_t>(p.low.size());
    team.for_each(rows, grain(parts * rank * p.k), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = 0; i < parts; ++i) {
        const auto& low = p.low[static_cast<std::size_t>(i)];
        float* u = inner_ + i * rows * rank;
        table_.gemm(gemm_of(x, rows, low.a->data(), p.k, rank, u, rank), begin, end, 0, rank, nullptr);
        table_.affine(low.scale, 0, u, u, begin * rank, end * rank);
      }
    });
    for (std::int64_t i = 0; i < parts; ++i) {
      const auto& low = p.low[static_cast<std::size_t>(i)];
      auto more = gemm_of(inner_ + i * rows * rank, rows, low.b->data(), rank, low.n, y + low.first, p.n);
      more.start = kernels::Gemm<float>::Start::kContinue;
      multiply(team, more, act, total, op);  // a total is asked for only where one part reaches all outputs
    }
  }

  static kernels::Gemm<float> gemm_of(const float* a, std::int64_t m, const float* packed, std::int64_t r, std::int64_t n, float* c,
                                      std::int64_t c_row) {
    kernels::Gemm<float> g;
    g.m = m, g.n = n, g.r = r;
    g.a = a, g.a_row = r;
    g.b = packed, g.packed = true;
    g.c = c, g.c_row = c_row;
    return g;
  }

  void multiply(Team& team, kernels::Gemm<float> g, Activation act, float* total, kernels::Binary op) {
    g.act = act;
    const std::int64_t panels = (g.n + table_.panel - 1) / table_.panel, share = (panels + team.size() - 1) / team.size();
    const std::int64_t panel = table_.panel * (share <= 2 * kPanels ? share : kPanels);
    team.for_each((g.n + panel - 1) / panel, grain(panel * g.r * g.m), [&](std::int64_t begin, std::int64_t end) {
      const std::int64_t n0 = begin * panel, n1 = std::min(g.n, end * panel);
      table_.gemm(g, 0, g.m, n0, n1, nullptr);
      for (std::int64_t i = 0; total && i < g.m; ++i) table_.binary(op, total + i * g.n, g.c + i * g.n, total + i * g.n, n0, n1);
    });
  }

  /// Takes the new keys and values out of wide (rows, (H + 2 G) D), and leaves what each query attends to in narrow (rows, H D).
  void attend(Team& team, std::int64_t layer, std::span<const Segment> segments, bool last_only) {
    const std::int64_t some = std::max<std::int64_t>(1, kHeads * kv_heads_ / heads_), groups = (kv_heads_ + some - 1) / some;
    std::int64_t work = 0;
    for (const auto& s : segments) work += s.count * (s.cache->length + s.count) * d_ * some * (heads_ / kv_heads_);
    const auto tasks = static_cast<std::int64_t>(segments.size()) * groups;
    team.for_each(tasks, grain(2 * work / static_cast<std::int64_t>(segments.size())), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t task = begin; task < end; ++task) {
        const std::int64_t first = task % groups * some;
        attend(layer, segments[static_cast<std::size_t>(task / groups)], first, std::min(kv_heads_, first + some), last_only);
      }
    });
  }

  /// Key-value heads [g0, g1) of one segment, with the query heads of each.
  void attend(std::int64_t layer, const Segment& s, std::int64_t g0, std::int64_t g1, bool last_only) {
    const std::int64_t group = heads_ / kv_heads_, before = s.cache->length, skipped = last_only ? s.count - 1 : 0;
    float* base = wide_ + s.first * row_;
    place_heads(s, g0 * group, (g1 - g0) * group, skipped, model_.blocks[static_cast<std::size_t>(layer)].q_norm_gain);
    place_heads(s, heads_ + g0, g1 - g0, 0, model_.blocks[static_cast<std::size_t>(layer)].k_norm_gain);
    kernels::Attention<float> some[kHeads];
    std::int64_t count = 0;
    for (std::int64_t g = g0; g < g1; ++g) {
      float *kt = s.cache->keys(layer, g), *v = s.cache->values(layer, g);
      kernels::transpose_keys(base + (heads_ + g) * d_, row_, s.count, d_, kt + before, s.cache->capacity());
      for (std::int64_t t = 0; t < s.count; ++t) std::copy_n(base + t * row_ + (heads_ + kv_heads_ + g) * d_, d_, v + (before + t) * d_);
      if (last_only && !s.scored) continue;
      for (std::int64_t h = g * group; h < (g + 1) * group; ++h) {
        auto& a = some[count++];
        a.q = base + skipped * row_ + h * d_, a.q_row = row_, a.q_offset = before + skipped;
        a.kt = kt, a.k_step = s.cache->capacity();
        a.v = v, a.v_row = d_;
        a.out = narrow_ + (s.first + skipped) * heads_ * d_ + h * d_, a.out_row = heads_ * d_;
        a.head_size = d_, a.scale = 1.0f / std::sqrt(static_cast<float>(d_));
        a.window = model_.config.window(static_cast<std::size_t>(layer));
        a.scratch = s.cache->scratch(h), a.scratch_row = s.cache->scratch_row();
        if (count < kHeads && !(g + 1 == g1 && h + 1 == (g + 1) * group)) continue;
        if (s.count - skipped == 1)
          table_.attention_row(some, count, before + skipped);
        else
          for (std::int64_t i = 0; i < count; ++i) table_.attention(some[i], before, before + s.count);
        count = 0;
      }
    }
  }

  /// Norm, where `gain` is there, and rotation, where positions are rotary, of heads [first, first + count) of a segment's rows from `skipped` on.
  void place_heads(const Segment& s, std::int64_t first, std::int64_t count, std::int64_t skipped, const Tensor& gain) {
    const std::int64_t rotated = rotation_.rotated();
    for (std::int64_t i = s.first + skipped; i < s.first + s.count && (gain.size() || rotated); ++i) {
      float* x = wide_ + i * row_ + first * d_;
      if (gain.size()) table_.rms_norm(x, gain.data(), eps_, d_, x, head_norms_ + i * (heads_ + kv_heads_) + first, 0, count);
      if (rotated) table_.rotary(x, angles_ + i * rotated, count, d_, rotated / 2, false, x);
    }
  }

  /// x and narrow of the scored segments' last tokens, end to end.
  std::int64_t keep_last() {
    std::int64_t to = 0;
    for (const auto i : last_) {
      const std::int64_t a = heads_ * d_;
      if (i != to) std::copy_n(x_ + i * c_, c_, x_ + to * c_), std::copy_n(narrow_ + i * a, a, narrow_ + to * a);
      ++to;
    }
    return to;
  }

  static constexpr std::int64_t kGrain = 1 << 15;  // multiply-adds that a thread should have at least, once it is there
  static constexpr std::int64_t kHeads = 4;        // whose rows a thread takes together
  static constexpr std::int64_t kPanels = 4;       // of B at a time: kernels of few rows take so many at once
  const Transformer model_;                        // shares the weights, which writers elsewhere copy first
  const kernels::Table<float>& table_ = kernels::table<float>();
  const std::int64_t c_, heads_, kv_heads_, d_, row_;
  const float eps_;
  const bool rms_;
  const Activation act_;
  const Rotation rotation_;
  std::vector<Layer> layers_;
  Product head_;
  std::unique_ptr<Storage<float>> memory_;
  float *x_, *narrow_, *sum_, *wide_, *mean_, *inv_std_, *second_, *up_, *angles_, *inner_, *head_norms_, *logits_;
  std::vector<std::int64_t> last_;
};

}  // namespace detail_
}  // namespace nn

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
