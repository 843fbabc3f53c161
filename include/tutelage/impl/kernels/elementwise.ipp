#pragma once
#include <limits>

#include "tutelage/impl/kernels/packet.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace kernels {
namespace TUTELAGE_ISA {

template <class T> using L = Lanes16<T>;

/// gelu, tanh form: 0.5 x (1 + tanh u), u = sqrt(2 / pi) (x + 0.044715 x^3). Returns tanh u.
template <class T> inline L<T> gelu_tanh(L<T> x) {
  const L<T> u = L<T>::set(T(0.7978845608028654)) * fma(L<T>::set(T(0.044715)) * x * x, x, x);
  return detail::tanh_of(u);
}
template <class T> inline L<T> gelu_of(L<T> x, L<T> t) {
  const L<T> h = L<T>::set(T(0.5)) * x;
  return fma(h, t, h);
}
template <class T> inline L<T> gelu_derivative(L<T> x, L<T> t) {
  const L<T> one = L<T>::set(1), half = L<T>::set(T(0.5));
  const L<T> du = L<T>::set(T(0.7978845608028654)) * fma(L<T>::set(T(3 * 0.044715)) * x, x, one);
  return fma(half * x * (one - t * t), du, half * (one + t));
}
template <class T> inline L<T> relu_of(L<T> x) { return select(less(L<T>::set(0), x), x, L<T>::set(0)); }
/// silu' from x and s = sigmoid(x): s (1 + x (1 - s)).
template <class T> inline L<T> silu_derivative(L<T> x, L<T> s) {
  const L<T> one = L<T>::set(1);
  return s * fma(x, one - s, one);
}

/// gelu, exact: x Phi(x) with Phi the normal distribution's; e = erf(x / sqrt 2). Its slope is Phi(x) + x phi(x).
template <class T> inline L<T> gelu_erf(L<T> x) { return detail::erf_of(x * L<T>::set(T(0.7071067811865476))); }
template <class T> inline L<T> gelu_exact_derivative(L<T> x, L<T> e) {
  const L<T> half = L<T>::set(T(0.5));
  const L<T> density = L<T>::set(T(0.3989422804014327)) * detail::exp_nonpositive(L<T>::set(T(-0.5)) * x * x);
  return fma(x, density, fma(half, e, half));
}

/// Calls f(x, y, derivative) with each activation's value and slope; what f does not use is not computed.
template <class T, class F> inline void with_activation(Activation act, const T* x, std::int64_t begin, std::int64_t end, const F& f) {
  const L<T> one = L<T>::set(1), zero = L<T>::set(0);
  const auto run = [&](const auto& g) { for_lanes(begin, end, [&](std::int64_t i, std::int64_t k) { g(i, k, get(x + i, k)); }); };
  switch (act) {
    case Activation::kNone:
      return run([&](std::int64_t i, std::int64_t k, L<T> v) { f(i, k, v, one); });
    case Activation::kGelu:
      return run([&](std::int64_t i, std::int64_t k, L<T> v) {
        const L<T> t = gelu_tanh<T>(v);
        f(i, k, gelu_of<T>(v, t), gelu_derivative<T>(v, t));
      });
    case Activation::kRelu:
      return run([&](std::int64_t i, std::int64_t k, L<T> v) { f(i, k, relu_of<T>(v), select(less(zero, v), one, zero)); });
    case Activation::kTanh:
      return run([&](std::int64_t i, std::int64_t k, L<T> v) {
        const L<T> t = detail::tanh_of(v);
        f(i, k, t, one - t * t);
      });
    case Activation::kSilu:
      return run([&](std::int64_t i, std::int64_t k, L<T> v) {
        const L<T> s = detail::sigmoid_of(v);
        f(i, k, v * s, silu_derivative<T>(v, s));
      });
    case Activation::kGeluExact:
      return run([&](std::int64_t i, std::int64_t k, L<T> v) {
        const L<T> e = gelu_erf<T>(v);
        f(i, k, gelu_of<T>(v, e), gelu_exact_derivative<T>(v, e));
      });
  }
}

template <class T> inline void activate(Activation act, T* y, std::int64_t n) {
  with_activation<T>(act, y, 0, n, [&](std::int64_t i, std::int64_t k, L<T> v, L<T>) { put(y + i, k, v); });
}

template <class T> void activation_backward(Activation act, const T* pre, const T* dy, T* dpre, T* y, std::int64_t begin, std::int64_t end) {
  with_activation<T>(act, pre, begin, end, [&](std::int64_t i, std::int64_t k, L<T> v, L<T> slope) {
    put(dpre + i, k, get(dy + i, k) * slope);
    if (y) put(y + i, k, v);
  });
}

/// The two slopes and the value again, each rounded where act, then a product of two, rounds.
template <class T> void gated_backward(Activation act, T* gate, T* up, T* dy, std::int64_t begin, std::int64_t end) {
  with_activation<T>(act, gate, begin, end, [&](std::int64_t i, std::int64_t k, L<T> v, L<T> slope) {
    const L<T> u = get(up + i, k), g = get(dy + i, k);
    put(gate + i, k, v * u);
    put(dy + i, k, g * u * slope);
    put(up + i, k, g * v);
  });
}

template <class T> void unary(Unary op, const T* x, T* y, std::int64_t begin, std::int64_t end) {
  const auto run = [&](const auto& f) { for_lanes(begin, end, [&](std::int64_t i, std::int64_t n) { put(y + i, n, f(get(x + i, n))); }); };
  switch (op) {
    case Unary::kExp:
      return run([](L<T> v) { return detail::exp_of(v); });
    case Unary::kLog:
      return run([](L<T> v) { return detail::log_of(v); });
    case Unary::kSqrt:
      return run([](L<T> v) { return sqrt(v); });
    case Unary::kSquare:
      return run([](L<T> v) { return v * v; });
    case Unary::kAbs:
      return run([](L<T> v) { return detail::abs_of(v); });
    case Unary::kNeg:
      return run([](L<T> v) { return L<T>::set(T(-1)) * v; });
    case Unary::kTanh:
      return run([](L<T> v) { return detail::tanh_of(v); });
    case Unary::kSigmoid:
      return run([](L<T> v) { return detail::sigmoid_of(v); });
    case Unary::kSoftplus:
      return run([](L<T> v) { return detail::softplus_of(v); });
    case Unary::kRelu:
      return run([](L<T> v) { return relu_of<T>(v); });
    case Unary::kGelu:
      return run([](L<T> v) { return gelu_of<T>(v, gelu_tanh<T>(v)); });
    case Unary::kSilu:
      return run([](L<T> v) { return v * detail::sigmoid_of(v); });
    case Unary::kGeluExact:
      return run([](L<T> v) { return gelu_of<T>(v, gelu_erf<T>(v)); });
  }
}

template <class T> void unary_backward(Unary op, const T* x, const T* y, const T* dy, T* dx, std::int64_t begin, std::int64_t end) {
  const auto run = [&](const auto& derivative_times) {
    for_lanes(begin, end, [&](std::int64_t i, std::int64_t n) {
      put(dx + i, n, get(dx + i, n) + derivative_times(get(x + i, n), get(y + i, n), get(dy + i, n)));
    });
  };
  const L<T> one = L<T>::set(1), zero = L<T>::set(0), two = L<T>::set(2), half = L<T>::set(T(0.5)), minus = L<T>::set(T(-1));
  switch (op) {
    case Unary::kExp:
      return run([&](L<T>, L<T> v, L<T> g) { return g * v; });
    case Unary::kLog:
      return run([&](L<T> a, L<T>, L<T> g) { return g / a; });
    case Unary::kSqrt:
      return run([&](L<T>, L<T> v, L<T> g) { return half * g / v; });
    case Unary::kSquare:
      return run([&](L<T> a, L<T>, L<T> g) { return two * a * g; });
    case Unary::kAbs:
      return run([&](L<T> a, L<T>, L<T> g) { return select(less(zero, a), g, select(less(a, zero), minus * g, zero)); });
    case Unary::kNeg:
      return run([&](L<T>, L<T>, L<T> g) { return minus * g; });
    case Unary::kTanh:
      return run([&](L<T>, L<T> v, L<T> g) { return g * (one - v * v); });
    case Unary::kSigmoid:
      return run([&](L<T>, L<T> v, L<T> g) { return g * (v * (one - v)); });
    case Unary::kSoftplus:
      return run([&](L<T> a, L<T>, L<T> g) { return g * detail::sigmoid_of(a); });
    case Unary::kRelu:
      return run([&](L<T> a, L<T>, L<T> g) { return select(less(zero, a), g, zero); });
    case Unary::kGelu:
      return run([&](L<T> a, L<T>, L<T> g) { return g * gelu_derivative<T>(a, gelu_tanh<T>(a)); });
    case Unary::kSilu:
      return run([&](L<T> a, L<T>, L<T> g) { return g * silu_derivative<T>(a, detail::sigmoid_of(a)); });
    case Unary::kGeluExact:
      return run([&](L<T> a, L<T>, L<T> g) { return g * gelu_exact_derivative<T>(a, gelu_erf<T>(a)); });
  }
}

template <class T> void binary(Binary op, const T* a, const T* b, T* y, std::int64_t begin, std::int64_t end) {
  const auto run = [&](const auto& f) {
    for_lanes(begin, end, [&](std::int64_t i, std::int64_t n) { put(y + i, n, f(get(a + i, n), get(b + i, n))); });
  };
  switch (op) {
    case Binary::kAdd:
      return run([](L<T> u, L<T> v) { return u + v; });
    case Binary::kSub:
      return run([](L<T> u, L<T> v) { return u - v; });
    case Binary::kMul:
      return run([](L<T> u, L<T> v) { return u * v; });
    case Binary::kDiv:
      return run([](L<T> u, L<T> v) { return u / v; });
    case Binary::kMaximum:
      return run([](L<T> u, L<T> v) { return select(less(u, v), v, u); });
    case Binary::kMinimum:
      return run([](L<T> u, L<T> v) { return select(less(v, u), v, u); });
  }
}

template <class T> void affine(T a, T b, const T* x, T* y, std::int64_t begin, std::int64_t end) {
  const L<T> la = L<T>::set(a), lb = L<T>::set(b);
  for_lanes(begin, end, [&](std::int64_t i, std::int64_t n) { put(y + i, n, fma(la, get(x + i, n), lb)); });
}

template <class T> void add_scaled(T a, const T* x, T* y, std::int64_t begin, std::int64_t end) {
  const L<T> la = L<T>::set(a);
  for_lanes(begin, end, [&](std::int64_t i, std::int64_t n) { put(y + i, n, get(y + i, n) + la * get(x + i, n)); });
}

template <class T> void mul_add(const T* a, const T* b, T* y, std::int64_t begin, std::int64_t end) {
  for_lanes(begin, end, [&](std::int64_t i, std::int64_t n) { put(y + i, n, get(y + i, n) + get(a + i, n) * get(b + i, n)); });
}

template <class T> void clip(T low, T high, const T* x, T* y, std::int64_t begin, std::int64_t end) {
  const L<T> l = L<T>::set(low), h = L<T>::set(high);
  for_lanes(begin, end, [&](std::int64_t i, std::int64_t n) {
    const L<T> v = get(x + i, n);
    put(y + i, n, select(less(v, l), l, select(less(h, v), h, v)));
  });
}

/// Decoupled weight decay (Loshchilov, Hutter 2019). Moments below the smallest normal number become 0.
template <class T> void adamw(const AdamW<T>& c, const T* grad, T* param, T* m, T* v, std::int64_t begin, std::int64_t end) {
  const L<T> scale = L<T>::set(c.grad_scale), b1 = L<T>::set(c.one_minus_beta1), b2 = L<T>::set(c.one_minus_beta2), c1 = L<T>::set(c.correction1),
             c2 = L<T>::set(c.correction2);
  const L<T> lr = L<T>::set(c.lr), eps = L<T>::set(c.eps), decay = L<T>::set(c.weight_decay), zero = L<T>::set(0),
             tiny = L<T>::set(std::numeric_limits<T>::min());
  for_lanes(begin, end, [&](std::int64_t i, std::int64_t n) {
    const L<T> g = get(grad + i, n) * scale, m0 = get(m + i, n), v0 = get(v + i, n), p = get(param + i, n);
    L<T> m1 = fma(b1, g - m0, m0), v1 = fma(b2, g * g - v0, v0);
    m1 = select(less(detail::abs_of(m1), tiny), zero, m1);
    v1 = select(less(v1, tiny), zero, v1);
    put(m + i, n, m1);
    put(v + i, n, v1);
    const L<T> update = (m1 / c1) / (sqrt(v1 / c2) + eps);
    put(param + i, n, p - lr * fma(decay, p, update));
  });
}

}  // namespace TUTELAGE_ISA
}  // namespace kernels

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
