#pragma once
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "tutelage/config.hpp"

// The elementary functions, once, over a value type V: one number (detail::One) or 16 lanes of an instruction set. Every step is an exactly
// rounded operation in a written order, so that all of them give the same bits. V offers: Scalar, set, + - * /, fma(a, b, c), min, max,
// less(a, b), select(mask, a, b), pow2(n) for whole n, split(x, exponent) with x = m 2^exponent and m in [1, 2).

TUTELAGE_BEGIN

// Always inlined: a weak symbol of one instruction set's file could otherwise serve the others.
namespace detail {

template <class T> [[gnu::always_inline]] inline T pow2(T n) {
  if constexpr (sizeof(T) == 4)
    return std::bit_cast<float>((static_cast<std::int32_t>(n) + 127) << 23);
  else
    return std::bit_cast<double>((static_cast<std::int64_t>(n) + 1023) << 52);
}

template <class T> [[gnu::always_inline]] inline T split(T x, T& exponent) {  // x normal and positive
  if constexpr (sizeof(T) == 4) {
    const auto bits = std::bit_cast<std::int32_t>(x);
    exponent = static_cast<float>((bits >> 23) - 127);
    return std::bit_cast<float>((bits & 0x007fffff) | 0x3f800000);
  } else {
    const auto bits = std::bit_cast<std::int64_t>(x);
    exponent = static_cast<double>((bits >> 52) - 1023);
    return std::bit_cast<double>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  }
}

/// One number with the interface of 16 lanes.
template <class T> struct One {
  using Scalar = T;
  T x;
  static One set(T v) { return {v}; }
  friend One operator+(One a, One b) { return {a.x + b.x}; }
  friend One operator-(One a, One b) { return {a.x - b.x}; }
  friend One operator*(One a, One b) { return {a.x * b.x}; }
  friend One operator/(One a, One b) { return {a.x / b.x}; }
  friend One fma(One a, One b, One c) { return {std::fma(a.x, b.x, c.x)}; }
  friend One min(One a, One b) { return {b.x < a.x ? b.x : a.x}; }
  friend One max(One a, One b) { return {a.x < b.x ? b.x : a.x}; }
  friend bool less(One a, One b) { return a.x < b.x; }
  friend One select(bool m, One a, One b) { return m ? a : b; }
  friend One pow2(One n) { return {detail::pow2(n.x)}; }
  friend One split(One x, One& e) { return {detail::split(x.x, e.x)}; }
};

/// Horner's rule, highest power first.
template <class V, class... C> [[gnu::always_inline]] inline V polynomial(V x, typename V::Scalar first, C... rest) {
  V p = V::set(first);
  ((p = fma(p, x, V::set(static_cast<typename V::Scalar>(rest)))), ...);
  return p;
}

template <class T> struct ExpRange {
  static constexpr T low = sizeof(T) == 4 ? T(-87.33) : T(-708), high = sizeof(T) == 4 ? T(88.72283) : T(709.782712893384);
  static constexpr T magic = sizeof(T) == 4 ? T(12582912) : T(6755399441055744.0);  // 1.5 * 2^23, 1.5 * 2^52: rounds to a whole number
};

/// exp(x) = p 2^n; returns p, of |r| <= ln(2) / 2.
template <class V> [[gnu::always_inline]] inline V exp_fraction(V x, V& n) {
  using T = typename V::Scalar;
  const V magic = V::set(ExpRange<T>::magic);
  n = fma(x, V::set(T(1.4426950408889634)), magic) - magic;
  if constexpr (sizeof(T) == 4) {
    V r = fma(n, V::set(T(-0.693145752)), x);
    r = fma(n, V::set(T(-1.42860677e-6)), r);
    return polynomial(r, T(1.0 / 5040), 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1.0, 1.0);
  } else {
    V r = fma(n, V::set(T(-6.93147180369123816490e-01)), x);
    r = fma(n, V::set(T(-1.90821492927058770002e-10)), r);
    return polynomial(r, T(1.0 / 6227020800.0), 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720,
                      1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1.0, 1.0);
  }
}

template <class V> [[gnu::always_inline]] inline V exp_of(V x) {
  using T = typename V::Scalar;
  const V low = V::set(ExpRange<T>::low), high = V::set(ExpRange<T>::high), magic = V::set(ExpRange<T>::magic);
  V n;
  const V p = exp_fraction(min(max(low, x), high), n);
  // 2^n in two halves, so that n = 128 (1024) does not overflow on the way.
  const V half = fma(n, V::set(T(0.5)), magic) - magic;
  V y = (p * pow2(half)) * pow2(n - half);
  y = select(less(x, low), V::set(T(0)), y);
  y = select(less(high, x), V::set(std::numeric_limits<T>::infinity()), y);
  return select(less(x, V::set(T(1))), y, select(less(V::set(T(0)), x), y, x));  // NaN stays
}

/// exp_of for x <= 0: the same bits from fewer steps.
template <class V> [[gnu::always_inline]] inline V exp_nonpositive(V x) {
  using T = typename V::Scalar;
  const V low = V::set(ExpRange<T>::low);
  V n;
  const V p = exp_fraction(max(low, x), n);
  const V y = select(less(x, low), V::set(T(0)), p * pow2(n));
  return select(less(x, V::set(T(1))), y, x);  // NaN stays
}

template <class V> [[gnu::always_inline]] inline V log_of(V x) {
  using T = typename V::Scalar;
  constexpr bool f = sizeof(T) == 4;
  constexpr T smallest = std::numeric_limits<T>::min();
  constexpr T lift = f ? T(8388608) : T(4503599627370496.0);  // 2^23, 2^52: subnormals become normal
  const auto tiny = less(x, V::set(smallest));
  const V at = select(tiny, x * V::set(lift), x);
  V e;
  V m = split(max(at, V::set(smallest)), e);
  e = e - select(tiny, V::set(f ? T(23) : T(52)), V::set(T(0)));
  const auto large = less(V::set(T(1.4142135623730951)), m);
  m = select(large, m * V::set(T(0.5)), m);
  e = e + select(large, V::set(T(1)), V::set(T(0)));
  const V d = m - V::set(T(1));
  const V s = d / (d + V::set(T(2)));
  const V z = s * s;
  V p;
  if constexpr (f)
    p = polynomial(z, T(2.0 / 11), 2.0 / 9, 2.0 / 7, 2.0 / 5, 2.0 / 3);
  else
    p = polynomial(z, T(2.0 / 25), 2.0 / 23, 2.0 / 21, 2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13, 2.0 / 11, 2.0 / 9, 2.0 / 7, 2.0 / 5, 2.0 / 3);
  // log m = d - d^2/2 + s (d^2/2 + z p), the d^2/2 kept exact to first order
  const V hd = V::set(T(0.5)) * d * d;
  const V ln2_hi = V::set(f ? T(0.693359375) : T(6.93147180369123816490e-01)), ln2_lo = V::set(f ? T(-2.12194440e-4) : T(1.90821492927058770002e-10));
  V y = fma(e, ln2_hi, d - (hd - fma(e, ln2_lo, s * fma(z, p, hd))));
  y = select(less(V::set(T(0)), x), y,
             select(less(x, V::set(T(0))), V::set(std::numeric_limits<T>::quiet_NaN()), V::set(-std::numeric_limits<T>::infinity())));
  return select(less(x, V::set(std::numeric_limits<T>::infinity())), y, x);  // infinity and NaN stay
}

template <class V> [[gnu::always_inline]] inline V abs_of(V x) { return max(x, V::set(typename V::Scalar(0)) - x); }

template <class V> [[gnu::always_inline]] inline V log1p_of(V x) {
  using T = typename V::Scalar;
  const V one = V::set(T(1)), u = one + x;
  const V exact = log_of(u) + (x - (u - one)) / u;
  return select(less(abs_of(x), V::set(std::numeric_limits<T>::epsilon() / 2)), x,
                select(less(x, V::set(std::numeric_limits<T>::infinity())), exact, x));
}

/// expm1 from exp(x), which it takes where |x| is not small.
template <class V> [[gnu::always_inline]] inline V expm1_from(V x, V exp_x) {
  using T = typename V::Scalar;
  V p;
  if constexpr (sizeof(T) == 4)
    p = polynomial(x, T(1.0 / 40320), 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5);
  else
    p = polynomial(x, T(1.0 / 1307674368000.0), 1.0 / 87178291200.0, 1.0 / 6227020800.0, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880,
                   1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5);
  return select(less(abs_of(x), V::set(T(0.35))), fma(x * x, p, x), exp_x - V::set(T(1)));
}
template <class V> [[gnu::always_inline]] inline V expm1_of(V x) { return expm1_from(x, exp_of(x)); }

template <class V> [[gnu::always_inline]] inline V tanh_of(V x) {
  using T = typename V::Scalar;
  const V z = V::set(T(-2)) * abs_of(x), t = V::set(T(0)) - expm1_from(z, exp_nonpositive(z));  // 1 - exp(-2 |x|)
  const V y = t / (V::set(T(2)) - t);
  return select(less(x, V::set(T(0))), V::set(T(0)) - y, y);
}

template <class V> [[gnu::always_inline]] inline V sigmoid_of(V x) {
  using T = typename V::Scalar;
  const V e = exp_nonpositive(V::set(T(0)) - abs_of(x)), one = V::set(T(1));
  return select(less(x, V::set(T(0))), e, one) / (one + e);
}

template <class V> [[gnu::always_inline]] inline V softplus_of(V x) {
  using T = typename V::Scalar;
  return max(x, V::set(T(0))) + log1p_of(exp_nonpositive(V::set(T(0)) - abs_of(x)));
}

/// Below 1 Taylor's series; above it 1 - exp(-x^2) q(s), q a Chebyshev fit of exp(x^2) erfc(x) over 1 / (1 + x / 2), to 1e-10 and 3e-17.
template <class V> [[gnu::always_inline]] inline V erf_of(V x) {
  using T = typename V::Scalar;
  constexpr bool f = sizeof(T) == 4;
  const V one = V::set(T(1)), a = min(abs_of(x), V::set(f ? T(4) : T(6))), z = a * a;  // above, erf rounds to 1
  const V t = one / fma(V::set(T(0.5)), a, one);
  V p, q;
  if constexpr (f) {
    p = polynomial(z, T(1.0 / 76204800), -1.0 / 6894720, 1.0 / 685440, -1.0 / 75600, 1.0 / 9360, -1.0 / 1320, 1.0 / 216, -1.0 / 42, 1.0 / 10,
                   -1.0 / 3, 1.0);
    q = polynomial(fma(t, V::set(T(6)), V::set(T(-3))), T(4.317145103e-7), -1.147585698e-6, -2.878541322e-5, 4.607581915e-5, 0.002925130492,
                   0.02685091234, 0.1423952825, 0.2553956763);
  } else {
    p = polynomial(z, T(-1.0 / 12449059983360000.0), 1.0 / 690452066304000.0, -1.0 / 40537905408000.0, 1.0 / 2528170444800.0, -1.0 / 168129561600.0,
                   1.0 / 11975040000.0, -1.0 / 918086400.0, 1.0 / 76204800, -1.0 / 6894720, 1.0 / 685440, -1.0 / 75600, 1.0 / 9360, -1.0 / 1320,
                   1.0 / 216, -1.0 / 42, 1.0 / 10, -1.0 / 3, 1.0);
    q = polynomial(fma(t, V::set(T(4.8)), V::set(T(-2.2))), T(4.41338503294669838e-13), 1.83867534059934219e-11, -7.45510449620630995e-11,
                   -2.62604174498242668e-10, 2.62480307317917333e-9, -5.9376429346490129e-10, -7.00535615043275992e-8, 1.63501793318884753e-7,
                   1.97956191179483777e-6, -7.34051855452813669e-6, -8.0792204274463084e-5, 1.97139177805045277e-4, 5.58881628184014831e-3,
                   3.8560570425178751e-2, 1.61893568041024978e-1, 2.21429540229931835e-1);
  }
  V y = select(less(a, one), V::set(T(1.1283791670955126)) * a * p, one - exp_nonpositive(V::set(T(0)) - z) * q);
  y = select(less(x, V::set(T(0))), V::set(T(0)) - y, y);
  return select(less(x, one), y, select(less(V::set(T(0)), x), y, x));  // NaN stays
}

}  // namespace detail

TUTELAGE_END
