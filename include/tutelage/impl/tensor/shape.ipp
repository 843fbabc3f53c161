#pragma once
#include "tutelage/base/fail.hpp"
#include "tutelage/tensor/shape.hpp"

TUTELAGE_BEGIN

TUTELAGE_INLINE Shape::Shape(std::initializer_list<std::int64_t> dims) : Shape(std::span<const std::int64_t>(dims.begin(), dims.size())) {}

TUTELAGE_INLINE Shape::Shape(std::span<const std::int64_t> dims) : rank_(static_cast<int>(dims.size())) {
  if (dims.size() > kMaxRank) detail::fail<ShapeError>("Shape", "too many dimensions", detail::str(dims.size()), "at most " + detail::str(kMaxRank));
  std::int64_t size = 1;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] < 0) detail::fail<ShapeError>("Shape", "negative dimension", detail::str(dims[i]), "0 or more");
    if (__builtin_mul_overflow(size, dims[i], &size)) detail::fail<ShapeError>("Shape", "too many elements", "more than 2^63", "fewer");
    dims_[i] = dims[i];
  }
}

TUTELAGE_INLINE std::int64_t Shape::size() const {
  std::int64_t size = 1;
  for (int i = 0; i < rank_; ++i) size *= dims_[static_cast<std::size_t>(i)];
  return size;
}

TUTELAGE_INLINE std::string Shape::str() const {
  std::string s = "(";
  for (int i = 0; i < rank_; ++i) s += (i ? ", " : "") + std::to_string(dims_[static_cast<std::size_t>(i)]);
  return s + ")";
}

TUTELAGE_END
