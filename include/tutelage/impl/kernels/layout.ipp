#pragma once
#include <algorithm>
#include <array>

#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/kernels/layout.hpp"
#include "tutelage/impl/kernels/launch.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace kernels {

/// Steps of each dimension of `to` inside an array of shape `from`; 0 where it is broadcast.
inline std::array<std::int64_t, Shape::kMaxRank> broadcast_strides(const Shape& from, const Shape& to) {
  std::array<std::int64_t, Shape::kMaxRank> strides{};
  std::int64_t step = 1;
  for (int i = from.rank() - 1, j = to.rank() - 1; i >= 0; --i, --j) {
    strides[static_cast<std::size_t>(j)] = from[i] == 1 ? 0 : step;
    step *= from[i];
  }
  return strides;
}

/// Calls f(position in `to`, position in `from`) in item order.
template <class F> void walk_broadcast(const Shape& from, const Shape& to, const F& f) {
  const auto strides = broadcast_strides(from, to);
  const std::int64_t n = to.size();
  std::array<std::int64_t, Shape::kMaxRank> at{};
  std::int64_t offset = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    f(i, offset);
    for (int d = to.rank() - 1; d >= 0; --d) {
      const auto k = static_cast<std::size_t>(d);
      offset += strides[k];
      if (++at[k] < to[d]) break;
      offset -= strides[k] * to[d];
      at[k] = 0;
    }
  }
}

template <class T> void broadcast(const T* x, const Shape& from, T* y, const Shape& to) {
  walk_broadcast(from, to, [&](std::int64_t i, std::int64_t j) { y[i] = x[j]; });
}

template <class T> void broadcast_backward(const T* dy, const Shape& to, T* dx, const Shape& from) {
  walk_broadcast(from, to, [&](std::int64_t i, std::int64_t j) { dx[j] = dx[j] + dy[i]; });
}

template <class T> void transpose(const T* x, std::int64_t rows, std::int64_t columns, T* y) {
  parallel_for(columns, rows_grain(rows), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t c = begin; c < end; ++c)
      for (std::int64_t r = 0; r < rows; ++r) y[c * rows + r] = x[r * columns + c];
  });
}

template <class I, class T> void gather_rows(const T* x, const I* index, std::int64_t m, std::int64_t c, T* y) {
  parallel_for(m, rows_grain(c), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) std::copy_n(x + static_cast<std::int64_t>(index[i]) * c, c, y + i * c);
  });
}

template <class T> void row_sum(const T* x, std::int64_t m, std::int64_t c, T* y) {
  parallel_for(m, rows_grain(c), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) y[i] = table<T>().sum16(x + i * c, c);
  });
}

template <class T> void add_row_constant(const T* value, std::int64_t m, std::int64_t c, T* y) {
  parallel_for(m, rows_grain(c), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      for (std::int64_t j = 0; j < c; ++j) y[i * c + j] = y[i * c + j] + value[i];
  });
}

template <class T> void add_scaled_rows(const T* scale, const T* x, std::int64_t m, std::int64_t c, T* y) {
  parallel_for(m, rows_grain(c), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      for (std::int64_t j = 0; j < c; ++j) y[i * c + j] = y[i * c + j] + scale[i] * x[i * c + j];
  });
}

template <class T> void add_constant(T value, T* y, std::int64_t n) {
  parallel_for(n, cheap(), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) y[i] = y[i] + value;
  });
}

template <class T> void extremum_backward(T sign, const T* a, const T* b, const T* dy, T* da, T* db, std::int64_t n) {
  parallel_for(n, cheap(), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const bool first = sign * a[i] >= sign * b[i];
      if (first && da) da[i] = da[i] + dy[i];
      if (!first && db) db[i] = db[i] + dy[i];
    }
  });
}

template <class T> void clip_backward(T low, T high, const T* x, const T* dy, T* dx, std::int64_t n) {
  parallel_for(n, cheap(), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      if (x[i] >= low && x[i] <= high) dx[i] = dx[i] + dy[i];
  });
}

}  // namespace kernels

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
