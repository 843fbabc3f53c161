#pragma once
#include "tutelage/impl/kernels/rows.ipp"
#include "tutelage/impl/kernels/transpose.ipp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace kernels {
namespace TUTELAGE_ISA {

// Rows of queries (or keys) that go through a block together. It changes which chains run side by side, never a chain.
inline constexpr int kTileRows = kLanes<float> == 16 ? 8 : kLanes<float> == 8 ? 4 : 1;

/// c(i, j) = chain over d < depth of a(i, d) * b(d, j), for MR rows and NP packets of columns.
template <class T, int MR, int NP = kPanelPackets<T>>
inline void product_tile(const T* a, std::int64_t a_row, const T* b, std::int64_t b_row, std::int64_t depth, T* c, std::int64_t c_row) {
  constexpr int S = kLanes<T>;
  Packet<T> acc[MR][NP];
  for (int i = 0; i < MR; ++i)
    for (int p = 0; p < NP; ++p) acc[i][p] = packet_set<T>(0);
  for (std::int64_t d = 0; d < depth; ++d, b += b_row) {
    Packet<T> row[NP];
    for (int p = 0; p < NP; ++p) row[p] = packet_load<T>(b + p * S);
#pragma GCC unroll 8
    for (int i = 0; i < MR; ++i) {
      const Packet<T> x = packet_set<T>(a[i * a_row + d]);
      for (int p = 0; p < NP; ++p) acc[i][p] = packet_fma(x, row[p], acc[i][p]);
    }
  }
  for (int i = 0; i < MR; ++i)
    for (int p = 0; p < NP; ++p) packet_store<T>(c + i * c_row + p * S, acc[i][p]);
}

/// Chains over the keys that row i sees, j < n + i: w(i, j) * rows(j, d) for MR rows and the packets A of d; f(i, p, chain) takes them.
template <class A, int MR, class T, class F>
inline void weighted_tile(const T* w, std::int64_t w_row, const T* rows, std::int64_t row, std::int64_t n, const F& f) {
  using P = typename A::Type;
  constexpr int S = A::kLanes, NP = A::kCount;
  P acc[MR][NP], x[NP];
  for (int i = 0; i < MR; ++i)
    for (int p = 0; p < NP; ++p) acc[i][p] = set_as<P>(T(0));
  for (std::int64_t j = 0; j < n; ++j, rows += row) {
    for (int p = 0; p < NP; ++p) x[p] = load_as<P>(rows + p * S);
#pragma GCC unroll 8
    for (int i = 0; i < MR; ++i)
      for (int p = 0; p < NP; ++p) acc[i][p] = packet_fma(set_as<P>(w[i * w_row + j]), x[p], acc[i][p]);
  }
#pragma GCC unroll 8
  for (int k = 1; k < MR; ++k, rows += row) {  // the triangle: key n + k - 1 is seen by rows k and later
    for (int p = 0; p < NP; ++p) x[p] = load_as<P>(rows + p * S);
#pragma GCC unroll 8
    for (int i = 1; i < MR; ++i)
      for (int p = 0; p < NP; ++p)
        if (i >= k) acc[i][p] = packet_fma(set_as<P>(w[i * w_row + n + k - 1]), x[p], acc[i][p]);
  }
  for (int i = 0; i < MR; ++i)
    for (int p = 0; p < NP; ++p) f(i, p, acc[i][p]);
}

/// c(j, d) continues its chain over queries i in [i0, i1) that see key j0 + j: w(i, j) * x(i, d), for MR keys and the packets A of d.
/// w: of query i0 and key j0; x: of query i0.
template <class A, int MR, class T>
inline void key_tile(const T* w, std::int64_t w_row, const T* x, std::int64_t x_row, std::int64_t i0, std::int64_t i1, std::int64_t j0, T* c,
                     std::int64_t c_row) {
  using P = typename A::Type;
  constexpr int S = A::kLanes, NP = A::kCount;
  P acc[MR][NP], v[NP];
  for (int j = 0; j < MR; ++j)
    for (int p = 0; p < NP; ++p) acc[j][p] = load_as<P>(c + j * c_row + p * S);
  std::int64_t i = i0 < j0 ? j0 : i0;
  w += (i - i0) * w_row, x += (i - i0) * x_row;
  for (; i < i1; ++i, w += w_row, x += x_row) {
    for (int p = 0; p < NP; ++p) v[p] = load_as<P>(x + p * S);
    if (i < j0 + MR - 1) {
#pragma GCC unroll 8
      for (int j = 0; j < MR; ++j)
        for (int p = 0; p < NP; ++p)
          if (j0 + j <= i) acc[j][p] = packet_fma(set_as<P>(w[j]), v[p], acc[j][p]);
    } else {
#pragma GCC unroll 8
      for (int j = 0; j < MR; ++j)
        for (int p = 0; p < NP; ++p) acc[j][p] = packet_fma(set_as<P>(w[j]), v[p], acc[j][p]);
    }
  }
  for (int j = 0; j < MR; ++j)
    for (int p = 0; p < NP; ++p) store_as(c + j * c_row + p * S, acc[j][p]);
}

/// Weighted rows over all of a head; f(i, d, chains of one or more numbers).
template <class T, int MR, class F>
inline void weighted_head(const T* w, std::int64_t w_row, const T* rows, std::int64_t row, std::int64_t n, std::int64_t head_size, const F& f) {
  for_packets<T>(head_size, [&](std::int64_t d, auto some) {
    using A = decltype(some);
    weighted_tile<A, MR>(w, w_row, rows + d, row, n, [&](int i, int p, typename A::Type acc) { f(i, d + p * A::kLanes, acc); });
  });
}

/// The first key that row i sees, and that of the run of 32 in which it stands.
inline std::int64_t first_key(std::int64_t i, std::int64_t window) { return window > 0 && i >= window ? i + 1 - window : 0; }
inline std::int64_t first_run(std::int64_t i, std::int64_t window) { return first_key(i, window) / 32 * 32; }

/// Row i of a window as one that begins at its first run of keys: lanes are counted by 16, so that none of them changes. It is row i - the run's.
template <class T> inline Attention<T> cut(const Attention<T>& a, std::int64_t i) {
  const std::int64_t run = first_run(i, a.window);
  Attention<T> b = a;
  b.q_offset -= run, b.kt += run, b.v += run * a.v_row;
  b.skip = first_key(i, a.window) - run, b.window = 0;
  return b;
}

/// Scores become weights: exp(scale s - max) in place, over n keys of a row that has room for whole runs of 16.
template <class T> inline void softmax_row(T scale, std::int64_t n, T* s, T& max_out, T& sum_out, std::int64_t skip = 0) {
  for (std::int64_t j = 0; j < skip; ++j) s[j] = -std::numeric_limits<T>::infinity();
  for (std::int64_t j = n; j % 16 != 0; ++j) s[j] = -std::numeric_limits<T>::infinity();  // exp: 0, which changes no lane
  const std::int64_t end = (n + 15) / 16 * 16;
  const L<T> factor = L<T>::set(scale), zero = L<T>::set(0);
  L<T> m = L<T>::set(-std::numeric_limits<T>::infinity());
  for (std::int64_t j = 0; j < end; j += 16) {
    const L<T> x = fma(factor, L<T>::load(s + j), zero);
    x.store(s + j);
    m = max(m, x);
  }
  max_out = m.largest();
  const L<T> lm = L<T>::set(max_out);
  L<T> sum = zero;
  for (std::int64_t j = 0; j < end; j += 16) {
    const L<T> e = detail::exp_nonpositive(L<T>::load(s + j) - lm);
    e.store(s + j);
    sum = sum + e;
  }
  sum_out = sum.tree();
}

template <class T, int MR> inline void scores_of(const Attention<T>& a, std::int64_t i, T* max, T* sum) {
  constexpr std::int64_t W = kPanel<T>;
  const T* q = a.q + (i - a.q_offset) * a.q_row;
  T* s = a.scratch;
  std::int64_t j = 0;
  if constexpr (MR == 1) {  // of a single row more columns at once hide the latency
    for (; j + 3 * W <= i && j + 4 * W <= a.scratch_row; j += 4 * W)
      product_tile<T, 1, 4 * kPanelPackets<T>>(q, a.q_row, a.kt + j, a.k_step, a.head_size, s + j, a.scratch_row);
    for (; j + W <= i && j + 2 * W <= a.scratch_row; j += 2 * W)
      product_tile<T, 1, 2 * kPanelPackets<T>>(q, a.q_row, a.kt + j, a.k_step, a.head_size, s + j, a.scratch_row);
  }
  for (; j < i + MR; j += W) product_tile<T, MR>(q, a.q_row, a.kt + j, a.k_step, a.head_size, s + j, a.scratch_row);
  for (int k = 0; k < MR; ++k) {
    softmax_row(a.scale, i + k + 1, s + k * a.scratch_row, max[k], sum[k], a.skip);
    if (a.max) a.max[i + k - a.q_offset] = max[k], a.sum[i + k - a.q_offset] = sum[k];
  }
}

template <class T, class P> inline void divide_into(T* to, P acc, T sum) { store_as(to, packet_div(acc, set_as<P>(sum))); }

template <class T, int MR> inline void attention_rows(const Attention<T>& a, std::int64_t i) {
  T max[MR], sum[MR];
  scores_of<T, MR>(a, i, max, sum);
  T* out = a.out + (i - a.q_offset) * a.out_row;
  weighted_head<T, MR>(a.scratch + a.skip, a.scratch_row, a.v + a.skip * a.v_row, a.v_row, i + 1 - a.skip, a.head_size,
                       [&](int k, std::int64_t d, auto acc) { divide_into(out + k * a.out_row + d, acc, sum[k]); });
}

/// Row i of H heads of one size: their chains run side by side.
template <class T, int H> inline void heads_row(const Attention<T>* a, std::int64_t i) {
  T max[H], sum[H];
  for (int h = 0; h < H; ++h) scores_of<T, 1>(a[h], i, max + h, sum + h);
  const auto at = [&](int h) { return a[h].out + (i - a[h].q_offset) * a[h].out_row; };
  for_packets<T>(a[0].head_size, [&](std::int64_t d, auto some) {
    using P = typename decltype(some)::Type;
    constexpr int NP = some.kCount, S = some.kLanes;
    P acc[H][NP];
    for (int h = 0; h < H; ++h)
      for (int p = 0; p < NP; ++p) acc[h][p] = set_as<P>(T(0));
    for (std::int64_t j = a[0].skip; j <= i; ++j)
#pragma GCC unroll 4
      for (int h = 0; h < H; ++h)
        for (int p = 0; p < NP; ++p) acc[h][p] = packet_fma(set_as<P>(a[h].scratch[j]), load_as<P>(a[h].v + j * a[h].v_row + d + p * S), acc[h][p]);
    for (int h = 0; h < H; ++h)
      for (int p = 0; p < NP; ++p) divide_into(at(h) + d + p * S, acc[h][p], sum[h]);
  });
}

template <class T> void attention_row(const Attention<T>* heads, std::int64_t count, std::int64_t i) {
  if (count > 0 && first_key(i, heads->window) > 0) {
    const std::int64_t row = i - first_run(i, heads->window);
    while (count > 0) {
      const std::int64_t n = count >= 4 ? 4 : 1;
      Attention<T> some[4];
      for (std::int64_t h = 0; h < n; ++h) some[h] = cut(heads[h], i);
      if (n == 4)
        heads_row<T, 4>(some, row);
      else
        heads_row<T, 1>(some, row);
      count -= n, heads += n;
    }
    return;
  }
  for (; count >= 4; count -= 4, heads += 4) heads_row<T, 4>(heads, i);
  for (; count > 0; --count, ++heads) heads_row<T, 1>(heads, i);
}

template <class T> void attention(const Attention<T>& a, std::int64_t q_begin, std::int64_t q_end) {
  std::int64_t i = q_begin;
  const std::int64_t all = a.window > 0 && a.window < q_end ? a.window : q_end;  // rows before it see every key
  for (; i + kTileRows <= all; i += kTileRows) attention_rows<T, kTileRows>(a, i);
  for (; i < all; ++i) attention_rows<T, 1>(a, i);
  for (; i < q_end; ++i) attention_rows<T, 1>(cut(a, i), i - first_run(i, a.window));
}

/// p = exp(s - max) / sum; ds = p (dp - delta) scale with delta = dout . out; dq chains over keys, dk and dv over (head of the group, query).
/// run, first: see first_run, first_key; 0 where MR is more than 1.
template <class T, int MR>
inline void weights_of(const AttentionBackward<T>& a, std::int64_t h, std::int64_t i, T* p, T* ds, std::int64_t s_row, std::int64_t run = 0,
                       std::int64_t first = 0) {
  const std::int64_t D = a.head_size;
  const T *q = a.q + i * a.row + h * D, *dout = a.dout + i * a.out_row + h * D;
  for (std::int64_t j = run; j < i + MR; j += kPanel<T>) {
    product_tile<T, MR>(q, a.row, a.kt + j, a.k_step, D, p + j, s_row);
    product_tile<T, MR>(dout, a.out_row, a.vt + j, a.k_step, D, ds + j, s_row);
  }
  const L<T> scale = L<T>::set(a.scale), zero = L<T>::set(0);
  for (int k = 0; k < MR; ++k) {
    T *pk = p + k * s_row, *dk = ds + k * s_row;
    const L<T> delta = L<T>::set(dot16(dout + k * a.out_row, a.out + (i + k) * a.out_row + h * D, D));
    const L<T> m = L<T>::set(a.max[h * a.stat_row + i + k]), sum = L<T>::set(a.sum[h * a.stat_row + i + k]);
    for (std::int64_t j = run; j <= i + k; j += 16) {  // what comes after key i + k is not read
      const L<T> w = detail::exp_nonpositive(fma(scale, L<T>::load(pk + j), zero) - m) / sum;
      w.store(pk + j);
      (w * (L<T>::load(dk + j) - delta) * scale).store(dk + j);
    }
  }
  T* dq = a.dq + i * a.row + h * D;
  weighted_head<T, MR>(ds + first, s_row, a.k + first * a.row, a.row, i + 1 - first, D, [&](int k, std::int64_t d, auto acc) {
    T* to = dq + k * a.row + d;
    store_as(to, packet_add(load_as<decltype(acc)>(to), acc));
  });
}

/// dk and dv of MR keys from j, over the queries [i, i_end).
template <class T, int MR>
inline void keys_of(const AttentionBackward<T>& a, std::int64_t h, std::int64_t i, std::int64_t i_end, std::int64_t j, const T* p, const T* ds,
                    std::int64_t s_row) {
  const std::int64_t D = a.head_size;
  const T *q = a.q + i * a.row + h * D, *dout = a.dout + i * a.out_row + h * D;
  T *dk = a.dk + j * a.row, *dv = a.dv + j * a.row;
  for_packets<T>(D, [&](std::int64_t d, auto some) {
    key_tile<decltype(some), MR>(ds + j, s_row, q + d, a.row, i, i_end, j, dk + d, a.row);
    key_tile<decltype(some), MR>(p + j, s_row, dout + d, a.out_row, i, i_end, j, dv + d, a.row);
  });
}

/// The same where rows see a window: row by row, key by key.
template <class T> inline void window_backward(const AttentionBackward<T>& a, T* p, T* ds, std::int64_t s_row) {
  for (std::int64_t h = 0; h < a.group; ++h)
    for (std::int64_t first = 0; first < a.length; first += kQueryBlock) {
      const std::int64_t end = first + kQueryBlock < a.length ? first + kQueryBlock : a.length;
      for (std::int64_t i = first; i < end; ++i)
        weights_of<T, 1>(a, h, i, p + (i - first) * s_row, ds + (i - first) * s_row, s_row, first_run(i, a.window), first_key(i, a.window));
      for (std::int64_t j = first_key(first, a.window); j < end; ++j)
        keys_of<T, 1>(a, h, first, end < j + a.window ? end : j + a.window, j, p, ds, s_row);
    }
}

template <class T> void attention_backward(const AttentionBackward<T>& a) {
  const std::int64_t s_row = padded_keys(a.length);
  T *p = a.scratch, *ds = a.scratch + kQueryBlock * s_row;
  if (a.window > 0 && a.window < a.length) return window_backward(a, p, ds, s_row);
  for (std::int64_t h = 0; h < a.group; ++h)
    for (std::int64_t first = 0; first < a.length; first += kQueryBlock) {
      const std::int64_t end = first + kQueryBlock < a.length ? first + kQueryBlock : a.length;
      std::int64_t i = first;
      for (; i + kTileRows <= end; i += kTileRows) weights_of<T, kTileRows>(a, h, i, p + (i - first) * s_row, ds + (i - first) * s_row, s_row);
      for (; i < end; ++i) weights_of<T, 1>(a, h, i, p + (i - first) * s_row, ds + (i - first) * s_row, s_row);
      std::int64_t j = 0;
      for (; j + kTileRows <= end; j += kTileRows) keys_of<T, kTileRows>(a, h, first, end, j, p, ds, s_row);
      for (; j < end; ++j) keys_of<T, 1>(a, h, first, end, j, p, ds, s_row);
    }
}

}  // namespace TUTELAGE_ISA
}  // namespace kernels

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
