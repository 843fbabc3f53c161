#pragma once
#include "tutelage/config.hpp"

TUTELAGE_BEGIN

/// The library's own elementary functions: the same bits on every machine. T is float or double.
namespace math {
template <class T> T exp(T x);  // exp(0) = 1; float: 0 below -87.33; double: 0 below -708
template <class T> T log(T x);
template <class T> T log1p(T x);
template <class T> T expm1(T x);
template <class T> T tanh(T x);
template <class T> T erf(T x);
template <class T> T sin(T x);
template <class T> T cos(T x);
template <class T> T pow(T x, T y);  // x > 0
template <class T> T sigmoid(T x);
template <class T> T softplus(T x);  // log(1 + exp(x)), never overflows
}  // namespace math

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/base/math.ipp"
#endif
