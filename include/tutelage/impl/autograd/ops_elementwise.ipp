#pragma once
#include "tutelage/base/parallel.hpp"
#include "tutelage/autograd/ops.hpp"
#include "tutelage/autograd/tape.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/impl/kernels/layout.hpp"

TUTELAGE_BEGIN

namespace ops {

namespace detail_ {  // names of this file's own

/// NumPy's broadcast shape of two. @throws ShapeError
inline Shape broadcast_shape(const char* op, const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  std::array<std::int64_t, Shape::kMaxRank> dims{};
  for (int i = 0; i < rank; ++i) {
    const int ia = i - (rank - a.rank()), ib = i - (rank - b.rank());
    const std::int64_t da = ia < 0 ? 1 : a[ia], db = ib < 0 ? 1 : b[ib];
    if (da != db && da != 1 && db != 1)
      detail::fail<ShapeError>(std::string("ops::") + op, "shapes do not broadcast", a.str() + " and " + b.str(),
                               "equal dimensions, or 1, from the right");
    dims[static_cast<std::size_t>(i)] = da == 1 ? db : da;
  }
  return Shape(std::span<const std::int64_t>(dims.data(), static_cast<std::size_t>(rank)));
}

template <class T> BasicTensor<T> expanded(const BasicTensor<T>& x, const Shape& shape) {
  if (x.shape() == shape) return x.detach();
  auto y = BasicTensor<T>::uninitialized(shape);
  kernels::broadcast(x.data(), x.shape(), y.mutable_data(), shape);
  return y;
}

/// A place to add a gradient of the broadcast shape: the input's own buffer where shapes agree, else a scratch that is folded at the end.
template <class T> class Folded {
 public:
  Folded(T* grad, const Shape& from, const Shape& to) : grad_(grad), from_(from), to_(to) {
    if (grad_ && !(from_ == to_)) scratch_ = BasicTensor<T>(to_);
  }
  T* get() { return grad_ && scratch_.size() ? scratch_.mutable_data() : grad_; }
  void fold() {
    if (grad_ && scratch_.size()) kernels::broadcast_backward(scratch_.data(), to_, grad_, from_);
  }

 private:
  T* grad_;
  Shape from_, to_;
  BasicTensor<T> scratch_;
};

template <class T, class Adjoint>
BasicTensor<T> binary(const char* name, kernels::Binary op, const BasicTensor<T>& a, const BasicTensor<T>& b, Adjoint adjoint) {
  const Shape shape = broadcast_shape(name, a.shape(), b.shape());
  const auto ea = expanded(a, shape), eb = expanded(b, shape);
  auto y = BasicTensor<T>::uninitialized(shape);
  kernels::binary(op, ea.data(), eb.data(), y.mutable_data(), y.size());
  if (!a.tracked() && !b.tracked()) return y;
  const auto value = y.detach();
  return autograd::Tape<T>::record({&a, &b}, std::move(y), [=, sa = a.shape(), sb = b.shape()](autograd::Backward<T>& step) {
    Folded<T> da(step.in_grad(0), sa, shape), db(step.in_grad(1), sb, shape);
    adjoint(ea, eb, value, step.out_grad(), da.get(), db.get());
    da.fold();
    db.fold();
  });
}

template <class T> BasicTensor<T> unary(kernels::Unary op, const BasicTensor<T>& x) {
  auto y = BasicTensor<T>::uninitialized(x.shape());
  kernels::unary(op, x.data(), y.mutable_data(), x.size());
  if (!x.tracked()) return y;
  return autograd::Tape<T>::record({&x}, y, [op, in = x.detach(), out = y.detach()](autograd::Backward<T>& step) {
    kernels::unary_backward(op, in.data(), out.data(), step.out_grad(), step.in_grad(0), in.size());
  });
}

}  // namespace detail_

template <class T> BasicTensor<T> add(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  const Shape shape = detail_::broadcast_shape("add", a.shape(), b.shape());
  auto y = BasicTensor<T>::uninitialized(shape);
  kernels::binary(kernels::Binary::kAdd, detail_::expanded(a, shape).data(), detail_::expanded(b, shape).data(), y.mutable_data(), y.size());
  return autograd::Tape<T>::record({&a, &b}, std::move(y), [shape, sa = a.shape(), sb = b.shape()](autograd::Backward<T>& step) {
    for (int i : {1, 0}) {  // saves no operand
      const Shape& from = i == 0 ? sa : sb;
      if (i == 0 && from == shape && step.pass_out_grad(0)) return;
      detail_::Folded<T> d(step.in_grad(i), from, shape);
      if (d.get()) kernels::add_scaled(T(1), step.out_grad(), d.get(), shape.size());
      d.fold();
    }
  });
}

template <class T> BasicTensor<T> sub(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return detail_::binary("sub", kernels::Binary::kSub, a, b, [](const auto&, const auto&, const auto& y, const T* dy, T* da, T* db) {
    if (da) kernels::add_scaled(T(1), dy, da, y.size());
    if (db) kernels::add_scaled(T(-1), dy, db, y.size());
  });
}

template <class T> BasicTensor<T> mul(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return detail_::binary("mul", kernels::Binary::kMul, a, b, [](const auto& x, const auto& z, const auto& y, const T* dy, T* da, T* db) {
    if (da) kernels::mul_add(dy, z.data(), da, y.size());
    if (db) kernels::mul_add(dy, x.data(), db, y.size());
  });
}

template <class T> BasicTensor<T> div(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return detail_::binary("div", kernels::Binary::kDiv, a, b, [](const auto&, const auto& z, const auto& y, const T* dy, T* da, T* db) {
    auto q = BasicTensor<T>::uninitialized(y.shape());
    kernels::binary(kernels::Binary::kDiv, dy, z.data(), q.mutable_data(), y.size());
    if (da) kernels::add_scaled(T(1), q.data(), da, y.size());
    if (db) {
      kernels::affine(T(-1), T(0), q.data(), q.mutable_data(), y.size());
      kernels::mul_add(q.data(), y.data(), db, y.size());
    }
  });
}

template <class T> BasicTensor<T> maximum(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return detail_::binary("maximum", kernels::Binary::kMaximum, a, b, [](const auto& x, const auto& z, const auto& y, const T* dy, T* da, T* db) {
    kernels::extremum_backward(T(1), x.data(), z.data(), dy, da, db, y.size());
  });
}

template <class T> BasicTensor<T> minimum(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return detail_::binary("minimum", kernels::Binary::kMinimum, a, b, [](const auto& x, const auto& z, const auto& y, const T* dy, T* da, T* db) {
    kernels::extremum_backward(T(-1), x.data(), z.data(), dy, da, db, y.size());
  });
}

template <class T> BasicTensor<T> affine(const BasicTensor<T>& x, double a, double b) {
  const FpStateGuard guard;
  auto y = BasicTensor<T>::uninitialized(x.shape());
  kernels::affine(static_cast<T>(a), static_cast<T>(b), x.data(), y.mutable_data(), x.size());
  return autograd::Tape<T>::record({&x}, std::move(y), [a, n = x.size()](autograd::Backward<T>& step) {
    kernels::add_scaled(static_cast<T>(a), step.out_grad(), step.in_grad(0), n);
  });
}

template <class T> BasicTensor<T> clip(const BasicTensor<T>& x, double low, double high) {
  const FpStateGuard guard;
  if (!(low <= high)) detail::fail<ValueError>("ops::clip", "bounds are crossed", detail::str(low) + " to " + detail::str(high), "low <= high");
  auto y = BasicTensor<T>::uninitialized(x.shape());
  kernels::clip(static_cast<T>(low), static_cast<T>(high), x.data(), y.mutable_data(), x.size());
  return autograd::Tape<T>::record({&x}, std::move(y), [low, high, in = x.detach()](autograd::Backward<T>& step) {
    kernels::clip_backward(static_cast<T>(low), static_cast<T>(high), in.data(), step.out_grad(), step.in_grad(0), in.size());
  });
}

template <class T> BasicTensor<T> neg(const BasicTensor<T>& x) { return detail_::unary(kernels::Unary::kNeg, x); }
template <class T> BasicTensor<T> exp(const BasicTensor<T>& x) { return detail_::unary(kernels::Unary::kExp, x); }
template <class T> BasicTensor<T> log(const BasicTensor<T>& x) { return detail_::unary(kernels::Unary::kLog, x); }
template <class T> BasicTensor<T> sqrt(const BasicTensor<T>& x) { return detail_::unary(kernels::Unary::kSqrt, x); }
template <class T> BasicTensor<T> square(const BasicTensor<T>& x) { return detail_::unary(kernels::Unary::kSquare, x); }
template <class T> BasicTensor<T> abs(const BasicTensor<T>& x) { return detail_::unary(kernels::Unary::kAbs, x); }
template <class T> BasicTensor<T> tanh(const BasicTensor<T>& x) { return detail_::unary(kernels::Unary::kTanh, x); }
template <class T> BasicTensor<T> sigmoid(const BasicTensor<T>& x) { return detail_::unary(kernels::Unary::kSigmoid, x); }
template <class T> BasicTensor<T> softplus(const BasicTensor<T>& x) { return detail_::unary(kernels::Unary::kSoftplus, x); }
template <class T> BasicTensor<T> relu(const BasicTensor<T>& x) { return detail_::unary(kernels::Unary::kRelu, x); }
template <class T> BasicTensor<T> gelu(const BasicTensor<T>& x) { return detail_::unary(kernels::Unary::kGelu, x); }
template <class T> BasicTensor<T> gelu_exact(const BasicTensor<T>& x) { return detail_::unary(kernels::Unary::kGeluExact, x); }
template <class T> BasicTensor<T> silu(const BasicTensor<T>& x) { return detail_::unary(kernels::Unary::kSilu, x); }

template <class T>
BasicTensor<T> with_derivatives(BasicTensor<T> value, std::span<const BasicTensor<T>> inputs, std::span<const BasicTensor<T>> derivatives) {
  if (inputs.size() != derivatives.size())
    detail::fail<ShapeError>("ops::with_derivatives", "not one derivative an input", detail::str(derivatives.size()), detail::str(inputs.size()));
  std::vector<const BasicTensor<T>*> pointers;
  std::vector<BasicTensor<T>> saved;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!(inputs[i].shape() == value.shape()) || !(derivatives[i].shape() == value.shape()))
      detail::fail<ShapeError>("ops::with_derivatives", "shape of input " + detail::str(i) + " or its derivative differs",
                               inputs[i].shape().str() + " and " + derivatives[i].shape().str(), value.shape().str());
    pointers.push_back(&inputs[i]);
    saved.push_back(derivatives[i].detach());
  }
  const std::int64_t n = value.size();
  return autograd::Tape<T>::record(std::span<const BasicTensor<T>* const>(pointers), value.detach(), [saved, n](autograd::Backward<T>& step) {
    for (std::size_t i = 0; i < saved.size(); ++i)
      if (T* d = step.in_grad(static_cast<int>(i))) kernels::mul_add(step.out_grad(), saved[i].data(), d, n);
  });
}

}  // namespace ops

TUTELAGE_END
