#pragma once
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/autograd/ops_product.ipp"

TUTELAGE_BEGIN

namespace ops {

namespace detail_ {

/// What is added to one weight's product, and what the gradients need of it.
template <class T> class Added {
 public:
  Added(const char* op, const LowRanks<T>& given, std::int64_t m, std::int64_t n, std::int64_t k, Activation act = Activation::kNone)
      : m_(m), n_(n), k_(k) {
    for (const auto& g : given) {
      if (g.a.rank() != 2 || g.b.rank() != 2 || g.a.dim(1) != k || g.b.dim(1) != g.a.dim(0) || g.first < 0 || g.first > n - g.b.dim(0))
        detail::fail<ShapeError>(op, "low-rank factors do not fit",
                                 g.a.shape().str() + " and " + g.b.shape().str() + " from output " + detail::str(g.first),
                                 "(R, " + detail::str(k) + ") and (N, R) within " + detail::str(n) + " outputs");
      if (act != Activation::kNone && (given.size() > 1 || g.b.dim(0) != n))
        detail::fail<ShapeError>(op, "an activation follows what does not reach all outputs", detail::str(g.b.dim(0)) + " outputs", detail::str(n));
      const auto rows = static_cast<std::size_t>(m);
      if (g.dropout && (g.dropout->items.size() != rows || g.dropout->positions.size() != rows))
        detail::fail<ShapeError>(op, "dropout has not one item and position a token", detail::str(g.dropout->items.size()), detail::str(m));
      tracked_ = tracked_ || g.a.tracked() || g.b.tracked();
      parts_.push_back({g.a.detach(), g.b.detach(), g.first, g.scale, g.dropout, g.site});
    }
  }
  bool empty() const { return parts_.empty(); }
  bool tracked() const { return tracked_; }

  /// y (M, N), which holds x W^T + b, goes on from there; act and pre as for linear_forward.
  void forward(const T* x, Activation act, T* y, T* pre) {
    for (const auto& p : parts_) {
      const std::int64_t r = p.a.dim(0);
      auto inner = BasicTensor<T>::uninitialized({m_, r});
      T* u = inner.mutable_data();
      Storage<T> room(p.dropout ? m_ * k_ : 0);
      linear_forward(dropped(p, x, room), m_, p.a, BasicTensor<T>(), Activation::kNone, u, static_cast<T*>(nullptr));
      kernels::affine(static_cast<T>(p.scale), T(0), static_cast<const T*>(u), u, m_ * r);
      kernels::Gemm<T> g;
      g.m = m_, g.n = p.b.dim(0), g.r = r;
      g.a = u, g.a_row = r;
      g.b = p.b.data(), g.b_row = 1, g.b_col = r;
      g.c = y + p.first, g.c_row = n_, g.start = kernels::Gemm<T>::Start::kContinue;
      g.act = act, g.pre = pre;
      kernels::gemm(g);
      if (tracked_) inner_.push_back(inner);
    }
  }
  /// dx (M, K), which holds dy W, goes on from there; where dropout is on, what comes of it is added. Comes before gradients().
  void input_gradient(const T* dy, T* dx) {
    find_inner_gradients(dy);
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const auto& p = parts_[i];
      auto g = input_product(dinner_[i].data(), m_, p.a);
      if (!p.dropout) {
        g.c = dx, g.start = kernels::Gemm<T>::Start::kContinue;
        kernels::gemm(g);
        continue;
      }
      Storage<T> back(m_ * k_);
      g.c = back.data();
      kernels::gemm(g);
      kernels::dropout(key(p), static_cast<const T*>(back.data()), m_, k_, back.data());
      kernels::add_scaled(T(1), static_cast<const T*>(back.data()), dx, m_ * k_);
    }
  }
  /// Those of the factors, which are inputs `input` and on of the step: A and B of each part.
  void gradients(autograd::Backward<T>& step, int input, const T* dy, const T* x) {
    if (!tracked_) return;
    find_inner_gradients(dy);
    for (std::size_t i = 0; i < parts_.size(); ++i, input += 2) {
      const auto& p = parts_[i];
      const std::int64_t r = p.a.dim(0);
      Storage<T> room(p.dropout ? m_ * k_ : 0);
      weight_gradient(step, input, dinner_[i].data(), dropped(p, x, room), m_, r, k_);
      weight_gradient(step, input + 1, dy + p.first, inner_[i].data(), m_, p.b.dim(0), r, n_);
    }
  }

 private:
  static kernels::DropoutKey key(const LowRank<T>& p) {
    const auto& d = *p.dropout;
    return {d.probability, d.seed, d.step, p.site, d.items.data(), d.positions.data()};
  }
  const T* dropped(const LowRank<T>& p, const T* x, Storage<T>& room) const {
    if (!p.dropout) return x;
    kernels::dropout(key(p), x, m_, k_, room.data());
    return room.data();
  }
  /// Of x A^T: scale * dy B.
  void find_inner_gradients(const T* dy) {
    if (!dinner_.empty()) return;
    for (const auto& p : parts_) {
      auto d = BasicTensor<T>::uninitialized({m_, p.a.dim(0)});
      auto g = input_product(dy + p.first, m_, p.b);
      g.a_row = n_, g.c = d.mutable_data();
      kernels::gemm(g);
      kernels::affine(static_cast<T>(p.scale), T(0), d.data(), d.mutable_data(), d.size());
      dinner_.push_back(d);
    }
  }

  std::int64_t m_, n_, k_;
  LowRanks<T> parts_;
  bool tracked_ = false;
  std::vector<BasicTensor<T>> inner_, dinner_;  // scale * dropout(x) A^T of each part, and its gradient before the scale
};

/// The inputs of an op: the given ones, then A and B of all that is added.
template <class T>
std::vector<const BasicTensor<T>*> inputs_of(std::initializer_list<const BasicTensor<T>*> given,
                                             std::initializer_list<const LowRanks<T>*> added = {}) {
  std::vector<const BasicTensor<T>*> all(given);
  for (const auto* list : added)
    for (const auto& low : *list) all.push_back(&low.a), all.push_back(&low.b);
  return all;
}
template <class T> bool any_tracked(const std::vector<const BasicTensor<T>*>& inputs) {
  return std::any_of(inputs.begin(), inputs.end(), [](const auto* t) { return t->tracked(); });
}

template <class T>
void linear_forward(const T* x, std::int64_t m, const BasicTensor<T>& weight, const BasicTensor<T>& bias, Activation act, T* y, T* pre,
                    Added<T>& added) {
  if (added.empty()) return linear_forward(x, m, weight, bias, act, y, pre);
  linear_forward(x, m, weight, bias, Activation::kNone, y, static_cast<T*>(nullptr));
  added.forward(x, act, y, pre);
}

}  // namespace detail_

template <class T>
BasicTensor<T> linear(const BasicTensor<T>& x, const BasicTensor<T>& weight, const BasicTensor<T>& bias, Activation act, const LowRanks<T>& added) {
  detail_::check_linear("ops::linear", x.shape(), weight, bias);
  const std::int64_t m = x.dim(0), k = x.dim(1), n = weight.dim(0);
  detail_::Added<T> low("ops::linear", added, m, n, k, act);
  const auto inputs = detail_::inputs_of<T>({&x, &weight, &bias}, {&added});
  const bool tracked = detail_::any_tracked(inputs);
  auto y = BasicTensor<T>::uninitialized({m, n});
  BasicTensor<T> pre, x0;
  if (tracked && act != Activation::kNone) pre = BasicTensor<T>::uninitialized({m, n});
  detail_::linear_forward(x.data(), m, weight, bias, act, y.mutable_data(), pre.size() ? pre.mutable_data() : nullptr, low);
  if (!tracked) return y;
  if (weight.tracked() || low.tracked()) x0 = x.detach();
  return autograd::Tape<T>::record(inputs, std::move(y), [=, w0 = weight.detach()](autograd::Backward<T>& step) mutable {
    const T* dy = step.out_grad();
    BasicTensor<T> dpre;
    if (pre.size()) {
      dpre = BasicTensor<T>::uninitialized({m, n});
      kernels::activation_backward<T>(act, pre.data(), dy, dpre.mutable_data(), nullptr, m * n);
      dy = dpre.data();
    }
    detail_::input_gradient(step, 0, detail_::input_product(dy, m, w0), [&](T* dx) { low.input_gradient(dy, dx); });
    if (x0.size()) detail_::weight_gradient(step, 1, dy, x0.data(), m, n, k);
    detail_::bias_gradient(step, 2, dy, m, n);
    low.gradients(step, 3, dy, x0.data());
  });
}

}  // namespace ops

TUTELAGE_END
