#pragma once
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/nn/transformer.ipp"
#include "tutelage/nn/head.hpp"

TUTELAGE_BEGIN

namespace nn {

template <class T> ScalarHead<T>::ScalarHead(std::int64_t hidden_size) : weight({1, hidden_size}), bias({1}) {}

template <class T>
ScalarHead<T>::ScalarHead(std::int64_t hidden_size, double std, std::uint64_t seed)
    : weight(detail_::normal<T>({1, hidden_size}, std, seed, 1u << 20)), bias({1}) {}

template <class T> BasicTensor<T> ScalarHead<T>::operator()(const BasicTensor<T>& hidden) const {
  const auto y = ops::linear(hidden, weight, bias);
  return ops::reshape(y, {y.dim(0)});
}

}  // namespace nn

TUTELAGE_END
