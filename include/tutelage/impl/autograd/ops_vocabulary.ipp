#pragma once
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/autograd/ops_product.ipp"
#include "tutelage/impl/autograd/ops_sequence.ipp"

TUTELAGE_BEGIN

// Ops on the logits of a whole vocabulary, of which some rows are in memory at a time.
namespace ops {

namespace detail_ {

/// Rows of logits in memory: about a million numbers, but enough rows, in every chunk, for a weight to be packed on the way; twice as many for a
/// weight that no cache holds, which each chunk reads from memory.
inline std::int64_t logit_rows(std::int64_t m, std::int64_t vocab_size, std::int64_t hidden_size) {
  const std::int64_t least = (vocab_size * hidden_size > (1 << 24) ? 2 : 1) * (kRowsThatPack + kRowsThatPack / 4);
  const std::int64_t wanted = std::max(least, (std::int64_t{1} << 20) / vocab_size), chunks = std::max<std::int64_t>(1, m / wanted);
  return (m + chunks - 1) / chunks;
}

template <class T> struct Vocabulary {
  BasicTensor<T> x, weight;
  std::vector<std::int32_t> targets;
  T inv_temperature;
  BasicTensor<T> max, sum;  // of each row's logits, for the gradient
  std::int64_t m, k, v;

  Vocabulary(const char* op, const BasicTensor<T>& x0, const BasicTensor<T>& weight0, std::span<const std::int32_t> ids, double temperature)
      : x(x0.detach()), weight(weight0.detach()), targets(ids.begin(), ids.end()), inv_temperature(static_cast<T>(1.0 / temperature)) {
    check_linear(op, x.shape(), weight, BasicTensor<T>());
    m = x.dim(0), k = x.dim(1), v = weight.dim(0);
    check_targets(op, m, v, ids, temperature);
    max = BasicTensor<T>::uninitialized({m}), sum = BasicTensor<T>::uninitialized({m});
  }
  /// Calls f(first row, rows, memory for their logits).
  template <class F> void for_chunks(const F& f) const {
    const std::int64_t chunk = logit_rows(m, v, k);
    Storage<T> logits(chunk * v);
    for (std::int64_t i = 0; i < m; i += chunk) f(i, std::min(chunk, m - i), logits.data());
  }
  void logits(std::int64_t i, std::int64_t rows, T* z) const {
    linear_forward<T>(x.data() + i * k, rows, weight, BasicTensor<T>(), Activation::kNone, z, nullptr);
  }
  void logprobs(std::int64_t i, std::int64_t rows, const T* z, T* y) {
    kernels::token_logprob<T>(z, targets.data() + i, inv_temperature, rows, v, y + i, max.mutable_data() + i, sum.mutable_data() + i);
  }
  /// Logits become their gradients.
  void backward(std::int64_t i, std::int64_t rows, const T* dlogprob, T* z) const {
    kernels::token_logprob_backward<T>(z, targets.data() + i, inv_temperature, max.data() + i, sum.data() + i, dlogprob + i, rows, v, z);
  }
  void input_gradient(std::int64_t i, std::int64_t rows, const T* dz, T* dx) const {
    auto product = input_product<T>(dz, rows, weight);
    product.c = dx + i * k;
    kernels::gemm(product);
  }
};

}  // namespace detail_

template <class T>
BasicTensor<T> linear_logprobs(const BasicTensor<T>& x, const BasicTensor<T>& weight, std::span<const std::int32_t> targets, double temperature) {
  const FpStateGuard guard;
  detail_::Vocabulary<T> vocabulary("ops::linear_logprobs", x, weight, targets, temperature);
  auto y = BasicTensor<T>::uninitialized({vocabulary.m});
  T* to = y.mutable_data();
  vocabulary.for_chunks([&](std::int64_t i, std::int64_t rows, T* z) {
    vocabulary.logits(i, rows, z);
    vocabulary.logprobs(i, rows, z, to);
  });
  if (!x.tracked() && !weight.tracked()) return y;
  return autograd::Tape<T>::record({&x, &weight}, std::move(y), [vocabulary](autograd::Backward<T>& step) {
    T* fresh = step.new_in_grad(0);
    T* dx = fresh ? fresh : step.in_grad(0);
    Storage<T> chain(dx && !fresh ? vocabulary.m * vocabulary.k : 0);
    vocabulary.for_chunks([&](std::int64_t i, std::int64_t rows, T* z) {
      vocabulary.logits(i, rows, z);
      vocabulary.backward(i, rows, step.out_grad(), z);
      if (dx) vocabulary.input_gradient(i, rows, z, fresh ? fresh : chain.data());
      detail_::weight_gradient<T>(step, 1, z, vocabulary.x.data() + i * vocabulary.k, rows, vocabulary.v, vocabulary.k);
    });
    if (dx && !fresh) kernels::add_scaled(T(1), static_cast<const T*>(chain.data()), dx, vocabulary.m * vocabulary.k);
  });
}

template <class T>
BasicTensor<T> cross_entropy(const BasicTensor<T>& x, const BasicTensor<T>& weight, std::span<const std::int32_t> targets,
                             std::span<const double> token_weights) {
  const FpStateGuard guard;
  detail_::Vocabulary<T> vocabulary("ops::cross_entropy", x, weight, targets, 1.0);
  const std::int64_t m = vocabulary.m, k = vocabulary.k;
  if (static_cast<std::int64_t>(token_weights.size()) != m)
    detail::fail<ShapeError>("ops::cross_entropy", "not one weight a row", detail::str(token_weights.size()) + " weights", detail::str(m));
  auto slope = BasicTensor<T>::uninitialized({m}), y = BasicTensor<T>::uninitialized({m});
  for (std::int64_t i = 0; i < m; ++i) slope.mutable_data()[i] = static_cast<T>(-token_weights[static_cast<std::size_t>(i)]);
  std::unique_ptr<autograd::Backward<T>> early;
  if (weight.tracked() && !(early = weight.tape()->early(weight)))
    return mul(linear_logprobs(x, weight, targets, 1.0), slope);  // no parameter: its gradient goes further back
  BasicTensor<T> dx;
  if (x.tracked()) dx = BasicTensor<T>::uninitialized({m, k});
  T *to = y.mutable_data(), *dx_to = dx.size() ? dx.mutable_data() : nullptr;
  vocabulary.for_chunks([&](std::int64_t i, std::int64_t rows, T* z) {
    vocabulary.logits(i, rows, z);
    vocabulary.logprobs(i, rows, z, to);
    if (!dx_to && !early) return;
    vocabulary.backward(i, rows, slope.data(), z);
    if (dx_to) vocabulary.input_gradient(i, rows, z, dx_to);
    if (early) detail_::weight_gradient<T>(*early, 0, z, x.data() + i * k, rows, vocabulary.v, k);
  });
  kernels::binary(kernels::Binary::kMul, static_cast<const T*>(to), slope.data(), to, m);
  return autograd::Tape<T>::record({&x, &weight}, std::move(y), [dx, m, k](autograd::Backward<T>& step) {
    for (std::int64_t i = 0; i < m; ++i)
      if (step.out_grad()[i] != T(1))
        detail::fail<StateError>("ops::cross_entropy", "its terms are not the loss itself", "gradient " + detail::str(step.out_grad()[i]), "1",
                                 "Weigh tokens by token_weights, or use linear_logprobs.");
    if (T* fresh = step.new_in_grad(0))
      std::copy_n(dx.data(), m * k, fresh);
    else if (T* add = step.in_grad(0))
      kernels::add_scaled(T(1), dx.data(), add, m * k);
  });
}

}  // namespace ops

TUTELAGE_END
