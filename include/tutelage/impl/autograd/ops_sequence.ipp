#pragma once
#include <cmath>

#include "tutelage/base/parallel.hpp"
#include "tutelage/autograd/ops.hpp"
#include "tutelage/autograd/tape.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/impl/kernels/layout.hpp"

TUTELAGE_BEGIN

namespace ops {

namespace detail_ {

inline void check_targets(const char* op, std::int64_t rows, std::int64_t vocab_size, std::span<const std::int32_t> targets, double temperature) {
  if (rows != static_cast<std::int64_t>(targets.size()))
    detail::fail<ShapeError>(op, "not one target a row", detail::str(targets.size()) + " targets", "one for each of " + detail::str(rows) + " rows");
  if (!(temperature > 0)) detail::fail<ValueError>(op, "temperature is not positive", detail::str(temperature), "more than 0");
  for (std::size_t i = 0; i < targets.size(); ++i)
    if (targets[i] < 0 || targets[i] >= vocab_size)
      detail::fail<IndexError>(op, "target " + detail::str(i) + " is out of range", detail::str(targets[i]), "0 to " + detail::str(vocab_size - 1));
}

}  // namespace detail_

template <class T> BasicTensor<T> layer_norm(const BasicTensor<T>& x, const BasicTensor<T>& gain, const BasicTensor<T>& bias, double eps) {
  const FpStateGuard guard;
  if (x.rank() != 2 || !(gain.shape() == Shape{x.dim(1)}) || !(bias.shape() == Shape{x.dim(1)}))
    detail::fail<ShapeError>("ops::layer_norm", "shapes do not fit",
                             "x " + x.shape().str() + ", gain " + gain.shape().str() + ", bias " + bias.shape().str(), "(M, C), (C) and (C)");
  const std::int64_t m = x.dim(0), c = x.dim(1);
  auto y = BasicTensor<T>::uninitialized({m, c}), mean = BasicTensor<T>::uninitialized({m}), inv_std = BasicTensor<T>::uninitialized({m});
  kernels::layer_norm(x.data(), gain.data(), bias.data(), static_cast<T>(eps), m, c, y.mutable_data(), mean.mutable_data(), inv_std.mutable_data());
  return autograd::Tape<T>::record(
      {&x, &gain, &bias}, std::move(y), [m, c, mean, inv_std, x0 = x.detach(), g0 = gain.detach()](autograd::Backward<T>& step) {
        T* dx = step.in_grad(0);
        T* dgain = step.in_grad(1);
        T* dbias = step.in_grad(2);
        kernels::layer_norm_backward(x0.data(), g0.data(), mean.data(), inv_std.data(), step.out_grad(), m, c, dx, dgain, dbias);
      });
}

template <class T> BasicTensor<T> embedding(const BasicTensor<T>& table, std::span<const std::int32_t> ids) {
  if (table.rank() != 2) detail::fail<ShapeError>("ops::embedding", "table is not a matrix", table.shape().str(), "(V, C)");
  const std::int64_t m = static_cast<std::int64_t>(ids.size()), c = table.dim(1);
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (ids[i] < 0 || ids[i] >= table.dim(0))
      detail::fail<IndexError>("ops::embedding", "id " + detail::str(i) + " is out of range", detail::str(ids[i]),
                               "0 to " + detail::str(table.dim(0) - 1));
  auto y = BasicTensor<T>::uninitialized({m, c});
  kernels::gather_rows(table.data(), ids.data(), m, c, y.mutable_data());
  if (!table.tracked()) return y;
  return autograd::Tape<T>::record(
      {&table}, std::move(y), [m, c, shape = table.shape(), saved = std::vector<std::int32_t>(ids.begin(), ids.end())](autograd::Backward<T>& step) {
        if (auto* rows = step.in_row_grad(0)) {
          const auto slots = rows->slots(saved, shape);
          kernels::scatter_add(step.out_grad(), slots.data(), m, c, rows->values());
        } else {
          kernels::scatter_add(step.out_grad(), saved.data(), m, c, step.in_grad(0));
        }
      });
}

template <class T>
BasicTensor<T> causal_attention(const BasicTensor<T>& qkv, std::span<const std::int64_t> offsets, int num_heads, int num_key_value_heads,
                                std::int64_t window) {
  if (num_heads < 1 || num_key_value_heads < 1 || num_heads % num_key_value_heads != 0)
    detail::fail<ValueError>("ops::causal_attention", "heads do not divide",
                             detail::str(num_heads) + " heads, " + detail::str(num_key_value_heads) + " key-value heads", "a multiple");
  if (window < 0) detail::fail<ValueError>("ops::causal_attention", "window is negative", detail::str(window), "0 (all keys) or more");
  const std::int64_t parts = num_heads + 2 * num_key_value_heads;
  if (qkv.rank() != 2 || qkv.dim(1) % parts != 0 || qkv.dim(1) == 0)
    detail::fail<ShapeError>("ops::causal_attention", "qkv has the wrong width", qkv.shape().str(),
                             "(tokens, " + detail::str(parts) + " * head_size)");
  const std::int64_t tokens = qkv.dim(0), head_size = qkv.dim(1) / parts, sequences = static_cast<std::int64_t>(offsets.size()) - 1;
  bool rising = sequences >= 0 && offsets.front() == 0 && offsets.back() == tokens;
  for (std::size_t i = 1; i < offsets.size() && rising; ++i) rising = offsets[i - 1] <= offsets[i];
  if (!rising)
    detail::fail<ShapeError>("ops::causal_attention", "offsets do not cover the tokens", detail::str(offsets.size()) + " offsets",
                             "rising from 0 to " + detail::str(tokens));
  auto y = BasicTensor<T>::uninitialized({tokens, num_heads * head_size});
  BasicTensor<T> max, sum;
  if (qkv.tracked()) {
    max = BasicTensor<T>::uninitialized({num_heads, tokens});
    sum = BasicTensor<T>::uninitialized({num_heads, tokens});
  }
  kernels::attention_forward(qkv.data(), offsets.data(), sequences, std::int64_t{num_heads}, std::int64_t{num_key_value_heads}, head_size,
                             y.mutable_data(), max.size() ? max.mutable_data() : nullptr, sum.size() ? sum.mutable_data() : nullptr, window);
  if (!qkv.tracked()) return y;
  return autograd::Tape<T>::record(
      {&qkv}, y,
      [=, x0 = qkv.detach(), out = y.detach(), starts = std::vector<std::int64_t>(offsets.begin(), offsets.end())](autograd::Backward<T>& step) {
        kernels::attention_backward(x0.data(), out.data(), step.out_grad(), max.data(), sum.data(), starts.data(), sequences, std::int64_t{num_heads},
                                    std::int64_t{num_key_value_heads}, head_size, step.in_grad(0), window);
      });
}

template <class T> BasicTensor<T> token_logprobs(const BasicTensor<T>& logits, std::span<const std::int32_t> targets, double temperature) {
  const FpStateGuard guard;
  if (logits.rank() != 2) detail::fail<ShapeError>("ops::token_logprobs", "logits are no matrix", logits.shape().str(), "(M, V)");
  const std::int64_t m = logits.dim(0), c = logits.dim(1);
  detail_::check_targets("ops::token_logprobs", m, c, targets, temperature);
  const T inv = static_cast<T>(1.0 / temperature);
  auto y = BasicTensor<T>::uninitialized({m}), max = BasicTensor<T>::uninitialized({m}), sum = BasicTensor<T>::uninitialized({m});
  kernels::token_logprob(logits.data(), targets.data(), inv, m, c, y.mutable_data(), max.mutable_data(), sum.mutable_data());
  if (!logits.tracked()) return y;
  return autograd::Tape<T>::record(
      {&logits}, std::move(y),
      [=, z = logits.detach(), ids = std::vector<std::int32_t>(targets.begin(), targets.end())](autograd::Backward<T>& step) {
        T* fresh = step.new_in_grad(0);
        Storage<T> dz(fresh ? 0 : m * c);
        kernels::token_logprob_backward<T>(z.data(), ids.data(), inv, max.data(), sum.data(), step.out_grad(), m, c, fresh ? fresh : dz.data());
        if (!fresh) kernels::add_scaled(T(1), static_cast<const T*>(dz.data()), step.in_grad(0), m * c);
      });
}

template <class T> BasicTensor<T> token_entropy(const BasicTensor<T>& logits, double temperature) {
  if (!(temperature > 0)) detail::fail<ValueError>("ops::token_entropy", "temperature is not positive", detail::str(temperature), "more than 0");
  const auto logp = log_softmax(affine(logits, 1.0 / temperature, 0.0));
  return neg(sum_last(mul(exp(logp), logp)));
}

}  // namespace ops

TUTELAGE_END
