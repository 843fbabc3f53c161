#pragma once
#include "tutelage/impl/kernels/packet.hpp"

TUTELAGE_BEGIN

namespace kernels {
namespace TUTELAGE_ISA {

/// y(j, i) = x(i, j) for i < rows, j < columns.
template <class T> void transpose(const T* x, std::int64_t x_row, std::int64_t rows, std::int64_t columns, T* y, std::int64_t y_row) {
  constexpr std::int64_t S = kLanes<T>;
  std::int64_t i = 0;
  if constexpr (S > 1) {
    for (; i + S <= rows; i += S) {
      std::int64_t j = 0;
      for (; j + S <= columns; j += S) {
        PacketSquare<T> block;
        for (int k = 0; k < S; ++k) block.packet[k] = packet_load<T>(x + (i + k) * x_row + j);
        packet_transpose(block);
        for (int k = 0; k < S; ++k) packet_store<T>(y + (j + k) * y_row + i, block.packet[k]);
      }
      for (; j < columns; ++j)
        for (int k = 0; k < S; ++k) y[j * y_row + i + k] = x[(i + k) * x_row + j];
    }
  }
  for (; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; ++j) y[j * y_row + i] = x[i * x_row + j];
}

/// to[r * MR + i] = a[i * a_row + r * a_col] for r < depth; `to` has room for a packet more.
template <class T, int MR> inline void copy_strip(const T* a, std::int64_t a_row, std::int64_t a_col, std::int64_t depth, T* to) {
  constexpr int S = kLanes<T>;
  std::int64_t r = 0;
  if (a_row == 1)
    for (; r < depth; ++r) std::memcpy(to + r * MR, a + r * a_col, MR * sizeof(T));
  // Whole packets are stored, and what they write too much is overwritten by what comes next.
  if (S > 1 && a_col == 1)
    for (; r + S <= depth; r += S)
      for (int i = (MR - 1) / S * S; i >= 0; i -= S) {
        PacketSquare<T> block;
        for (int k = 0; k < S; ++k) block.packet[k] = i + k < MR ? packet_load<T>(a + (i + k) * a_row + r) : packet_set<T>(0);
        packet_transpose(block);
        for (int k = 0; k < S; ++k) packet_store<T>(to + (r + k) * MR + i, block.packet[k]);
      }
  for (; r < depth; ++r)
    for (int i = 0; i < MR; ++i) to[r * MR + i] = a[i * a_row + r * a_col];
}

}  // namespace TUTELAGE_ISA
}  // namespace kernels

TUTELAGE_END
