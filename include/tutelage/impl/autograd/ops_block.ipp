#pragma once
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/autograd/ops_product.ipp"

TUTELAGE_BEGIN

namespace ops {

namespace detail_ {

/// A layer norm, or an RMS norm where its bias is empty, whose result is computed again for the backward pass instead of being kept.
template <class T> struct Norm {
  BasicTensor<T> x, gain, bias;
  T eps;
  BasicTensor<T> y, mean, inv_std;

  Norm(const char* op, const BasicTensor<T>& x0, const BasicTensor<T>& gain0, const BasicTensor<T>& bias0, double eps0)
      : x(x0.detach()), gain(gain0.detach()), bias(bias0.detach()), eps(static_cast<T>(eps0)) {
    if (x.rank() != 2 || !(gain.shape() == Shape{x.dim(1)}) || !(bias.size() == 0 || bias.shape() == Shape{x.dim(1)}))
      detail::fail<ShapeError>(op, "shapes do not fit", "x " + x.shape().str() + ", gain " + gain.shape().str() + ", bias " + bias.shape().str(),
                               "(M, C), (C) and (C) or empty");
  }
  const T* forward() {
    const std::int64_t m = x.dim(0), c = x.dim(1);
    y = BasicTensor<T>::uninitialized({m, c});
    if (bias.size() == 0) {
      inv_std = BasicTensor<T>::uninitialized({m});
      kernels::rms_norm(x.data(), gain.data(), eps, m, c, y.mutable_data(), inv_std.mutable_data());
      return y.data();
    }
    mean = BasicTensor<T>::uninitialized({m}), inv_std = BasicTensor<T>::uninitialized({m});
    kernels::layer_norm(x.data(), gain.data(), bias.data(), eps, m, c, y.mutable_data(), mean.mutable_data(), inv_std.mutable_data());
    return y.data();
  }
  void forget() { y = mean = inv_std = BasicTensor<T>(); }
  /// Gradients of inputs 0, 1 and 2 from that of y = dy W.
  void backward(autograd::Backward<T>& step, const T* dy, const BasicTensor<T>& weight) {
    const std::int64_t m = x.dim(0), c = x.dim(1);
    y = BasicTensor<T>();
    Storage<T> dn(m * c);
    auto product = input_product(dy, m, weight);
    product.c = dn.data();
    kernels::gemm(product);
    backward(step, static_cast<const T*>(dn.data()));
  }
  /// From the gradient of the norm itself.
  void backward(autograd::Backward<T>& step, const T* dn) {
    const std::int64_t m = x.dim(0), c = x.dim(1);
    if (bias.size() == 0) {
      T* dx = step.in_grad(0);
      return kernels::rms_norm_backward(x.data(), gain.data(), inv_std.data(), dn, m, c, dx, step.in_grad(1));
    }
    T* dx = step.in_grad(0);
    T* dgain = step.in_grad(1);
    T* dbias = step.in_grad(2);
    kernels::layer_norm_backward(x.data(), gain.data(), mean.data(), inv_std.data(), dn, m, c, dx, dgain, dbias);
  }
};

}  // namespace detail_

template <class T>
BasicTensor<T> norm_linear(const BasicTensor<T>& x, const BasicTensor<T>& gain, const BasicTensor<T>& norm_bias, double eps,
                           const BasicTensor<T>& weight, const BasicTensor<T>& bias) {
  const FpStateGuard guard;
  detail_::Norm<T> norm("ops::norm_linear", x, gain, norm_bias, eps);
  detail_::check_linear("ops::norm_linear", x.shape(), weight, bias);
  const std::int64_t m = x.dim(0), k = x.dim(1), n = weight.dim(0);
  auto y = BasicTensor<T>::uninitialized({m, n});
  detail_::linear_forward(norm.forward(), m, weight, bias, Activation::kNone, y.mutable_data(), static_cast<T*>(nullptr));
  norm.forget();
  return autograd::Tape<T>::record({&x, &gain, &norm_bias, &weight, &bias}, std::move(y),
                                   [=, w0 = weight.detach()](autograd::Backward<T>& step) mutable {
                                     const T* dy = step.out_grad();
                                     detail_::weight_gradient(step, 3, dy, norm.forward(), m, n, k);
                                     detail_::bias_gradient(step, 4, dy, m, n);
                                     norm.backward(step, dy, w0);
                                   });
}

template <class T>
BasicTensor<T> norm_mlp(const BasicTensor<T>& x, const BasicTensor<T>& gain, const BasicTensor<T>& norm_bias, double eps,
                        const BasicTensor<T>& up_weight, const BasicTensor<T>& up_bias, Activation act, const BasicTensor<T>& down_weight,
                        const BasicTensor<T>& down_bias) {
  const FpStateGuard guard;
  detail_::Norm<T> norm("ops::norm_mlp", x, gain, norm_bias, eps);
  detail_::check_linear("ops::norm_mlp", x.shape(), up_weight, up_bias);
  const std::int64_t m = x.dim(0), k = x.dim(1), f = up_weight.dim(0), n = down_weight.dim(0);
  detail_::check_linear("ops::norm_mlp", Shape{m, f}, down_weight, down_bias);
  bool tracked = false;
  for (const auto* t : {&x, &gain, &norm_bias, &up_weight, &up_bias, &down_weight, &down_bias}) tracked = tracked || t->tracked();
  auto inner = BasicTensor<T>::uninitialized({m, f}), y = BasicTensor<T>::uninitialized({m, n});
  BasicTensor<T> pre;
  if (tracked) pre = BasicTensor<T>::uninitialized({m, f});
  detail_::linear_forward(norm.forward(), m, up_weight, up_bias, act, inner.mutable_data(), tracked ? pre.mutable_data() : nullptr);
  detail_::linear_forward(inner.data(), m, down_weight, down_bias, Activation::kNone, y.mutable_data(), static_cast<T*>(nullptr));
  norm.forget();
  return autograd::Tape<T>::record({&x, &gain, &norm_bias, &up_weight, &up_bias, &down_weight, &down_bias}, std::move(y),
                                   [=, up = up_weight.detach(), down = down_weight.detach()](autograd::Backward<T>& step) mutable {
                                     const T* dy = step.out_grad();
                                     auto dpre = BasicTensor<T>::uninitialized({m, f});
                                     auto product = detail_::input_product(dy, m, down);
                                     product.c = dpre.mutable_data();
                                     kernels::gemm(product);
                                     T* again = pre.mutable_data();  // the activation's values take the place of what it was given
                                     kernels::activation_backward(act, again, dpre.data(), dpre.mutable_data(), again, m * f);
                                     detail_::weight_gradient(step, 5, dy, again, m, n, f);
                                     detail_::bias_gradient(step, 6, dy, m, n);
                                     pre = BasicTensor<T>();
                                     detail_::weight_gradient(step, 3, dpre.data(), norm.forward(), m, f, k);
                                     detail_::bias_gradient(step, 4, dpre.data(), m, f);
                                     norm.backward(step, dpre.data(), up);
                                   });
}

}  // namespace ops

TUTELAGE_END
