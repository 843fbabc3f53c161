#pragma once
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/autograd/ops_product.ipp"

TUTELAGE_BEGIN

namespace ops {

template <class T>
BasicTensor<T> grouped_linear(const BasicTensor<T>& x, const BasicTensor<T>& weight, const BasicTensor<T>& bias, std::int64_t groups,
                              Activation act) {
  if (groups == 1) return linear(x, weight, bias, act);
  if (groups < 1 || x.rank() != 2 || weight.rank() != 2 || weight.dim(0) % groups || x.dim(1) != groups * weight.dim(1))
    detail::fail<ShapeError>("ops::grouped_linear", "shapes do not multiply", "x " + x.shape().str() + ", weight " + weight.shape().str(),
                             "(M, " + detail::str(groups) + " K) and (" + detail::str(groups) + " N, K)");
  if (bias.size() != 0 && !(bias.shape() == Shape{weight.dim(0)}))
    detail::fail<ShapeError>("ops::grouped_linear", "bias has the wrong shape", bias.shape().str(), "(" + detail::str(weight.dim(0)) + ")");
  const std::int64_t m = x.dim(0), k = weight.dim(1), n = weight.dim(0) / groups, all_k = groups * k, all_n = groups * n;
  using Gemm = kernels::Gemm<T>;
  const bool tracked = x.tracked() || weight.tracked() || bias.tracked();
  auto y = BasicTensor<T>::uninitialized({m, all_n});
  BasicTensor<T> pre;
  if (tracked && act != Activation::kNone) pre = BasicTensor<T>::uninitialized({m, all_n});
  for (std::int64_t i = 0; i < groups; ++i) {
    Gemm g;
    g.m = m, g.n = n, g.r = k;
    g.a = x.data() + i * k, g.a_row = all_k;
    g.b = weight.data() + i * n * k, g.b_row = 1, g.b_col = k;
    g.c = y.mutable_data() + i * n, g.c_row = all_n;
    if (bias.size()) g.start = Gemm::Start::kBias, g.bias = bias.data() + i * n;
    g.act = act, g.pre = pre.size() ? pre.mutable_data() + i * n : nullptr;
    kernels::gemm(g);
  }
  return autograd::Tape<T>::record({&x, &weight, &bias}, std::move(y), [=, x0 = x.detach(), w0 = weight.detach()](autograd::Backward<T>& step) {
    const T* dy = step.out_grad();
    BasicTensor<T> dpre;
    if (pre.size()) {
      dpre = BasicTensor<T>::uninitialized({m, all_n});
      kernels::activation_backward<T>(act, pre.data(), dy, dpre.mutable_data(), nullptr, m * all_n);
      dy = dpre.data();
    }
    const auto input_gradients = [&](T* dx) {
      for (std::int64_t i = 0; i < groups; ++i) {
        Gemm g;
        g.m = m, g.n = k, g.r = n;
        g.a = dy + i * n, g.a_row = all_n;
        g.b = w0.data() + i * n * k, g.b_row = k;
        g.c = dx + i * k, g.c_row = all_k;
        kernels::gemm(g);
      }
    };
    if (T* fresh = step.new_in_grad(0)) {
      input_gradients(fresh);
    } else if (T* dx = step.in_grad(0)) {
      Storage<T> chain(m * all_k);
      input_gradients(chain.data());
      kernels::add_scaled(T(1), static_cast<const T*>(chain.data()), dx, m * all_k);
    }
    T* dw = step.new_in_grad(1);
    const auto start = dw ? Gemm::Start::kZero : Gemm::Start::kContinue;
    if (!dw) dw = step.in_grad(1);
    for (std::int64_t i = 0; dw && i < groups; ++i) {
      Gemm g;
      g.m = n, g.n = k, g.r = m;
      g.a = dy + i * n, g.a_row = 1, g.a_col = all_n;
      g.b = x0.data() + i * k, g.b_row = all_k;
      g.c = dw + i * n * k, g.c_row = k, g.start = start;
      kernels::gemm(g);
    }
    detail_::bias_gradient(step, 2, dy, m, all_n);
  });
}

template <class T> BasicTensor<T> segment_sum(const BasicTensor<T>& x, std::span<const std::int64_t> offsets) {
  if (x.rank() != 2 || offsets.empty() || offsets.front() != 0 || offsets.back() != x.dim(0))
    detail::fail<ShapeError>("ops::segment_sum", "offsets do not cover the rows", x.shape().str(), "(M, C), and offsets from 0 to M");
  for (std::size_t s = 1; s < offsets.size(); ++s)
    if (offsets[s] < offsets[s - 1])
      detail::fail<ValueError>("ops::segment_sum", "offset " + detail::str(s) + " falls", detail::str(offsets[s]),
                               detail::str(offsets[s - 1]) + " or more");
  const std::int64_t c = x.dim(1), segments = static_cast<std::int64_t>(offsets.size()) - 1;
  const std::vector<std::int64_t> at(offsets.begin(), offsets.end());
  BasicTensor<T> y({segments, c});
  T* to = y.mutable_data();
  for (std::size_t s = 0; s + 1 < at.size(); ++s) {
    T* row = to + static_cast<std::int64_t>(s) * c;
    for (std::int64_t i = at[s]; i < at[s + 1]; ++i)
      for (std::int64_t j = 0; j < c; ++j) row[j] = row[j] + x.data()[i * c + j];
  }
  return autograd::Tape<T>::record({&x}, std::move(y), [=](autograd::Backward<T>& step) {
    T* fresh = step.new_in_grad(0);
    T* dx = fresh ? fresh : step.in_grad(0);
    for (std::size_t s = 0; s + 1 < at.size(); ++s) {
      const T* dy = step.out_grad() + static_cast<std::int64_t>(s) * c;
      for (std::int64_t i = at[s]; i < at[s + 1]; ++i)
        for (std::int64_t j = 0; j < c; ++j) dx[i * c + j] = fresh ? dy[j] : dx[i * c + j] + dy[j];
    }
  });
}

}  // namespace ops

TUTELAGE_END
