#pragma once
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/autograd/ops_linear.ipp"

TUTELAGE_BEGIN

namespace ops {

namespace detail_ {

/// A layer norm, or an RMS norm where its bias is empty, whose result is computed again for the backward pass instead of being kept.
template <class T> struct Norm {
  BasicTensor<T> x, gain, bias;
  T eps;
  bool wanted;  // the gradient of any of the three
  BasicTensor<T> y, mean, inv_std;

  Norm(const char* op, const BasicTensor<T>& x0, const BasicTensor<T>& gain0, const BasicTensor<T>& bias0, double eps0)
      : x(x0.detach()),
        gain(gain0.detach()),
        bias(bias0.detach()),
        eps(static_cast<T>(eps0)),
        wanted(x0.tracked() || gain0.tracked() || bias0.tracked()) {
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
  /// Gradients of inputs 0, 1 and 2 from that of y = dy W and what is added to it.
  void backward(autograd::Backward<T>& step, const T* dy, const BasicTensor<T>& weight, Added<T>& added) {
    y = BasicTensor<T>();
    if (!wanted) return;
    Storage<T> dn(x.size());
    gradient_of_y(dy, weight, added, dn.data());
    backward(step, static_cast<const T*>(dn.data()));
  }
  void gradient_of_y(const T* dy, const BasicTensor<T>& weight, Added<T>& added, T* dn) const {
    auto product = input_product(dy, x.dim(0), weight);
    product.c = dn;
    kernels::gemm(product);
    added.input_gradient(dy, dn);
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
                           const BasicTensor<T>& weight, const BasicTensor<T>& bias, const LowRanks<T>& added) {
  const FpStateGuard guard;
  detail_::Norm<T> norm("ops::norm_linear", x, gain, norm_bias, eps);
  detail_::check_linear("ops::norm_linear", x.shape(), weight, bias);
  const std::int64_t m = x.dim(0), k = x.dim(1), n = weight.dim(0);
  detail_::Added<T> low("ops::norm_linear", added, m, n, k);
  auto y = BasicTensor<T>::uninitialized({m, n});
  detail_::linear_forward(norm.forward(), m, weight, bias, Activation::kNone, y.mutable_data(), static_cast<T*>(nullptr), low);
  norm.forget();
  return autograd::Tape<T>::record(detail_::inputs_of<T>({&x, &gain, &norm_bias, &weight, &bias}, {&added}), std::move(y),
                                   [=, w0 = weight.detach()](autograd::Backward<T>& step) mutable {
                                     const T* dy = step.out_grad();
                                     const T* normed = norm.forward();
                                     detail_::weight_gradient(step, 3, dy, normed, m, n, k);
                                     detail_::bias_gradient(step, 4, dy, m, n);
                                     low.gradients(step, 5, dy, normed);
                                     norm.backward(step, dy, w0, low);
                                   });
}

template <class T>
BasicTensor<T> norm_mlp(const BasicTensor<T>& x, const BasicTensor<T>& gain, const BasicTensor<T>& norm_bias, double eps,
                        const BasicTensor<T>& up_weight, const BasicTensor<T>& up_bias, Activation act, const BasicTensor<T>& down_weight,
                        const BasicTensor<T>& down_bias, const LowRanks<T>& up_added, const LowRanks<T>& down_added) {
  const FpStateGuard guard;
  detail_::Norm<T> norm("ops::norm_mlp", x, gain, norm_bias, eps);
  detail_::check_linear("ops::norm_mlp", x.shape(), up_weight, up_bias);
  const std::int64_t m = x.dim(0), k = x.dim(1), f = up_weight.dim(0), n = down_weight.dim(0);
  detail_::check_linear("ops::norm_mlp", Shape{m, f}, down_weight, down_bias);
  detail_::Added<T> up_low("ops::norm_mlp", up_added, m, f, k, act), down_low("ops::norm_mlp", down_added, m, n, f);
  const auto inputs = detail_::inputs_of<T>({&x, &gain, &norm_bias, &up_weight, &up_bias, &down_weight, &down_bias}, {&up_added, &down_added});
  const bool tracked = detail_::any_tracked(inputs);
  auto inner = BasicTensor<T>::uninitialized({m, f}), y = BasicTensor<T>::uninitialized({m, n});
  BasicTensor<T> pre;
  if (tracked) pre = BasicTensor<T>::uninitialized({m, f});
  T* no_pre = nullptr;
  detail_::linear_forward(norm.forward(), m, up_weight, up_bias, act, inner.mutable_data(), tracked ? pre.mutable_data() : no_pre, up_low);
  detail_::linear_forward(inner.data(), m, down_weight, down_bias, Activation::kNone, y.mutable_data(), no_pre, down_low);
  norm.forget();
  if (!tracked) return y;
  const int up_first = 7, down_first = 7 + 2 * static_cast<int>(up_added.size());
  return autograd::Tape<T>::record(inputs, std::move(y),
                                   [=, up = up_weight.detach(), down = down_weight.detach()](autograd::Backward<T>& step) mutable {
                                     const T* dy = step.out_grad();
                                     auto dpre = BasicTensor<T>::uninitialized({m, f});
                                     auto product = detail_::input_product(dy, m, down);
                                     product.c = dpre.mutable_data();
                                     kernels::gemm(product);
                                     down_low.input_gradient(dy, dpre.mutable_data());
                                     T* again = pre.mutable_data();  // the activation's values take the place of what it was given
                                     kernels::activation_backward(act, again, dpre.data(), dpre.mutable_data(), again, m * f);
                                     detail_::weight_gradient(step, 5, dy, again, m, n, f);
                                     detail_::bias_gradient(step, 6, dy, m, n);
                                     down_low.gradients(step, down_first, dy, again);
                                     pre = BasicTensor<T>();
                                     const T* normed = norm.forward();
                                     detail_::weight_gradient(step, 3, dpre.data(), normed, m, f, k);
                                     detail_::bias_gradient(step, 4, dpre.data(), m, f);
                                     up_low.gradients(step, up_first, dpre.data(), normed);
                                     norm.backward(step, dpre.data(), up, up_low);
                                   });
}

}  // namespace ops

TUTELAGE_END
