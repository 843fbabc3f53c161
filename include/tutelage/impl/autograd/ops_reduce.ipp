#pragma once
#include "tutelage/base/parallel.hpp"
#include "tutelage/autograd/ops.hpp"
#include "tutelage/autograd/tape.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/impl/kernels/layout.hpp"

TUTELAGE_BEGIN

namespace ops {

namespace detail_ {

struct RowsOf {  // x seen as (m, c)
  std::int64_t m, c;
  Shape outer;  // without the last dimension
};
template <class T> RowsOf rows_of(const char* op, const BasicTensor<T>& x) {
  if (x.rank() == 0 || x.dim(-1) == 0)
    detail::fail<ShapeError>(std::string("ops::") + op, "no last dimension to work along", x.shape().str(), "at least one element in it");
  const std::int64_t c = x.dim(-1);
  return {x.size() / c, c, Shape(x.shape().dims().first(static_cast<std::size_t>(x.rank() - 1)))};
}

template <class T> BasicTensor<T> total(const BasicTensor<T>& x, double factor) {
  auto y = BasicTensor<T>::scalar(static_cast<T>(kernels::sum16_double(x.data(), x.size()) * factor));
  return autograd::Tape<T>::record({&x}, std::move(y), [n = x.size(), factor](autograd::Backward<T>& step) {
    kernels::add_constant(static_cast<T>(step.out_grad()[0] * factor), step.in_grad(0), n);
  });
}

}  // namespace detail_

template <class T> BasicTensor<T> sum(const BasicTensor<T>& x) { return detail_::total(x, 1.0); }

template <class T> BasicTensor<T> mean(const BasicTensor<T>& x) {
  const FpStateGuard guard;
  if (x.size() == 0) detail::fail<ShapeError>("ops::mean", "no elements", x.shape().str(), "at least one");
  return detail_::total(x, 1.0 / static_cast<double>(x.size()));
}

template <class T> BasicTensor<T> sum_last(const BasicTensor<T>& x) {
  const auto r = detail_::rows_of("sum_last", x);
  auto y = BasicTensor<T>::uninitialized(r.outer);
  kernels::row_sum(x.data(), r.m, r.c, y.mutable_data());
  return autograd::Tape<T>::record({&x}, std::move(y),
                                   [r](autograd::Backward<T>& step) { kernels::add_row_constant(step.out_grad(), r.m, r.c, step.in_grad(0)); });
}

template <class T> BasicTensor<T> sum_first(const BasicTensor<T>& x) {
  if (x.rank() == 0) detail::fail<ShapeError>("ops::sum_first", "no first dimension", x.shape().str(), "rank 1 or more");
  const Shape inner(x.shape().dims().subspan(1));
  const std::int64_t n = x.dim(0), c = inner.size();
  BasicTensor<T> y(inner);
  kernels::column_sum(x.data(), n, c, y.mutable_data());
  return autograd::Tape<T>::record({&x}, std::move(y), [n, c](autograd::Backward<T>& step) {
    T* dx = step.in_grad(0);
    for (std::int64_t i = 0; i < n; ++i) kernels::add_scaled(T(1), step.out_grad(), dx + i * c, c);
  });
}

template <class T> BasicTensor<T> sum_runs(const BasicTensor<T>& x, std::span<const std::int64_t> offsets) {
  bool cover = x.rank() == 1 && !offsets.empty() && offsets.front() == 0 && offsets.back() == x.dim(0);
  for (std::size_t i = 0; cover && i + 1 < offsets.size(); ++i) cover = offsets[i] <= offsets[i + 1];
  if (!cover) detail::fail<ShapeError>("ops::sum_runs", "offsets do not cover x", x.shape().str(), "(M), and offsets that rise from 0 to M");
  const std::vector<std::int64_t> at(offsets.begin(), offsets.end());
  BasicTensor<T> y({static_cast<std::int64_t>(at.size()) - 1});
  T* sums = y.mutable_data();
  for (std::size_t i = 0; i + 1 < at.size(); ++i)
    if (at[i + 1] > at[i]) kernels::row_sum(x.data() + at[i], 1, at[i + 1] - at[i], sums + i);
  return autograd::Tape<T>::record({&x}, std::move(y), [at](autograd::Backward<T>& step) {
    for (std::size_t i = 0; i + 1 < at.size(); ++i) kernels::add_constant(step.out_grad()[i], step.in_grad(0) + at[i], at[i + 1] - at[i]);
  });
}

template <class T> BasicTensor<T> logsumexp(const BasicTensor<T>& x) {
  const auto r = detail_::rows_of("logsumexp", x);
  auto y = BasicTensor<T>::uninitialized(r.outer);
  kernels::logsumexp(x.data(), r.m, r.c, y.mutable_data());
  return autograd::Tape<T>::record({&x}, std::move(y), [r, in = x.detach()](autograd::Backward<T>& step) {
    auto p = BasicTensor<T>::uninitialized(in.shape());
    kernels::softmax(in.data(), r.m, r.c, p.mutable_data());
    kernels::add_scaled_rows(step.out_grad(), p.data(), r.m, r.c, step.in_grad(0));
  });
}

template <class T> BasicTensor<T> softmax(const BasicTensor<T>& x) {
  const auto r = detail_::rows_of("softmax", x);
  auto y = BasicTensor<T>::uninitialized(x.shape());
  kernels::softmax(x.data(), r.m, r.c, y.mutable_data());
  return autograd::Tape<T>::record({&x}, y, [r, out = y.detach()](autograd::Backward<T>& step) {
    kernels::softmax_backward(out.data(), step.out_grad(), r.m, r.c, step.in_grad(0));
  });
}

template <class T> BasicTensor<T> log_softmax(const BasicTensor<T>& x) {
  const auto r = detail_::rows_of("log_softmax", x);
  auto y = BasicTensor<T>::uninitialized(x.shape());
  kernels::log_softmax(x.data(), r.m, r.c, y.mutable_data());
  return autograd::Tape<T>::record({&x}, y, [r, out = y.detach()](autograd::Backward<T>& step) {
    kernels::log_softmax_backward(out.data(), step.out_grad(), r.m, r.c, step.in_grad(0));
  });
}

template <class T> BasicTensor<T> reshape(const BasicTensor<T>& x, Shape shape) {
  return autograd::Tape<T>::record({&x}, x.reshaped(shape),
                                   [n = x.size()](autograd::Backward<T>& step) { kernels::add_scaled(T(1), step.out_grad(), step.in_grad(0), n); });
}

template <class T> BasicTensor<T> transpose(const BasicTensor<T>& x) {
  if (x.rank() != 2) detail::fail<ShapeError>("ops::transpose", "not a matrix", x.shape().str(), "(N, K)");
  const std::int64_t n = x.dim(0), k = x.dim(1);
  auto y = BasicTensor<T>::uninitialized({k, n});
  kernels::transpose(x.data(), n, k, y.mutable_data());
  return autograd::Tape<T>::record({&x}, std::move(y), [n, k](autograd::Backward<T>& step) {
    auto back = BasicTensor<T>::uninitialized({n, k});
    kernels::transpose(step.out_grad(), k, n, back.mutable_data());
    kernels::add_scaled(T(1), back.data(), step.in_grad(0), n * k);
  });
}

template <class T> BasicTensor<T> rows(const BasicTensor<T>& x, std::span<const std::int64_t> index) {
  if (x.rank() == 0) detail::fail<ShapeError>("ops::rows", "no first dimension", x.shape().str(), "rank 1 or more");
  const std::int64_t m = static_cast<std::int64_t>(index.size()), c = Shape(x.shape().dims().subspan(1)).size();
  std::vector<std::int64_t> dims(x.shape().dims().begin(), x.shape().dims().end());
  dims[0] = m;
  std::vector<std::int32_t> ids(index.size());
  for (std::size_t i = 0; i < index.size(); ++i) {
    if (index[i] < 0 || index[i] >= x.dim(0))
      detail::fail<IndexError>("ops::rows", "row " + detail::str(i) + " is out of range", detail::str(index[i]), "0 to " + detail::str(x.dim(0) - 1));
    ids[i] = static_cast<std::int32_t>(index[i]);
  }
  auto y = BasicTensor<T>::uninitialized(Shape(std::span<const std::int64_t>(dims)));
  kernels::gather_rows(x.data(), ids.data(), m, c, y.mutable_data());
  return autograd::Tape<T>::record({&x}, std::move(y), [ids = std::move(ids), m, c](autograd::Backward<T>& step) {
    kernels::scatter_add(step.out_grad(), ids.data(), m, c, step.in_grad(0));
  });
}

template <class T> BasicTensor<T> slice_rows(const BasicTensor<T>& x, std::int64_t begin, std::int64_t end) {
  if (x.rank() == 0) detail::fail<ShapeError>("ops::slice_rows", "no first dimension", x.shape().str(), "rank 1 or more");
  if (begin < 0 || end < begin || end > x.dim(0))
    detail::fail<IndexError>("ops::slice_rows", "range is not inside the rows", detail::str(begin) + " to " + detail::str(end),
                             "within 0 to " + detail::str(x.dim(0)));
  const std::int64_t c = Shape(x.shape().dims().subspan(1)).size(), n = (end - begin) * c;
  std::vector<std::int64_t> dims(x.shape().dims().begin(), x.shape().dims().end());
  dims[0] = end - begin;
  auto y = BasicTensor<T>::from(Shape(std::span<const std::int64_t>(dims)),
                                x.span().subspan(static_cast<std::size_t>(begin * c), static_cast<std::size_t>(n)));
  return autograd::Tape<T>::record(
      {&x}, std::move(y), [begin, c, n](autograd::Backward<T>& step) { kernels::add_scaled(T(1), step.out_grad(), step.in_grad(0) + begin * c, n); });
}

template <class T> BasicTensor<T> concat_rows(std::span<const BasicTensor<T>> xs) {
  if (xs.empty()) detail::fail<ValueError>("ops::concat_rows", "nothing to join", "no tensor", "at least one");
  std::vector<std::int64_t> dims(xs[0].shape().dims().begin(), xs[0].shape().dims().end());
  if (dims.empty()) detail::fail<ShapeError>("ops::concat_rows", "no first dimension", "a scalar", "rank 1 or more");
  const Shape inner(xs[0].shape().dims().subspan(1));
  dims[0] = 0;
  std::vector<const BasicTensor<T>*> pointers;
  for (const auto& x : xs) {
    if (x.rank() != xs[0].rank() || !(Shape(x.shape().dims().subspan(1)) == inner))
      detail::fail<ShapeError>("ops::concat_rows", "rows differ in shape", x.shape().str(), "(N, ...) like " + xs[0].shape().str());
    dims[0] += x.dim(0);
    pointers.push_back(&x);
  }
  auto y = BasicTensor<T>::uninitialized(Shape(std::span<const std::int64_t>(dims)));
  std::vector<std::int64_t> sizes;
  T* to = y.mutable_data();
  for (const auto& x : xs) {
    kernels::affine(T(1), T(0), x.data(), to, x.size());
    to += x.size();
    sizes.push_back(x.size());
  }
  return autograd::Tape<T>::record(std::span<const BasicTensor<T>* const>(pointers), std::move(y), [sizes](autograd::Backward<T>& step) {
    const T* from = step.out_grad();
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      if (T* d = step.in_grad(static_cast<int>(i))) kernels::add_scaled(T(1), from, d, sizes[i]);
      from += sizes[i];
    }
  });
}

}  // namespace ops

TUTELAGE_END
