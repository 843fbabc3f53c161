#pragma once
#include "tutelage/impl/autograd/ops_block.ipp"

TUTELAGE_BEGIN

namespace ops {

template <class T>
BasicTensor<T> norm_gated_mlp(const BasicTensor<T>& x, const BasicTensor<T>& gain, const BasicTensor<T>& norm_bias, double eps,
                              const BasicTensor<T>& gate_weight, const BasicTensor<T>& gate_bias, const BasicTensor<T>& up_weight,
                              const BasicTensor<T>& up_bias, Activation act, const BasicTensor<T>& down_weight, const BasicTensor<T>& down_bias,
                              const LowRanks<T>& gate_added, const LowRanks<T>& up_added, const LowRanks<T>& down_added) {
  const FpStateGuard guard;
  constexpr const char* op = "ops::norm_gated_mlp";
  detail_::Norm<T> norm(op, x, gain, norm_bias, eps);
  detail_::check_linear(op, x.shape(), gate_weight, gate_bias);
  detail_::check_linear(op, x.shape(), up_weight, up_bias);
  if (gate_weight.dim(0) != up_weight.dim(0))
    detail::fail<ShapeError>(op, "gate and up differ in width", gate_weight.shape().str() + " and " + up_weight.shape().str(), "(F, C) twice");
  const std::int64_t m = x.dim(0), k = x.dim(1), f = up_weight.dim(0), n = down_weight.dim(0);
  detail_::check_linear(op, Shape{m, f}, down_weight, down_bias);
  detail_::Added<T> gate_low(op, gate_added, m, f, k, act), up_low(op, up_added, m, f, k), down_low(op, down_added, m, n, f);
  const auto inputs = detail_::inputs_of<T>({&x, &gain, &norm_bias, &gate_weight, &gate_bias, &up_weight, &up_bias, &down_weight, &down_bias},
                                            {&gate_added, &up_added, &down_added});
  const bool tracked = detail_::any_tracked(inputs);
  auto inner = BasicTensor<T>::uninitialized({m, f}), up = BasicTensor<T>::uninitialized({m, f}), y = BasicTensor<T>::uninitialized({m, n});
  BasicTensor<T> gate;
  T* no_pre = nullptr;
  if (tracked) gate = BasicTensor<T>::uninitialized({m, f});
  detail_::linear_forward(norm.forward(), m, gate_weight, gate_bias, act, inner.mutable_data(), tracked ? gate.mutable_data() : no_pre, gate_low);
  detail_::linear_forward(static_cast<const T*>(norm.y.data()), m, up_weight, up_bias, Activation::kNone, up.mutable_data(), no_pre, up_low);
  norm.forget();
  T* product = inner.mutable_data();
  kernels::binary(kernels::Binary::kMul, static_cast<const T*>(product), up.data(), product, m * f);
  detail_::linear_forward(inner.data(), m, down_weight, down_bias, Activation::kNone, y.mutable_data(), no_pre, down_low);
  if (!tracked) return y;
  const int gate_first = 9, up_first = gate_first + 2 * static_cast<int>(gate_added.size()),
            down_first = up_first + 2 * static_cast<int>(up_added.size());
  return autograd::Tape<T>::record(
      inputs, std::move(y),
      [=, gate_w = gate_weight.detach(), up_w = up_weight.detach(), down_w = down_weight.detach()](autograd::Backward<T>& step) mutable {
        const T* dy = step.out_grad();
        auto dgate = BasicTensor<T>::uninitialized({m, f});
        auto product = detail_::input_product(dy, m, down_w);
        product.c = dgate.mutable_data();
        kernels::gemm(product);
        down_low.input_gradient(dy, dgate.mutable_data());
        kernels::gated_backward(act, gate.mutable_data(), up.mutable_data(), dgate.mutable_data(),
                                m * f);  // gate: what down is given, up: its gradient
        detail_::weight_gradient(step, 7, dy, gate.data(), m, n, f);
        detail_::bias_gradient(step, 8, dy, m, n);
        down_low.gradients(step, down_first, dy, gate.data());
        gate = BasicTensor<T>();
        const T* normed = norm.forward();
        detail_::weight_gradient(step, 5, up.data(), normed, m, f, k);
        detail_::bias_gradient(step, 6, up.data(), m, f);
        detail_::weight_gradient(step, 3, dgate.data(), normed, m, f, k);
        detail_::bias_gradient(step, 4, dgate.data(), m, f);
        up_low.gradients(step, up_first, up.data(), normed);
        gate_low.gradients(step, gate_first, dgate.data(), normed);
        norm.y = BasicTensor<T>();
        if (!norm.wanted) return;
        Storage<T> dn(m * k), other(m * k);
        norm.gradient_of_y(up.data(), up_w, up_low, dn.data());
        norm.gradient_of_y(dgate.data(), gate_w, gate_low, other.data());
        kernels::add_scaled(T(1), static_cast<const T*>(other.data()), dn.data(), m * k);
        norm.backward(step, static_cast<const T*>(dn.data()));
      });
}

}  // namespace ops

TUTELAGE_END
