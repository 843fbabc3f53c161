#pragma once
#include "tutelage/base/math.hpp"
#include "tutelage/impl/base/math_generic.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace math {

template <class T> T exp(T x) { return detail::exp_of(detail::One<T>{x}).x; }
template <class T> T log(T x) { return detail::log_of(detail::One<T>{x}).x; }
template <class T> T log1p(T x) { return detail::log1p_of(detail::One<T>{x}).x; }
template <class T> T expm1(T x) { return detail::expm1_of(detail::One<T>{x}).x; }
template <class T> T tanh(T x) { return detail::tanh_of(detail::One<T>{x}).x; }
template <class T> T sigmoid(T x) { return detail::sigmoid_of(detail::One<T>{x}).x; }
template <class T> T softplus(T x) { return detail::softplus_of(detail::One<T>{x}).x; }
template <class T> T pow(T x, T y) { return static_cast<T>(exp(static_cast<double>(y) * log(static_cast<double>(x)))); }

template <class T> T erf(T x) { return detail::erf_of(detail::One<T>{x}).x; }

/// sin and cos of a reduced angle: Cody and Waite's three parts of pi/2, then Taylor. Accurate for |x| below 1e6.
inline double sin_quarter(double x, int shift) {
  const double n = std::fma(x, 0.63661977236758134, 6755399441055744.0) - 6755399441055744.0;
  double r = std::fma(n, -1.57079632673412561417e+00, x);
  r = std::fma(n, -6.07710050650619224932e-11, r);
  const double z = r * r;
  const auto quarter = (static_cast<std::int64_t>(n) + shift) & 3;
  using V = detail::One<double>;
  double y;
  if (quarter & 1)
    y = detail::polynomial(V{z}, 1.0 / 20922789888000.0, -1.0 / 87178291200.0, 1.0 / 479001600, -1.0 / 3628800, 1.0 / 40320, -1.0 / 720, 1.0 / 24,
                           -0.5, 1.0)
            .x;
  else
    y = r *
        detail::polynomial(V{z}, -1.0 / 1307674368000.0, 1.0 / 6227020800.0, -1.0 / 39916800, 1.0 / 362880, -1.0 / 5040, 1.0 / 120, -1.0 / 6, 1.0).x;
  return quarter & 2 ? -y : y;
}
template <class T> T sin(T x) { return static_cast<T>(sin_quarter(static_cast<double>(x), 0)); }
template <class T> T cos(T x) { return static_cast<T>(sin_quarter(static_cast<double>(x), 1)); }

}  // namespace math

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
