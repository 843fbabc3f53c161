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

/// dW (N, K) += dY (M, N)^T X (M, K): over tokens in item order, continuing the chain.
template <class T> void weight_gradient(const T* dy, const T* x, std::int64_t m, std::int64_t n, std::int64_t k, T* dw) {
  kernels::Gemm<T> g;
  g.m = n, g.n = k, g.r = m;
  g.a = dy, g.a_row = 1, g.a_col = n;
  g.b = x, g.b_row = k;
  g.c = dw, g.c_row = k, g.start = kernels::Gemm<T>::Start::kContinue;
  kernels::gemm(g);
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
    if (T* da = step.in_grad(0)) {
      const auto packed = detail_::pack(b0.data(), 1, n, n, k);  // B^T
      kernels::Gemm<T> d;
      d.m = m, d.n = k, d.r = n;
      d.a = step.out_grad(), d.a_row = n;
      d.b = packed->data(), d.packed = true;
      d.c = da, d.c_row = k, d.start = kernels::Gemm<T>::Start::kAddToC;
      kernels::gemm(d);
    }
    if (T* db = step.in_grad(1)) detail_::weight_gradient(a0.data(), step.out_grad(), m, k, n, db);
  });
}

template <class T> BasicTensor<T> linear(const BasicTensor<T>& x, const BasicTensor<T>& weight, const BasicTensor<T>& bias, Activation act) {
  if (x.rank() != 2 || weight.rank() != 2 || x.dim(1) != weight.dim(1))
    detail::fail<ShapeError>("ops::linear", "shapes do not multiply", "x " + x.shape().str() + ", weight " + weight.shape().str(),
                             "(M, K) and (N, K)");
  const std::int64_t m = x.dim(0), k = x.dim(1), n = weight.dim(0);
  if (bias.size() != 0 && !(bias.shape() == Shape{n}))
    detail::fail<ShapeError>("ops::linear", "bias has the wrong shape", bias.shape().str(), "(" + detail::str(n) + ")");
  const bool tracked = x.tracked() || weight.tracked() || bias.tracked();
  auto y = BasicTensor<T>::uninitialized({m, n});
  BasicTensor<T> pre;
  if (tracked && act != Activation::kNone) pre = BasicTensor<T>::uninitialized({m, n});
  const auto packed = weight.storage()->packed([&] { return detail_::pack(weight.data(), 1, k, k, n); });
  kernels::Gemm<T> g;
  g.m = m, g.n = n, g.r = k;
  g.a = x.data(), g.a_row = k;
  g.b = packed->data(), g.packed = true;
  g.c = y.mutable_data(), g.c_row = n;
  if (bias.size()) g.start = kernels::Gemm<T>::Start::kBias, g.bias = bias.data();
  g.act = act;
  g.pre = pre.size() ? pre.mutable_data() : nullptr;
  kernels::gemm(g);
  if (!tracked) return y;
  const auto out = pre.size() ? y.detach() : BasicTensor<T>();
  return autograd::Tape<T>::record({&x, &weight, &bias}, std::move(y), [=, x0 = x.detach(), w0 = weight.detach()](autograd::Backward<T>& step) {
    const T* dy = step.out_grad();
    BasicTensor<T> dpre;
    if (pre.size()) {
      dpre = BasicTensor<T>::uninitialized({m, n});
      kernels::activation_backward(act, pre.data(), out.data(), dy, dpre.mutable_data(), m * n);
      dy = dpre.data();
    }
    if (T* dx = step.in_grad(0)) {
      kernels::Gemm<T> d;
      d.m = m, d.n = k, d.r = n;
      d.a = dy, d.a_row = n;
      d.b = w0.data(), d.b_row = k;
      d.c = dx, d.c_row = k, d.start = kernels::Gemm<T>::Start::kAddToC;
      kernels::gemm(d);
    }
    if (T* dw = step.in_grad(1)) detail_::weight_gradient(dy, x0.data(), m, n, k, dw);
    if (T* db = step.in_grad(2)) kernels::column_sum(dy, m, n, db);
  });
}

}  // namespace ops

TUTELAGE_END
