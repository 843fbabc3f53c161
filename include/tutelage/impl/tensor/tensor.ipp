#pragma once
#include <algorithm>
#include <atomic>

#include "tutelage/base/fail.hpp"
#include "tutelage/impl/tensor/storage.hpp"
#include "tutelage/tensor/tensor.hpp"

TUTELAGE_BEGIN

namespace autograd {
template <class T> bool tape_open(const Tape<T>& tape);  // the autograd layer's; a tensor only asks
}

template <class T> BasicTensor<T>::BasicTensor() = default;

template <class T> BasicTensor<T> BasicTensor<T>::uninitialized(Shape shape) {
  BasicTensor t;
  t.shape_ = shape;
  t.size_ = shape.size();
  t.storage_ = std::make_shared<Storage<T>>(t.size_);
  return t;
}

template <class T> BasicTensor<T>::BasicTensor(Shape shape) : BasicTensor(full(shape, T(0))) {}

template <class T> BasicTensor<T> BasicTensor<T>::full(Shape shape, T value) {
  BasicTensor t = uninitialized(shape);
  std::fill_n(t.storage_->data(), t.size_, value);
  return t;
}

template <class T> BasicTensor<T> BasicTensor<T>::from(Shape shape, std::span<const T> values) {
  if (shape.size() != static_cast<std::int64_t>(values.size()))
    detail::fail<ShapeError>("Tensor::from", "wrong number of values", detail::str(values.size()),
                             detail::str(shape.size()) + " for shape " + shape.str());
  BasicTensor t = uninitialized(shape);
  std::copy(values.begin(), values.end(), t.storage_->data());
  return t;
}

template <class T> BasicTensor<T> BasicTensor<T>::of(Shape shape, std::shared_ptr<Storage<T>> storage) {
  if (shape.size() != storage->size())
    detail::fail<ShapeError>("Tensor::of", "storage does not fit the shape", detail::str(storage->size()) + " numbers",
                             detail::str(shape.size()) + " for shape " + shape.str());
  BasicTensor t;
  t.shape_ = shape;
  t.size_ = storage->size();
  t.storage_ = std::move(storage);
  return t;
}

template <class T> BasicTensor<T> BasicTensor<T>::scalar(T value) { return full(Shape{}, value); }

template <class T> const T* BasicTensor<T>::data() const { return storage_ ? storage_->data() : nullptr; }

template <class T> T* BasicTensor<T>::mutable_data() {
  if (tracked())
    detail::fail<StateError>("Tensor::mutable_data", "tensor belongs to an open tape", "a tracked tensor", "an untracked one",
                             "Write to detach() instead.");
  if (!storage_) return nullptr;
  if (storage_.use_count() != 1 || storage_->foreign()) {
    auto copy = std::make_shared<Storage<T>>(size_);
    std::copy_n(storage_->data(), size_, copy->data());
    storage_ = std::move(copy);
  } else {
    std::atomic_thread_fence(std::memory_order_acquire);  // the last other owner's reads are done
    storage_->forget_packed();
  }
  return storage_->data();
}

template <class T> T BasicTensor<T>::item() const {
  if (size_ != 1) detail::fail<ShapeError>("Tensor::item", "not a single number", "shape " + shape_.str(), "one element");
  return data()[0];
}

template <class T> BasicTensor<T> BasicTensor<T>::reshaped(Shape shape) const {
  if (shape.size() != size_)
    detail::fail<ShapeError>("Tensor::reshaped", "number of elements differs", shape.str(), detail::str(size_) + " elements like " + shape_.str());
  BasicTensor t = detach();
  t.shape_ = shape;
  return t;
}

template <class T> BasicTensor<T> BasicTensor<T>::detach() const {
  BasicTensor t;
  t.shape_ = shape_;
  t.size_ = size_;
  t.storage_ = storage_;
  return t;
}

template <class T> bool BasicTensor<T>::tracked() const { return tape_ && autograd::tape_open(*tape_); }

template <class T> void BasicTensor<T>::attach(std::shared_ptr<autograd::Tape<T>> tape, std::int32_t node) {
  tape_ = std::move(tape);
  node_ = node;
}

TUTELAGE_END
