#pragma once
#include <algorithm>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/autograd/ops_grouped.ipp"

TUTELAGE_BEGIN

namespace ops {

namespace detail_ {

/// Small networks over many rows. A panel is some rows, features by rows, as products read it packed: what one layer writes is what the next one
/// reads, and all of it stays in the first cache. Every chain is the one that linear and grouped_linear have.
template <class T> class PanelMLP {
 public:
  static constexpr std::int64_t kWidest = 128;    // layers that are wider gain nothing
  static constexpr std::int64_t kTask = 1 << 16;  // multiply-adds that are worth a thread
  using Gemm = kernels::Gemm<T>;

  PanelMLP(const BasicTensor<T>& x, std::span<const BasicTensor<T>> weights, std::span<const BasicTensor<T>> biases, std::int64_t members,
           Activation act)
      : t_(kernels::table<T>()), x_(x.detach()), members_(members), act_(act) {
    sizes_.push_back(x.dim(1));
    for (std::size_t l = 0; l < weights.size(); ++l) {
      weights_.push_back(weights[l].detach());
      biases_.push_back(biases[l].detach());
      sizes_.push_back(weights[l].dim(0) / members);
      if (l + 1 < weights.size()) hidden_ += sizes_.back();
    }
    widest_ = *std::max_element(sizes_.begin(), sizes_.end());
    rows_ = x.dim(0), panels_ = (rows_ + w() - 1) / w();
    for (std::size_t l = 0; l + 1 < sizes_.size(); ++l) work_ += sizes_[l] * sizes_[l + 1];
  }

  BasicTensor<T> forward(bool keep) {
    const std::int64_t out = sizes_.back(), all = members_ * out;
    auto y = BasicTensor<T>::uninitialized({rows_, all});
    if (keep) pre_ = BasicTensor<T>::uninitialized({panels_ * members_ * hidden_ * w()});
    T *to = y.mutable_data(), *kept = pre_.size() ? pre_.mutable_data() : nullptr;
    const std::int64_t room = kScratch + (sizes_[0] + 2 * widest_) * w();
    const int threads = num_threads();
    Storage<T> scratch(room * threads);
    const auto body = [&](std::int64_t begin, std::int64_t end, int worker) {
      T *products = scratch.data() + worker * room, *in = products + kScratch, *pre = in + sizes_[0] * w(), *post = pre + widest_ * w();
      for (std::int64_t p = begin; p < end; ++p) {
        load_panel(p, in);
        for (std::int64_t e = 0; e < members_; ++e) {
          const T* from = in;
          T* own = kept ? kept + (p * members_ + e) * hidden_ * w() : nullptr;
          for (std::size_t l = 0; l < weights_.size(); ++l) {
            const std::int64_t n = sizes_[l + 1];
            const bool last = l + 1 == weights_.size();
            T* z = own && !last ? own : pre;
            layer(l, e, from, z, products);
            if (!last) activate(z, post, n * w());
            if (own && !last) own += n * w();
            from = post;
          }
          for (std::int64_t i = 0; i < rows_of(p); ++i)
            for (std::int64_t o = 0; o < out; ++o) to[(p * w() + i) * all + e * out + o] = pre[o * w() + i];
        }
      }
    };
    parallel_for(panels_, 1 + kTask / (work_ * w() * members_), body, threads);
    return y;
  }

  /// The step's inputs are the weights and biases of each layer in turn.
  void backward(autograd::Backward<T>& step) const {
    const std::size_t layers = weights_.size();
    std::vector<T*> dw, db;
    std::vector<BasicTensor<T>> turned, unused, sums;  // weights (K, N) of each member; gradients that nobody wants; gradients (K, N)
    for (std::size_t l = 0; l < layers; ++l) {
      const std::int64_t k = sizes_[l], n = sizes_[l + 1];
      for (auto [list, input, size] :
           {std::tuple{&dw, 2 * static_cast<int>(l), members_ * n * k}, std::tuple{&db, 2 * static_cast<int>(l) + 1, members_ * n}}) {
        list->push_back(step.in_grad(input));
        if (list->back()) continue;
        unused.emplace_back(Shape{size});
        list->back() = unused.back().mutable_data();
      }
      turned.push_back(BasicTensor<T>::uninitialized({members_ * n * k}));
      sums.push_back(BasicTensor<T>::uninitialized({members_ * n * k}));
      for (std::int64_t e = 0; e < members_; ++e) {
        t_.transpose(weights_[l].data() + e * n * k, k, n, k, turned[l].mutable_data() + e * n * k, n);
        if (k <= n) t_.transpose(dw[l] + e * n * k, k, n, k, sums[l].mutable_data() + e * n * k, n);
      }
    }
    std::vector<T*> summed;
    for (auto& s : sums) summed.push_back(s.mutable_data());
    const std::int64_t whole = (widest_ + w() - 1) / w() * w();
    const std::int64_t room = kScratch + (sizes_[0] + 4 * whole) * w();
    const int threads = num_threads();
    Storage<T> scratch(room * threads);
    const T* dy = step.out_grad();
    const auto body = [&](std::int64_t begin, std::int64_t end, int worker) {
      T *products = scratch.data() + worker * room, *in = products + kScratch, *dz = in + sizes_[0] * w(), *dh = dz + whole * w(),
        *post = dh + whole * w(), *rowwise = post + whole * w();
      for (std::int64_t e = begin; e < end; ++e)
        for (std::int64_t p = 0; p < panels_; ++p) {  // in item order: the sums over rows are chains
          load_panel(p, in);
          load_output(dy, p, e, dz);
          const T* end_of_pre = pre_.data() + (p * members_ + e + 1) * hidden_ * w();
          for (std::size_t l = layers; l-- > 0;) {
            const std::int64_t k = sizes_[l], n = sizes_[l + 1], at = e * n * k;
            const T* from = in;
            if (l > 0) {
              product(k, w(), n, turned[l].data() + at, n, dz, dh, Gemm::Start::kZero, products);
              end_of_pre -= k * w();
              t_.activation_backward(act_, end_of_pre, dh, dh, post, 0, k * w());
              from = post;
            }
            const std::int64_t rows = rows_of(p);
            t_.pack_b(dz, 1, w(), rows, n, rowwise, 0, (n + w() - 1) / w());
            for (std::int64_t j = 0; j < n; j += w()) t_.column_sum(rowwise + j * rows, rows, w(), db[l] + e * n + j, 0, std::min(w(), n - j));
            if (k <= n) {
              product(k, n, rows, from, w(), rowwise, summed[l] + at, Gemm::Start::kContinue, products);
            } else {
              t_.pack_b(from, 1, w(), rows, k, rowwise, 0, (k + w() - 1) / w());
              product(n, k, rows, dz, w(), rowwise, dw[l] + at, Gemm::Start::kContinue, products);
            }
            std::swap(dz, dh);
          }
        }
    };
    parallel_for(members_, 1, body, threads);
    for (std::size_t l = 0; l < layers; ++l)
      for (std::int64_t e = 0; e < members_ && sizes_[l] <= sizes_[l + 1]; ++e) {
        const std::int64_t k = sizes_[l], n = sizes_[l + 1], at = e * n * k;
        t_.transpose(summed[l] + at, n, k, n, dw[l] + at, k);
      }
  }

 private:
  static constexpr std::int64_t kScratch = kernels::kDepth * kernels::kStripRows;
  std::int64_t w() const { return t_.panel; }
  std::int64_t rows_of(std::int64_t p) const { return std::min(w(), rows_ - p * w()); }

  /// C (m, n) = A (m, r) B (r, n), B packed; rows of C are n apart.
  void product(std::int64_t m, std::int64_t n, std::int64_t r, const T* a, std::int64_t a_row, const T* b, T* c, typename Gemm::Start start,
               T* scratch) const {
    Gemm g;
    g.m = m, g.n = n, g.r = r;
    g.a = a, g.a_row = a_row;
    g.b = b, g.packed = true;
    g.c = c, g.c_row = n, g.start = start;
    t_.gemm(g, 0, m, 0, n, scratch);
  }
  /// The inputs, features by rows; columns behind the last row are 0.
  void load_panel(std::int64_t p, T* to) const {
    const std::int64_t k = sizes_[0], rows = rows_of(p);
    if (rows < w()) std::fill_n(to, k * w(), T(0));
    t_.transpose(x_.data() + p * w() * k, k, rows, k, to, w());
  }
  void load_output(const T* dy, std::int64_t p, std::int64_t e, T* to) const {
    const std::int64_t out = sizes_.back(), all = members_ * out, rows = rows_of(p);
    for (std::int64_t o = 0; o < out; ++o)
      for (std::int64_t i = 0; i < w(); ++i) to[o * w() + i] = i < rows ? dy[(p * w() + i) * all + e * out + o] : T(0);
  }
  void layer(std::size_t l, std::int64_t e, const T* from, T* z, T* scratch) const {
    const std::int64_t k = sizes_[l], n = sizes_[l + 1];
    const T* bias = biases_[l].data() + e * n;
    for (std::int64_t j = 0; j < n; ++j) std::fill_n(z + j * w(), w(), bias[j]);
    product(n, w(), k, weights_[l].data() + e * n * k, k, from, z, Gemm::Start::kContinue, scratch);
  }
  void activate(const T* z, T* h, std::int64_t n) const {
    t_.unary(act_ == Activation::kTanh   ? kernels::Unary::kTanh
             : act_ == Activation::kRelu ? kernels::Unary::kRelu
                                         : kernels::Unary::kSilu,
             z, h, 0, n);
  }

  const kernels::Table<T>& t_;
  BasicTensor<T> x_;
  std::vector<BasicTensor<T>> weights_, biases_;
  std::vector<std::int64_t> sizes_;
  std::int64_t members_, hidden_ = 0, widest_ = 0, rows_ = 0, panels_ = 0, work_ = 0;
  Activation act_;
  BasicTensor<T> pre_;  // what the activations were given, by panel, member and layer
};

}  // namespace detail_

template <class T>
BasicTensor<T> mlp(const BasicTensor<T>& x, std::span<const BasicTensor<T>> weights, std::span<const BasicTensor<T>> biases, std::int64_t members,
                   Activation act) {
  const FpStateGuard guard;
  const char* name = "ops::mlp";
  if (weights.empty() || weights.size() != biases.size() || members < 1)
    detail::fail<ShapeError>(name, "not one bias a weight", detail::str(biases.size()), detail::str(weights.size()) + ", at least one");
  if (act != Activation::kTanh && act != Activation::kRelu && act != Activation::kSilu)
    detail::fail<ConfigError>(name, "activation is not one of a small network", detail::str(static_cast<int>(act)), "tanh, relu or silu");
  std::int64_t in = x.rank() == 2 ? x.dim(1) : -1, widest = in;
  bool tracked = false;
  std::vector<const BasicTensor<T>*> inputs;
  for (std::size_t l = 0; l < weights.size(); ++l) {
    const auto &w = weights[l], &b = biases[l];
    if (w.rank() != 2 || w.dim(1) != in || w.dim(0) % members || !(b.shape() == Shape{w.dim(0)}))
      detail::fail<ShapeError>(name, "shapes of layer " + detail::str(l) + " do not fit", w.shape().str() + " and " + b.shape().str(),
                               "(" + detail::str(members) + " N, " + detail::str(in) + ") and (" + detail::str(members) + " N)");
    in = w.dim(0) / members;
    widest = std::max(widest, in);
    tracked = tracked || w.tracked() || b.tracked();
    inputs.push_back(&w), inputs.push_back(&b);
  }
  if (x.tracked() || widest > detail_::PanelMLP<T>::kWidest || x.dim(0) == 0 || x.dim(1) == 0) {
    BasicTensor<T> h = x;
    for (std::size_t l = 0; l < weights.size(); ++l) {
      const Activation own = l + 1 < weights.size() ? act : Activation::kNone;
      h = l == 0 ? linear(h, weights[l], biases[l], own) : grouped_linear(h, weights[l], biases[l], members, own);
    }
    return h;
  }
  auto net = std::make_shared<detail_::PanelMLP<T>>(x, weights, biases, members, act);
  auto y = net->forward(tracked);
  return autograd::Tape<T>::record(std::span<const BasicTensor<T>* const>(inputs), std::move(y),
                                   [net](autograd::Backward<T>& step) { net->backward(step); });
}

}  // namespace ops

TUTELAGE_END
