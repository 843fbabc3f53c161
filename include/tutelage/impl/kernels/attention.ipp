#pragma once
#include "tutelage/impl/kernels/rows.ipp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace kernels {
namespace TUTELAGE_ISA {

/// s[j] = chain over d of q[d] * key(j, d), for j in [0, n); B runs of 16 keys at a time.
template <class T> inline void key_products(const T* q, const T* kt, std::int64_t k_step, std::int64_t head_size, std::int64_t n, T* s) {
  constexpr int B = 4;
  std::int64_t j = 0;
  for (; j + 16 * B <= n; j += 16 * B) {
    L<T> acc[B];
    for (auto& a : acc) a = L<T>::set(0);
    for (std::int64_t d = 0; d < head_size; ++d) {
      const L<T> x = L<T>::set(q[d]);
      for (int b = 0; b < B; ++b) acc[b] = fma(x, L<T>::load(kt + d * k_step + j + 16 * b), acc[b]);
    }
    for (int b = 0; b < B; ++b) acc[b].store(s + j + 16 * b);
  }
  for_lanes(j, n, [&](std::int64_t i, std::int64_t k) {
    L<T> acc = L<T>::set(0);
    for (std::int64_t d = 0; d < head_size; ++d) acc = fma(L<T>::set(q[d]), get(kt + d * k_step + i, k), acc);
    put(s + i, k, acc);
  });
}

/// acc[d] = chain over j of w[j] * rows[j][d], from +0; f(d, count, chain) takes each run of 16.
template <class T, class F>
inline void weighted_rows(const T* w, const T* rows, std::int64_t row, std::int64_t n, std::int64_t head_size, const F& f) {
  std::int64_t d = 0;
  for (; d + 32 <= head_size; d += 32) {
    L<T> a = L<T>::set(0), b = L<T>::set(0);
    for (std::int64_t j = 0; j < n; ++j) {
      const L<T> x = L<T>::set(w[j]);
      a = fma(x, L<T>::load(rows + j * row + d), a);
      b = fma(x, L<T>::load(rows + j * row + d + 16), b);
    }
    f(d, std::int64_t{16}, a);
    f(d + 16, std::int64_t{16}, b);
  }
  for_lanes(d, head_size, [&](std::int64_t i, std::int64_t k) {
    L<T> acc = L<T>::set(0);
    for (std::int64_t j = 0; j < n; ++j) acc = fma(L<T>::set(w[j]), get(rows + j * row + i, k), acc);
    f(i, k, acc);
  });
}

template <class T> void attention(const Attention<T>& a, std::int64_t q_begin, std::int64_t q_end) {
  T* s = a.scratch;
  for (std::int64_t i = q_begin; i < q_end; ++i) {
    const std::int64_t n = i + 1, r = i - a.q_offset;
    key_products(a.q + r * a.q_row, a.kt, a.k_step, a.head_size, n, s);
    affine(a.scale, T(0), s, s, 0, n);
    const T m = max(s, n);
    const T sum = exp_row(s, T(1), m, n, s);
    const L<T> divisor = L<T>::set(sum);
    T* out = a.out + r * a.out_row;
    weighted_rows(s, a.v, a.v_row, n, a.head_size, [&](std::int64_t d, std::int64_t k, L<T> acc) { put(out + d, k, acc / divisor); });
    if (a.max) {
      a.max[r] = m;
      a.sum[r] = sum;
    }
  }
}

/// p = exp(s - max) / sum; ds = p (dp - delta) scale with delta = dout . out; dq chains over keys, dk and dv over (head of the group, query).
template <class T> void attention_backward(const AttentionBackward<T>& a) {
  const std::int64_t D = a.head_size;
  T *p = a.scratch, *ds = a.scratch + a.length;
  const L<T> scale = L<T>::set(a.scale);
  for (std::int64_t h = 0; h < a.group; ++h) {
    for (std::int64_t i = 0; i < a.length; ++i) {
      const std::int64_t n = i + 1;
      const T* q = a.q + i * a.row + h * D;
      const T* dout = a.dout + i * a.out_row + h * D;
      const L<T> delta = L<T>::set(dot16(dout, a.out + i * a.out_row + h * D, D));
      const L<T> m = L<T>::set(a.max[h * a.stat_row + i]), sum = L<T>::set(a.sum[h * a.stat_row + i]);
      key_products(q, a.kt, a.k_step, D, n, p);
      key_products(dout, a.vt, a.k_step, D, n, ds);
      for_lanes(0, n, [&](std::int64_t j, std::int64_t k) {
        const L<T> w = detail::exp_of(fma(scale, get(p + j, k), L<T>::set(0)) - m) / sum;
        put(p + j, k, w);
        put(ds + j, k, w * (get(ds + j, k) - delta) * scale);
      });
      T* dq = a.dq + i * a.row + h * D;
      weighted_rows(ds, a.k, a.row, n, D, [&](std::int64_t d, std::int64_t k, L<T> acc) { put(dq + d, k, get(dq + d, k) + acc); });
      for_lanes(0, D, [&](std::int64_t d, std::int64_t k) {
        const L<T> lq = get(q + d, k), lo = get(dout + d, k);
        for (std::int64_t j = 0; j < n; ++j) {
          T *dk = a.dk + j * a.row + d, *dv = a.dv + j * a.row + d;
          put(dk, k, fma(L<T>::set(ds[j]), lq, get(dk, k)));
          put(dv, k, fma(L<T>::set(p[j]), lo, get(dv, k)));
        }
      });
    }
  }
}

}  // namespace TUTELAGE_ISA
}  // namespace kernels

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
