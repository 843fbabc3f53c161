#pragma once
#include <Eigen/Core>

#include "tutelage/base/error.hpp"
#include "tutelage/tensor/tensor.hpp"

// The only public header that names Eigen. Values are copied, so that Eigen's alignment never enters the library's interface.

TUTELAGE_BEGIN

namespace interop {

/// Any Eigen matrix, array or expression of numbers as an (N, K) tensor.
template <class Derived> BasicTensor<typename Derived::Scalar> from_eigen(const Eigen::DenseBase<Derived>& x) {
  using T = typename Derived::Scalar;
  auto t = BasicTensor<T>::uninitialized({static_cast<std::int64_t>(x.rows()), static_cast<std::int64_t>(x.cols())});
  using RowMajor = Eigen::Array<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  if (t.size() > 0) Eigen::Map<RowMajor>(t.mutable_data(), x.rows(), x.cols()) = x.derived().matrix().array();
  return t;
}

/// A tensor of rank 0, 1 (a column) or 2 as an Eigen matrix. @throws ShapeError
template <class T> Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic> to_eigen(const BasicTensor<T>& t) {
  if (t.rank() > 2)
    throw ShapeError("to_eigen: tensor is not a matrix: got shape " + t.shape().str() + ", expected rank 0, 1 or 2. Reshape it first.");
  const Eigen::Index rows = t.rank() > 0 ? t.dim(0) : 1, columns = t.rank() > 1 ? t.dim(1) : 1;
  using RowMajor = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return Eigen::Map<const RowMajor>(t.data(), rows, columns);
}

}  // namespace interop

TUTELAGE_END
