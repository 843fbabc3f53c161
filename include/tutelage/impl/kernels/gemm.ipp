#pragma once
#include "tutelage/impl/kernels/elementwise.ipp"
#include "tutelage/impl/kernels/transpose.ipp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace kernels {
namespace TUTELAGE_ISA {

// Every output is one fma chain over r. A block holds any rows and columns; along r blocks follow one another, and each continues the chain
// that the one before left in C. Sizes: kDepth steps of a group of panels of B stay in the second cache while all rows pass them, a strip of A,
// copied so that its steps follow one another, in the first.
inline constexpr int kBlockRows = kLanes<float> == 16 ? 12 : kLanes<float> == 8 ? 6 : 1;
inline constexpr std::int64_t kAhead = 1024;  // elements of B that are fetched before they are used

template <class T>
void pack_b(const T* b, std::int64_t b_row, std::int64_t b_col, std::int64_t r, std::int64_t n, T* packed, std::int64_t panel_begin,
            std::int64_t panel_end) {
  constexpr std::int64_t w = kPanel<T>;
  for (std::int64_t panel = panel_begin; panel < panel_end; ++panel) {
    const std::int64_t columns = n - panel * w < w ? n - panel * w : w;
    const T* from = b + panel * w * b_col;
    T* to = packed + panel * w * r;
    if (b_row == 1) {
      transpose(from, b_col, columns, r, to, w);
    } else {
      for (std::int64_t i = 0; i < r; ++i)
        for (std::int64_t j = 0; j < columns; ++j) to[i * w + j] = from[i * b_row + j * b_col];
    }
    for (std::int64_t i = 0; i < r && columns < w; ++i)
      for (std::int64_t j = columns; j < w; ++j) to[i * w + j] = T(0);
  }
}

/// The factors of one block: `depth` steps of r.
template <class T> struct Factors {
  const T* a;  // step r of row i at a[r * rows + i]
  const T* b;  // panels q_step apart, steps kPanel apart
  std::int64_t q_step, depth;
};

/// MR rows by Q panels at (m, n); `columns` of the last panel exist.
template <class T, int MR, int Q>
inline void block(const Gemm<T>& g, std::int64_t m, std::int64_t n, const Factors<T>& f, typename Gemm<T>::Start start, std::int64_t columns) {
  using Start = typename Gemm<T>::Start;
  constexpr int NP = kPanelPackets<T>, S = kLanes<T>, W = kPanel<T>;
  Packet<T> acc[MR][Q * NP];
  T edge[W];
  T* c = g.c + m * g.c_row + n;
  for (int i = 0; i < MR; ++i)
    for (int q = 0; q < Q; ++q) {
      const T* from = start == Start::kBias ? g.bias + n + q * W : c + i * g.c_row + q * W;
      if (start != Start::kContinue)
        for (int p = 0; p < NP; ++p) __builtin_prefetch(c + i * g.c_row + q * W + p * S, 1);
      if (start == Start::kZero) {
        for (int p = 0; p < NP; ++p) acc[i][q * NP + p] = packet_set<T>(0);
        continue;
      }
      if (q == Q - 1 && columns < W) {
        for (int j = 0; j < W; ++j) edge[j] = j < columns ? from[j] : T(0);
        from = edge;
      }
      for (int p = 0; p < NP; ++p) acc[i][q * NP + p] = packet_load<T>(from + p * S);
    }

  const T *a = f.a, *b = f.b;
  const std::int64_t q_step = f.q_step;
  for (std::int64_t r = 0; r < f.depth; ++r, a += MR, b += W) {
    Packet<T> row[Q * NP];
    if (MR > 4)
      for (int p = 0; p < NP; ++p) __builtin_prefetch(b + kAhead + p * S);
    for (int q = 0; q < Q; ++q)
      for (int p = 0; p < NP; ++p) row[q * NP + p] = packet_load<T>(b + q * q_step + p * S);
#pragma GCC unroll 16
    for (int i = 0; i < MR; ++i) {
      const Packet<T> x = packet_set<T>(a[i]);
#pragma GCC unroll 8
      for (int p = 0; p < Q * NP; ++p) acc[i][p] = packet_fma(x, row[p], acc[i][p]);
    }
  }

  for (int i = 0; i < MR; ++i)
    for (int q = 0; q < Q; ++q) {
      T* to = c + i * g.c_row + q * W;
      const bool cut = q == Q - 1 && columns < W;
      for (int p = 0; p < NP; ++p) packet_store<T>((cut ? edge : to) + p * S, acc[i][q * NP + p]);
      for (int j = 0; cut && j < columns; ++j) to[j] = edge[j];
    }
}

/// The finished chains of rows [m, m + rows), columns [n, n + columns).
template <class T> inline void finish(const Gemm<T>& g, std::int64_t m, std::int64_t rows, std::int64_t n, std::int64_t columns) {
  for (std::int64_t i = m; i < m + rows; ++i) {
    T* c = g.c + i * g.c_row + n;
    if (g.pre) std::memcpy(g.pre + i * g.c_row + n, c, static_cast<std::size_t>(columns) * sizeof(T));
    activate(g.act, c, columns);
  }
}

/// MR rows from m, columns [n0, n1), steps [r0, r0 + depth). copied: their strip of A, or null.
template <class T, int MR>
inline void strip(const Gemm<T>& g, std::int64_t m, std::int64_t n0, std::int64_t n1, std::int64_t r0, std::int64_t depth, const T* b,
                  std::int64_t q_step, const T* copied = nullptr) {
  constexpr std::int64_t W = kPanel<T>;
  constexpr int kWide = MR == 1 ? 4 : MR == 2 ? 3 : MR <= 4 && kLanes<T> == 16 ? 2 : 1;  // few rows: more columns at once hide the latency
  alignas(64) T copy[MR * kDepth + kLanes<T>];
  const T* a = g.a + m * g.a_row + r0 * g.a_col;
  Factors<T> f{copied ? copied : copy, b, q_step, depth};
  if (MR == 1 && g.a_col == 1)
    f.a = a;
  else if (!copied)
    copy_strip<T, MR>(a, g.a_row, g.a_col, depth, copy);
  const auto start = r0 == 0 ? g.start : Gemm<T>::Start::kContinue;
  const bool ends = r0 + depth == g.r && g.act != Activation::kNone;
  std::int64_t n = n0;
  const auto blocks = [&](auto panels) {
    constexpr int Q = decltype(panels)::value;
    for (; n + Q * W <= n1; n += Q * W, f.b += Q * q_step) {
      block<T, MR, Q>(g, m, n, f, start, W);
      if (ends) finish(g, m, MR, n, Q * W);
    }
  };
  blocks(std::integral_constant<int, kWide>{});
  if constexpr (kWide > 2) blocks(std::integral_constant<int, 2>{});
  for (; n < n1; n += W, f.b += q_step) {
    const std::int64_t columns = n1 - n < W ? n1 - n : W;
    block<T, MR, 1>(g, m, n, f, start, columns);
    if (ends) finish(g, m, MR, n, columns);
  }
}

template <class T>
inline void strips(const Gemm<T>& g, std::int64_t m0, std::int64_t m1, std::int64_t n0, std::int64_t n1, std::int64_t r0, std::int64_t depth,
                   const T* b, std::int64_t q_step, T* scratch) {
  std::int64_t m = m0;
  if (g.a_row == 1 && g.a_col != 1 && kBlockRows > 1) {  // steps are rows in memory: several strips are copied in one walk over them
    const T* a = g.a + r0 * g.a_col;
    while (m + kBlockRows <= m1) {
      const std::int64_t count = (m1 - m < kStripRows ? m1 - m : kStripRows) / kBlockRows;
      for (std::int64_t r = 0; r < depth; ++r)
        for (std::int64_t s = 0; s < count; ++s)
          std::memcpy(scratch + (s * depth + r) * kBlockRows, a + r * g.a_col + m + s * kBlockRows, kBlockRows * sizeof(T));
      for (std::int64_t s = 0; s < count; ++s, m += kBlockRows)
        strip<T, kBlockRows>(g, m, n0, n1, r0, depth, b, q_step, scratch + s * depth * kBlockRows);
    }
  }
  for (; m + kBlockRows <= m1; m += kBlockRows) strip<T, kBlockRows>(g, m, n0, n1, r0, depth, b, q_step);
  if constexpr (kBlockRows > 8)
    for (; m + 8 <= m1; m += 8) strip<T, 8>(g, m, n0, n1, r0, depth, b, q_step);
  if constexpr (kBlockRows > 4)
    for (; m + 4 <= m1; m += 4) strip<T, 4>(g, m, n0, n1, r0, depth, b, q_step);
  if constexpr (kBlockRows > 2)
    for (; m + 2 <= m1; m += 2) strip<T, 2>(g, m, n0, n1, r0, depth, b, q_step);
  for (; m < m1; ++m) strip<T, 1>(g, m, n0, n1, r0, depth, b, q_step);
}

template <class T> void gemm(const Gemm<T>& g, std::int64_t m0, std::int64_t m1, std::int64_t n0, std::int64_t n1, T* scratch) {
  constexpr std::int64_t W = kPanel<T>;
  const std::int64_t group = g.packed && m1 - m0 <= kBlockRows ? n1 - n0 : kGroup * W;
  for (std::int64_t n = n0; n < n1; n += group) {
    const std::int64_t ne = n + group < n1 ? n + group : n1;
    std::int64_t r0 = 0;
    do {  // once where r is 0 as well
      const std::int64_t depth = r0 + kDepth < g.r ? kDepth : g.r - r0;
      if (g.packed) {
        strips(g, m0, m1, n, ne, r0, depth, g.b + n * g.r + r0 * W, W * g.r, scratch);
      } else {
        T* panels = scratch + kDepth * kStripRows;
        pack_b(g.b + r0 * g.b_row + n * g.b_col, g.b_row, g.b_col, depth, ne - n, panels, 0, (ne - n + W - 1) / W);
        strips(g, m0, m1, n, ne, r0, depth, static_cast<const T*>(panels), W * depth, scratch);
      }
      r0 += depth;
    } while (r0 < g.r);
  }
}

}  // namespace TUTELAGE_ISA
}  // namespace kernels

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
