#pragma once
#include <cstdint>
#include <memory>
#include <span>

#include "tutelage/tensor/shape.hpp"

TUTELAGE_BEGIN

namespace autograd {
template <class T> class Tape;
}
template <class T> class Storage;  // pooled, 64-byte aligned, counted (tensor/storage.hpp)

/// A contiguous, row-major value of numbers. Copies share memory until one of them writes (copy on write); slices copy.
/// A tensor made by an op of a tracked input belongs to that input's tape until the tape closes; then it is a constant.
template <class T> class BasicTensor {
 public:
  using Scalar = T;
  BasicTensor();                      // shape (0)
  explicit BasicTensor(Shape shape);  // zeros
  static BasicTensor uninitialized(Shape shape);
  static BasicTensor full(Shape shape, T value);
  static BasicTensor from(Shape shape, std::span<const T> values);  // @throws ShapeError
  static BasicTensor scalar(T value);

  const Shape& shape() const { return shape_; }
  std::int64_t size() const { return size_; }
  int rank() const { return shape_.rank(); }
  std::int64_t dim(int i) const { return shape_[i]; }

  const T* data() const;
  std::span<const T> span() const { return {data(), static_cast<std::size_t>(size_)}; }
  /// Writable elements; copies first if shared. @throws StateError if tracked.
  T* mutable_data();
  T item() const;  // @throws ShapeError unless size is 1
  /// The same values in another shape, not tracked (ops::reshape is the tracked form). @throws ShapeError
  BasicTensor reshaped(Shape shape) const;
  BasicTensor detach() const;  // the same values, not tracked
  bool tracked() const;        // belongs to an open tape

  // For ops and bindings.
  /// The numbers that storage holds, in that shape. @throws ShapeError
  static BasicTensor of(Shape shape, std::shared_ptr<Storage<T>> storage);
  const std::shared_ptr<Storage<T>>& storage() const { return storage_; }
  const std::shared_ptr<autograd::Tape<T>>& tape() const { return tape_; }
  std::int32_t node() const { return node_; }
  void attach(std::shared_ptr<autograd::Tape<T>> tape, std::int32_t node);

 private:
  Shape shape_{0};
  std::int64_t size_ = 0;
  std::shared_ptr<Storage<T>> storage_;
  std::shared_ptr<autograd::Tape<T>> tape_;
  std::int32_t node_ = -1;
};

using Tensor = BasicTensor<float>;
using Tensor64 = BasicTensor<double>;

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/tensor/tensor.ipp"
#endif
