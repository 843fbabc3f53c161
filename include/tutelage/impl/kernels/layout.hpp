#pragma once
#include <cstdint>

#include "tutelage/tensor/shape.hpp"

// Moves and masks: no sums but chains in item order, no functions, so that one build serves every instruction set.

TUTELAGE_BEGIN

namespace kernels {

/// x of shape `from` read as shape `to` by NumPy's rules.
template <class T> void broadcast(const T* x, const Shape& from, T* y, const Shape& to);
/// dx += dy summed over the broadcast dimensions, a chain in item order.
template <class T> void broadcast_backward(const T* dy, const Shape& to, T* dx, const Shape& from);
template <class T> void transpose(const T* x, std::int64_t rows, std::int64_t columns, T* y);  // y(c, r) = x(r, c)
template <class I, class T> void gather_rows(const T* x, const I* index, std::int64_t m, std::int64_t c, T* y);
template <class T> void row_sum(const T* x, std::int64_t m, std::int64_t c, T* y);                          // 16 lanes a row
template <class T> void add_row_constant(const T* value, std::int64_t m, std::int64_t c, T* y);             // y[i, :] += value[i]
template <class T> void add_scaled_rows(const T* scale, const T* x, std::int64_t m, std::int64_t c, T* y);  // y[i, :] += scale[i] * x[i, :]
template <class T> void add_constant(T value, T* y, std::int64_t n);
/// da += dy where a wins (ties to a), db += dy elsewhere; sign +1: maximum, -1: minimum. Either may be null.
template <class T> void extremum_backward(T sign, const T* a, const T* b, const T* dy, T* da, T* db, std::int64_t n);
template <class T> void clip_backward(T low, T high, const T* x, const T* dy, T* dx, std::int64_t n);  // passes where low <= x <= high

}  // namespace kernels

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/kernels/layout.ipp"
#endif
