#pragma once
#include "tutelage/impl/autograd/ops_sequence.ipp"
#include "tutelage/impl/autograd/ops_product.ipp"

TUTELAGE_BEGIN

namespace ops {

namespace detail_ {

/// A layer norm whose result is computed again for the backward pass instead of being kept.
template <class T> struct Norm {
  BasicTensor<T> x, gain, bias;
  T eps;
  BasicTensor<T> y, mean, inv_std;

  Norm(const char* op, const BasicTensor<T>& x0, const BasicTensor<T>& gain0, const BasicTensor<T>& bias0, double eps0)
      : x(x0.detach()), gain(gain0.detach()), bias(bias0.detach()), eps(static_cast<T>(eps0)) {
    if (x.rank() != 2 || !(gain.shape() == Shape{x.dim(1)}) || !(bias.shape() == Shape{x.dim(1)}))
      detail::fail<ShapeError>(op, "shapes do not fit", "x " + x.shape().str() + ", gain " + gain.shape().str() + ", bias " + bias.shape().str(),
                               "(M, C), (C) and (C)");
  }
  const T* forward() {
    const std::int64_t m = x.dim(0), c = x.dim(1);
    y = BasicTensor<T>::uninitialized({m, c}), mean = BasicTensor<T>::uninitialized({m}), inv_std = BasicTensor<T>::uninitialized({m});
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
    T* dx = step.in_grad(0);
    T* dgain = step.in_grad(1);
    T* dbias = step.in_grad(2);
    kernels::layer_norm_backward(x.data(), gain.data(), mean.data(), inv_std.data(), static_cast<const T*>(dn.data()), m, c, dx, dgain, dbias);
  }
};

/// Rows of logits that are in memory at once: about a million numbers, but enough for a weight to be packed on the way.
inline std::int64_t logit_rows(std::int64_t vocab_size) { return std::max(kRowsThatPack, (std::int64_t{1} << 20) / vocab_size); }

}  // namespace detail_

template <class T>
BasicTensor<T> norm_linear(const BasicTensor<T>& x, const BasicTensor<T>& gain, const BasicTensor<T>& norm_bias, double eps,
                           const BasicTensor<T>& weight, const BasicTensor<T>& bias) {
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

template <class T>
BasicTensor<T> linear_logprobs(const BasicTensor<T>& x, const BasicTensor<T>& weight, std::span<const std::int32_t> targets, double temperature) {
  const char* op = "ops::linear_logprobs";
  detail_::check_linear(op, x.shape(), weight, BasicTensor<T>());
  detail_::check_targets(op, x.dim(0), weight.dim(0), targets, temperature);
  const std::int64_t m = x.dim(0), k = x.dim(1), v = weight.dim(0), chunk = detail_::logit_rows(v);
  const T inv = static_cast<T>(1.0 / temperature);
  auto y = BasicTensor<T>::uninitialized({m}), max = BasicTensor<T>::uninitialized({m}), sum = BasicTensor<T>::uninitialized({m});
  Storage<T> logits(std::min(m, chunk) * v);
  for (std::int64_t i = 0; i < m; i += chunk) {
    const std::int64_t rows = std::min(chunk, m - i);
    detail_::linear_forward(x.data() + i * k, rows, weight, BasicTensor<T>(), Activation::kNone, logits.data(), static_cast<T*>(nullptr));
    kernels::token_logprob<T>(logits.data(), targets.data() + i, inv, rows, v, y.mutable_data() + i, max.mutable_data() + i, sum.mutable_data() + i);
  }
  if (!x.tracked() && !weight.tracked()) return y;
  return autograd::Tape<T>::record(
      {&x, &weight}, std::move(y),
      [=, x0 = x.detach(), w0 = weight.detach(), ids = std::vector<std::int32_t>(targets.begin(), targets.end())](autograd::Backward<T>& step) {
        T* fresh = step.new_in_grad(0);
        T* dx = fresh ? fresh : step.in_grad(0);
        Storage<T> dz(std::min(m, chunk) * v), chain(dx && !fresh ? std::min(m, chunk) * k : 0);
        for (std::int64_t i = 0; i < m; i += chunk) {
          const std::int64_t rows = std::min(chunk, m - i);
          detail_::linear_forward(x0.data() + i * k, rows, w0, BasicTensor<T>(), Activation::kNone, dz.data(), static_cast<T*>(nullptr));
          kernels::token_logprob_backward<T>(dz.data(), ids.data() + i, inv, max.data() + i, sum.data() + i, step.out_grad() + i, rows, v, dz.data());
          if (dx) {
            auto product = detail_::input_product<T>(dz.data(), rows, w0);
            product.c = fresh ? dx + i * k : chain.data();
            kernels::gemm(product);
            if (!fresh) kernels::add_scaled(T(1), static_cast<const T*>(chain.data()), dx + i * k, rows * k);
          }
          detail_::weight_gradient<T>(step, 1, dz.data(), x0.data() + i * k, rows, v, k);
        }
      });
}

}  // namespace ops

TUTELAGE_END
