#pragma once
#include "tutelage/impl/kernels/elementwise.ipp"
#include "tutelage/impl/kernels/packet.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace kernels {
namespace TUTELAGE_ISA {

// Every output is one fma chain over r, so a block may hold any rows and columns but always all of r.
template <class T> inline constexpr int kPanelPackets = kLanes<T> == 1 ? 8 : 2;
template <class T> inline constexpr int kPanel = kPanelPackets<T>* kLanes<T>;
inline constexpr int kBlockRows = kLanes<float> == 16 ? 12 : kLanes<float> == 8 ? 6 : 1;

template <class T>
void pack_b(const T* b, std::int64_t b_row, std::int64_t b_col, std::int64_t r, std::int64_t n, T* packed, std::int64_t panel_begin,
            std::int64_t panel_end) {
  constexpr std::int64_t w = kPanel<T>;
  for (std::int64_t panel = panel_begin; panel < panel_end; ++panel) {
    const std::int64_t columns = n - panel * w < w ? n - panel * w : w;
    const T* from = b + panel * w * b_col;
    T* to = packed + panel * w * r;
    for (std::int64_t i = 0; i < r; ++i)
      for (std::int64_t j = 0; j < w; ++j) to[i * w + j] = j < columns ? from[i * b_row + j * b_col] : T(0);
  }
}

/// MR rows by Q panels of B (q_step apart); `columns` of the last panel exist. kPart: B is direct and its last panel is cut.
template <class T, int MR, int Q, bool kPart>
inline void block(const Gemm<T>& g, std::int64_t m, std::int64_t n, const T* b, std::int64_t b_step, std::int64_t q_step, std::int64_t columns) {
  using G = Gemm<T>;
  constexpr int NP = kPanelPackets<T>, S = kLanes<T>, W = kPanel<T>;
  Packet<T> acc[MR][Q * NP];
  T edge[W];
  T* c = g.c + m * g.c_row + n;
  for (int i = 0; i < MR; ++i)
    for (int q = 0; q < Q; ++q) {
      const bool cut = q == Q - 1 && columns < W;
      const T* from = g.start == G::Start::kBias ? g.bias + n + q * W : c + i * g.c_row + q * W;
      if (g.start == G::Start::kZero || g.start == G::Start::kAddToC) {
        for (int p = 0; p < NP; ++p) acc[i][q * NP + p] = packet_set<T>(0);
        continue;
      }
      if (cut) {
        for (int j = 0; j < W; ++j) edge[j] = j < columns ? from[j] : T(0);
        from = edge;
      }
      for (int p = 0; p < NP; ++p) acc[i][q * NP + p] = packet_load<T>(from + p * S);
    }

  const T* a = g.a + m * g.a_row;
  const std::int64_t a_row = g.a_row, a_col = g.a_col;
  for (std::int64_t r = 0; r < g.r; ++r, a += a_col, b += b_step) {
    Packet<T> row[Q * NP];
    if constexpr (kPart) {
      for (int j = 0; j < W; ++j) edge[j] = j < columns ? b[j] : T(0);
      for (int p = 0; p < NP; ++p) row[p] = packet_load<T>(edge + p * S);
    } else {
      for (int q = 0; q < Q; ++q)
        for (int p = 0; p < NP; ++p) row[q * NP + p] = packet_load<T>(b + q * q_step + p * S);
    }
#pragma GCC unroll 16
    for (int i = 0; i < MR; ++i) {
      const Packet<T> x = packet_set<T>(a[i * a_row]);
#pragma GCC unroll 8
      for (int p = 0; p < Q * NP; ++p) acc[i][p] = packet_fma(x, row[p], acc[i][p]);
    }
  }

  for (int i = 0; i < MR; ++i)
    for (int q = 0; q < Q; ++q) {
      T* to = c + i * g.c_row + q * W;
      const bool cut = q == Q - 1 && columns < W;
      T* at = cut ? edge : to;
      if (cut && g.start == G::Start::kAddToC)
        for (int j = 0; j < W; ++j) edge[j] = j < columns ? to[j] : T(0);
      for (int p = 0; p < NP; ++p) {
        Packet<T> v = acc[i][q * NP + p];
        if (g.start == G::Start::kAddToC) v = packet_add(packet_load<T>(at + p * S), v);
        packet_store<T>(at + p * S, v);
      }
      if (cut)
        for (int j = 0; j < columns; ++j) to[j] = edge[j];
    }
}

template <class T, int MR> inline void columns_of(const Gemm<T>& g, std::int64_t m, std::int64_t n0, std::int64_t n1) {
  constexpr std::int64_t W = kPanel<T>;
  constexpr int kWide = MR == 1 ? 4 : MR == 2 ? 3 : MR <= 4 && kLanes<T> == 16 ? 2 : 1;  // few rows: more columns at once hide the latency
  const std::int64_t b_step = g.packed ? W : g.b_row, q_step = g.packed ? W * g.r : W;
  const auto b_at = [&](std::int64_t n) { return g.packed ? g.b + n * g.r : g.b + n; };
  std::int64_t n = n0;
  for (; n + kWide * W <= n1; n += kWide * W) block<T, MR, kWide, false>(g, m, n, b_at(n), b_step, q_step, W);
  for (; n + W <= n1; n += W) block<T, MR, 1, false>(g, m, n, b_at(n), b_step, q_step, W);
  if (n < n1) {
    if (g.packed)
      block<T, MR, 1, false>(g, m, n, b_at(n), b_step, q_step, n1 - n);
    else
      block<T, MR, 1, true>(g, m, n, b_at(n), b_step, q_step, n1 - n);
  }
}

template <class T> void gemm(const Gemm<T>& g, std::int64_t m0, std::int64_t m1, std::int64_t n0, std::int64_t n1) {
  constexpr std::int64_t W = kPanel<T>;
  const std::int64_t rows = 8 * kBlockRows;
  for (std::int64_t mb = m0; mb < m1; mb += rows) {
    const std::int64_t me = mb + rows < m1 ? mb + rows : m1;
    // One stretch of columns at a time, so that its part of B stays in cache for all rows; few rows take all columns at once.
    const std::int64_t stretch = me - mb < kBlockRows ? n1 - n0 : W;
    for (std::int64_t n = n0; n < n1; n += stretch) {
      const std::int64_t ne = n + stretch < n1 ? n + stretch : n1;
      std::int64_t m = mb;
      for (; m + kBlockRows <= me; m += kBlockRows) columns_of<T, kBlockRows>(g, m, n, ne);
      if constexpr (kBlockRows > 4)
        for (; m + 4 <= me; m += 4) columns_of<T, 4>(g, m, n, ne);
      if constexpr (kBlockRows > 2)
        for (; m + 2 <= me; m += 2) columns_of<T, 2>(g, m, n, ne);
      for (; m < me; ++m) columns_of<T, 1>(g, m, n, ne);
    }
    for (std::int64_t m = mb; m < me && (g.act != Activation::kNone || g.pre); ++m) {
      T* c = g.c + m * g.c_row;
      if (g.pre) std::memcpy(g.pre + m * g.c_row + n0, c + n0, static_cast<std::size_t>(n1 - n0) * sizeof(T));
      activate(g.act, c, n0, n1);
    }
  }
}

}  // namespace TUTELAGE_ISA
}  // namespace kernels

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
