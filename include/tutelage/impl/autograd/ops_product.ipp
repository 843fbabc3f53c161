#pragma once
#include "tutelage/autograd/ops.hpp"
#include "tutelage/autograd/tape.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/impl/tensor/storage.hpp"

TUTELAGE_BEGIN

namespace ops {

namespace detail_ {

/// B of a product, packed: element (r, j) at b[r * row + j * column].
template <class T> std::shared_ptr<const Storage<T>> pack(const T* b, std::int64_t row, std::int64_t column, std::int64_t r, std::int64_t n) {
  auto packed = std::make_shared<Storage<T>>(kernels::packed_size<T>(r, n));
  kernels::pack_b(b, row, column, r, n, packed->data());
  return packed;
}

/// So many rows repay packing a weight on the way, in cache, where there is no packed copy; fewer make one, which its storage keeps until it is
/// written to.
inline constexpr std::int64_t kRowsThatPack = 96;

/// y (M, N) = act(x W^T + b); pre, where not null, takes what act is given.
template <class T>
void linear_forward(const T* x, std::int64_t m, const BasicTensor<T>& weight, const BasicTensor<T>& bias, Activation act, T* y, T* pre) {
  const std::int64_t n = weight.dim(0), k = weight.dim(1);
  kernels::Gemm<T> g;
  g.m = m, g.n = n, g.r = k;
  g.a = x, g.a_row = k;
  g.b = weight.data(), g.b_row = 1, g.b_col = k;
  const auto packed =
      m < kRowsThatPack ? weight.storage()->packed([&] { return pack(weight.data(), 1, k, k, n); }) : weight.storage()->packed_already();
  if (packed) g.b = packed->data(), g.packed = true;
  g.c = y, g.c_row = n;
  if (bias.size()) g.start = kernels::Gemm<T>::Start::kBias, g.bias = bias.data();
  g.act = act, g.pre = pre;
  kernels::gemm(g);
}

/// dx (M, K) = dy (M, N) W.
template <class T> kernels::Gemm<T> input_product(const T* dy, std::int64_t m, const BasicTensor<T>& weight) {
  kernels::Gemm<T> g;
  g.m = m, g.n = weight.dim(1), g.r = weight.dim(0);
  g.a = dy, g.a_row = g.r;
  g.b = weight.data(), g.b_row = g.n;
  g.c_row = g.n;
  return g;
}

/// Adds a product, with what more(C) does to it, to the gradient of input i: C = C + (chain from +0).
template <class T, class F> void input_gradient(autograd::Backward<T>& step, int i, kernels::Gemm<T> g, const F& more) {
  if ((g.c = step.new_in_grad(i))) {
    kernels::gemm(g);
    return more(g.c);
  }
  T* dx = step.in_grad(i);
  if (!dx) return;
  Storage<T> chain(g.m * g.n);
  g.c = chain.data();
  kernels::gemm(g);
  more(g.c);
  kernels::add_scaled(T(1), chain.data(), dx, g.m * g.n);
}
template <class T> void input_gradient(autograd::Backward<T>& step, int i, const kernels::Gemm<T>& g) {
  input_gradient(step, i, g, [](T*) {});
}

/// dW (N, K) += dY (M, N)^T X (M, K): over tokens in item order, continuing the chain of input i. Rows of dY are dy_row apart, 0: N.
template <class T>
void weight_gradient(autograd::Backward<T>& step, int i, const T* dy, const T* x, std::int64_t m, std::int64_t n, std::int64_t k,
                     std::int64_t dy_row = 0) {
  T* dw = step.new_in_grad(i);
  const auto start = dw ? kernels::Gemm<T>::Start::kZero : kernels::Gemm<T>::Start::kContinue;
  if (!dw) dw = step.in_grad(i);
  if (!dw) return;
  const auto packed = pack(x, k, std::int64_t{1}, m, k);
  kernels::Gemm<T> g;
  g.m = n, g.n = k, g.r = m;
  g.a = dy, g.a_row = 1, g.a_col = dy_row ? dy_row : n;
  g.b = packed->data(), g.packed = true;
  g.c = dw, g.c_row = k, g.start = start;
  kernels::gemm(g);
}

template <class T> void bias_gradient(autograd::Backward<T>& step, int i, const T* dy, std::int64_t m, std::int64_t n) {
  if (T* db = step.in_grad(i)) kernels::column_sum(dy, m, n, db);
}

template <class T> void check_linear(const char* op, const Shape& x, const BasicTensor<T>& weight, const BasicTensor<T>& bias) {
  if (x.rank() != 2 || weight.rank() != 2 || x[1] != weight.dim(1))
    detail::fail<ShapeError>(op, "shapes do not multiply", "x " + x.str() + ", weight " + weight.shape().str(), "(M, K) and (N, K)");
  if (bias.size() != 0 && !(bias.shape() == Shape{weight.dim(0)}))
    detail::fail<ShapeError>(op, "bias has the wrong shape", bias.shape().str(), "(" + detail::str(weight.dim(0)) + ")");
}

}  // namespace detail_

template <class T> BasicTensor<T> matmul(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  if (a.rank() != 2 || b.rank() != 2 || a.dim(1) != b.dim(0))
    detail::fail<ShapeError>("ops::matmul", "shapes do not multiply", a.shape().str() + " and " + b.shape().str(), "(M, K) and (K, N)");
  const std::int64_t m = a.dim(0), k = a.dim(1), n = b.dim(1);
  auto y = BasicTensor<T>::uninitialized({m, n});
  kernels::Gemm<T> g;
  g.m = m, g.n = n, g.r = k;
  g.a = a.data(), g.a_row = k;
  g.b = b.data(), g.b_row = n;
  g.c = y.mutable_data(), g.c_row = n;
  kernels::gemm(g);
  return autograd::Tape<T>::record({&a, &b}, std::move(y), [=, a0 = a.detach(), b0 = b.detach()](autograd::Backward<T>& step) {
    kernels::Gemm<T> d;
    d.m = m, d.n = k, d.r = n;
    d.a = step.out_grad(), d.a_row = n;
    d.b = b0.data(), d.b_row = 1, d.b_col = n;  // B^T
    d.c_row = k;
    detail_::input_gradient(step, 0, d);
    detail_::weight_gradient(step, 1, a0.data(), step.out_grad(), m, k, n);
  });
}

}  // namespace ops

TUTELAGE_END
