#pragma once
#include "tutelage/autograd/ops.hpp"
#include "tutelage/autograd/tape.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/impl/tensor/storage.hpp"

TUTELAGE_BEGIN

// Norms, and what works on the query and key heads of (tokens, (H + 2 G) D), which stand before the values.
namespace ops {

namespace detail_ {

/// The query heads, or the key heads, of qkv.
struct HeadsOf {
  std::int64_t tokens, row, size, queries, keys;

  template <class T>
  HeadsOf(const char* op, const BasicTensor<T>& qkv, int num_heads, int num_key_value_heads) : queries(num_heads), keys(num_key_value_heads) {
    const std::int64_t parts = queries + 2 * keys;
    if (queries < 1 || keys < 1)
      detail::fail<ValueError>(op, "no heads", detail::str(queries) + " and " + detail::str(keys) + " key-value heads", "one of each or more");
    if (qkv.rank() != 2 || qkv.dim(1) % parts != 0 || qkv.dim(1) == 0)
      detail::fail<ShapeError>(op, "qkv has the wrong width", qkv.shape().str(), "(tokens, " + detail::str(parts) + " * head_size)");
    tokens = qkv.dim(0), row = qkv.dim(1), size = row / parts;
  }
  std::int64_t values() const { return (queries + keys) * size; }  // where they begin in a row
  kernels::Heads both() const { return {tokens, row, queries + keys, size}; }
  kernels::Heads of_queries() const { return {tokens, row, queries, size}; }
  kernels::Heads of_keys() const { return {tokens, row, keys, size}; }

  template <class T> void copy_values(const T* from, T* to) const {
    for (std::int64_t t = 0; t < tokens; ++t) std::copy(from + t * row + values(), from + (t + 1) * row, to + t * row + values());
  }
};

}  // namespace detail_

template <class T> BasicTensor<T> rms_norm(const BasicTensor<T>& x, const BasicTensor<T>& gain, double eps) {
  const FpStateGuard guard;
  if (x.rank() != 2 || !(gain.shape() == Shape{x.dim(1)}))
    detail::fail<ShapeError>("ops::rms_norm", "shapes do not fit", "x " + x.shape().str() + ", gain " + gain.shape().str(), "(M, C) and (C)");
  const std::int64_t m = x.dim(0), c = x.dim(1);
  auto y = BasicTensor<T>::uninitialized({m, c}), inv_rms = BasicTensor<T>::uninitialized({m});
  kernels::rms_norm(x.data(), gain.data(), static_cast<T>(eps), m, c, y.mutable_data(), inv_rms.mutable_data());
  return autograd::Tape<T>::record({&x, &gain}, std::move(y), [m, c, inv_rms, x0 = x.detach(), g0 = gain.detach()](autograd::Backward<T>& step) {
    T* dx = step.in_grad(0);
    kernels::rms_norm_backward(x0.data(), g0.data(), inv_rms.data(), step.out_grad(), m, c, dx, step.in_grad(1));
  });
}

template <class T>
BasicTensor<T> qk_norm(const BasicTensor<T>& qkv, const BasicTensor<T>& q_gain, const BasicTensor<T>& k_gain, double eps, int num_heads,
                       int num_key_value_heads) {
  const FpStateGuard guard;
  const detail_::HeadsOf heads("ops::qk_norm", qkv, num_heads, num_key_value_heads);
  if (!(q_gain.shape() == Shape{heads.size}) || !(k_gain.shape() == Shape{heads.size}))
    detail::fail<ShapeError>("ops::qk_norm", "gains have the wrong shape", q_gain.shape().str() + " and " + k_gain.shape().str(),
                             "(" + detail::str(heads.size) + ") twice");
  const std::int64_t k = heads.queries * heads.size;  // where keys begin in a row
  auto y = BasicTensor<T>::uninitialized(qkv.shape()), q_inv = BasicTensor<T>::uninitialized({heads.tokens, heads.queries}),
       k_inv = BasicTensor<T>::uninitialized({heads.tokens, heads.keys});
  T* to = y.mutable_data();
  kernels::heads_norm(heads.of_queries(), qkv.data(), q_gain.data(), static_cast<T>(eps), to, q_inv.mutable_data());
  kernels::heads_norm(heads.of_keys(), qkv.data() + k, k_gain.data(), static_cast<T>(eps), to + k, k_inv.mutable_data());
  heads.copy_values(qkv.data(), to);
  return autograd::Tape<T>::record(
      {&qkv, &q_gain, &k_gain}, std::move(y),
      [heads, k, q_inv, k_inv, x = qkv.detach(), qg = q_gain.detach(), kg = k_gain.detach()](autograd::Backward<T>& step) {
        const T* dy = step.out_grad();
        T* dx = step.in_grad(0);
        kernels::heads_norm_backward(heads.of_queries(), x.data(), qg.data(), q_inv.data(), dy, dx, step.in_grad(1));
        kernels::heads_norm_backward(heads.of_keys(), x.data() + k, kg.data(), k_inv.data(), dy + k, dx ? dx + k : dx, step.in_grad(2));
        for (std::int64_t t = 0; dx && t < heads.tokens; ++t)
          for (std::int64_t i = t * heads.row + heads.values(); i < (t + 1) * heads.row; ++i) dx[i] = dx[i] + dy[i];
      });
}

template <class T>
BasicTensor<T> rotary(const BasicTensor<T>& qkv, std::span<const std::int32_t> positions, const BasicTensor<T>& angles, int num_heads,
                      int num_key_value_heads) {
  const detail_::HeadsOf heads("ops::rotary", qkv, num_heads, num_key_value_heads);
  if (angles.tracked() || angles.rank() != 2 || angles.dim(1) % 2 != 0 || angles.dim(1) > heads.size)
    detail::fail<ShapeError>("ops::rotary", "angles do not fit", angles.shape().str() + (angles.tracked() ? ", tracked" : ""),
                             "(P, R), R even and at most head_size " + detail::str(heads.size) + ", not tracked");
  if (static_cast<std::int64_t>(positions.size()) != heads.tokens)
    detail::fail<ShapeError>("ops::rotary", "not one position a token", detail::str(positions.size()), detail::str(heads.tokens));
  for (std::size_t i = 0; i < positions.size(); ++i)
    if (positions[i] < 0 || positions[i] >= angles.dim(0))
      detail::fail<IndexError>("ops::rotary", "position " + detail::str(i) + " is out of range", detail::str(positions[i]),
                               "0 to " + detail::str(angles.dim(0) - 1));
  const std::int64_t half = angles.dim(1) / 2;
  auto y = BasicTensor<T>::uninitialized(qkv.shape());
  kernels::rotary(heads.both(), qkv.data(), positions.data(), angles.data(), half, false, y.mutable_data());
  heads.copy_values(qkv.data(), y.mutable_data());
  if (!qkv.tracked()) return y;
  return autograd::Tape<T>::record(
      {&qkv}, std::move(y),
      [heads, half, angles, n = qkv.size(), at = std::vector<std::int32_t>(positions.begin(), positions.end())](autograd::Backward<T>& step) {
        if (step.pass_out_grad(0)) {  // turned back where it is
          T* dx = step.in_grad(0);
          return kernels::rotary(heads.both(), static_cast<const T*>(dx), at.data(), angles.data(), half, true, dx);
        }
        Storage<T> back(n);
        kernels::rotary(heads.both(), step.out_grad(), at.data(), angles.data(), half, true, back.data());
        heads.copy_values(step.out_grad(), back.data());
        kernels::add_scaled(T(1), static_cast<const T*>(back.data()), step.in_grad(0), n);
      });
}

}  // namespace ops

TUTELAGE_END
