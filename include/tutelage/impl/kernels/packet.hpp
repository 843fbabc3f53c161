#pragma once
// 16 numbers of one instruction set, on Eigen's packets. Of Eigen only exactly rounded operations are used. Each kernel file renames
// Eigen's namespace before including this, so that no inline function compiled for one set can be linked into another.
#if !defined(TUTELAGE_ISA)
#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__FMA__)
#define TUTELAGE_ISA avx512
#elif defined(__AVX2__) && defined(__FMA__)
#define TUTELAGE_ISA avx2
#else
#define TUTELAGE_ISA scalar
#endif
#endif
#ifndef EIGEN_FAST_MATH
#define EIGEN_FAST_MATH 0
#endif
#include <Eigen/Core>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>

#include "tutelage/impl/base/math_generic.hpp"
#include "tutelage/impl/kernels/table.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace kernels {
namespace TUTELAGE_ISA {

#if defined(__FMA__) && defined(__AVX2__)
namespace packets = Eigen::internal;
template <class T> using Packet = typename Eigen::internal::packet_traits<T>::type;
template <class T> inline constexpr int kLanes = Eigen::internal::unpacket_traits<Packet<T>>::size;
template <class P> inline P packet_fma(P a, P b, P c) { return packets::pmadd(a, b, c); }
template <class T> inline Packet<T> packet_load(const T* x) { return packets::ploadu<Packet<T>>(x); }
template <class T> inline void packet_store(T* x, Packet<T> p) { packets::pstoreu(x, p); }
template <class T> inline Packet<T> packet_set(T x) { return packets::pset1<Packet<T>>(x); }
template <class P> inline P packet_add(P a, P b) { return packets::padd(a, b); }
template <class P> inline P packet_sub(P a, P b) { return packets::psub(a, b); }
template <class P> inline P packet_mul(P a, P b) { return packets::pmul(a, b); }
template <class P> inline P packet_div(P a, P b) { return packets::pdiv(a, b); }
template <class P> inline P packet_min(P a, P b) { return packets::pmin(a, b); }
template <class P> inline P packet_max(P a, P b) { return packets::pmax(a, b); }
template <class P> inline P packet_sqrt(P a) { return packets::psqrt(a); }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"
template <class T> struct PacketTypes {
  using Int = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  typedef T Floats __attribute__((vector_size(sizeof(Packet<T>))));
  typedef Int Ints __attribute__((vector_size(sizeof(Packet<T>))));
};
#pragma GCC diagnostic pop
/// The compiler's own comparison and choice: it joins the two, where Eigen's go through memory-shaped masks.
template <class T> inline Packet<T> packet_less(Packet<T> a, Packet<T> b) {
  using Types = PacketTypes<T>;
  return (Packet<T>)((typename Types::Floats)a < (typename Types::Floats)b);
}
template <class T> inline Packet<T> packet_select(Packet<T> m, Packet<T> a, Packet<T> b) {
  using Types = PacketTypes<T>;
  return (Packet<T>)((typename Types::Ints)m ? (typename Types::Floats)a : (typename Types::Floats)b);
}
/// 2^n for whole n, by its bits.
template <class T> inline Packet<T> packet_pow2(Packet<T> n) {
  using Floats = typename PacketTypes<T>::Floats;
  using Ints = typename PacketTypes<T>::Ints;
  const Ints bits = (__builtin_convertvector((Floats)n, Ints) + (sizeof(T) == 4 ? 127 : 1023)) << (sizeof(T) == 4 ? 23 : 52);
  return (Packet<T>)bits;
}
/// Lane i becomes lane (i + W) mod the number of lanes.
template <class T, int W> inline Packet<T> packet_rotate(Packet<T> x) {
  constexpr int S = kLanes<T>;
  typedef T Floats __attribute__((vector_size(sizeof(Packet<T>))));
#if defined(__clang__)
  return [&]<int... I>(std::integer_sequence<int, I...>) { return (Packet<T>)__builtin_shufflevector((Floats)x, (Floats)x, ((I + W) % S)...); }
  (std::make_integer_sequence<int, S>{});
#else
  typedef std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t> Ints __attribute__((vector_size(sizeof(Packet<T>))));
  Ints from;
  for (int i = 0; i < S; ++i) from[i] = (i + W) % S;
  return (Packet<T>)__builtin_shuffle((Floats)x, from);
#endif
}
template <class T> inline T packet_first(Packet<T> x) { return packets::pfirst(x); }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"
template <class T> using PacketSquare = packets::PacketBlock<Packet<T>, kLanes<T>>;  // as many packets as a packet has lanes
#pragma GCC diagnostic pop
template <class B> inline void packet_transpose(B& block) { packets::ptranspose(block); }
#else
template <class T> using Packet = T;
template <class T> inline constexpr int kLanes = 1;
template <class T> inline T packet_fma(T a, T b, T c) { return std::fma(a, b, c); }
template <class T> inline T packet_load(const T* x) { return *x; }
template <class T> inline void packet_store(T* x, T p) { *x = p; }
template <class T> inline T packet_set(T x) { return x; }
template <class T> inline T packet_add(T a, T b) { return a + b; }
template <class T> inline T packet_sub(T a, T b) { return a - b; }
template <class T> inline T packet_mul(T a, T b) { return a * b; }
template <class T> inline T packet_div(T a, T b) { return a / b; }
template <class T> inline T packet_min(T a, T b) { return b < a ? b : a; }
template <class T> inline T packet_max(T a, T b) { return a < b ? b : a; }
template <class T> inline T packet_sqrt(T a) { return std::sqrt(a); }
template <class T> inline T packet_less(T a, T b) { return a < b ? T(1) : T(0); }
template <class T> inline T packet_select(T m, T a, T b) { return m != T(0) ? a : b; }
template <class T> inline T packet_pow2(T n) { return detail::pow2(n); }
template <class T> inline T packet_first(T x) { return x; }
template <class T> struct PacketSquare { T packet[1]; };
template <class B> inline void packet_transpose(B&) {}
#endif

/// Columns that a register block of a product has, and a packed panel of B.
template <class T> inline constexpr int kPanelPackets = kLanes<T> == 1 ? 8 : 2;
template <class T> inline constexpr int kPanel = kPanelPackets<T>* kLanes<T>;

template <class T> struct Lanes16 {
  using Scalar = T;
  static constexpr int kSize = kLanes<T>, kCount = 16 / kSize;
  Packet<T> p[kCount];

  static Lanes16 load(const T* x) {
    Lanes16 v;
    for (int i = 0; i < kCount; ++i) v.p[i] = packet_load<T>(x + i * kSize);
    return v;
  }
  /// The first n < 16 from x, zeros after.
  static Lanes16 load_part(const T* x, std::int64_t n) {
    alignas(64) T all[16] = {};
    std::memcpy(all, x, static_cast<std::size_t>(n) * sizeof(T));
    return load(all);
  }
  static Lanes16 set(T x) {
    Lanes16 v;
    for (int i = 0; i < kCount; ++i) v.p[i] = packet_set<T>(x);
    return v;
  }
  void store(T* x) const {
    for (int i = 0; i < kCount; ++i) packet_store<T>(x + i * kSize, p[i]);
  }
  void store_part(T* x, std::int64_t n) const {
    alignas(64) T all[16];
    store(all);
    std::memcpy(x, all, static_cast<std::size_t>(n) * sizeof(T));
  }
  /// Lane 0 of v = f(v, v moved down by 8), by 4, by 2, by 1.
  template <class F> T fold(const F& f) const {
    Lanes16 v = *this;
    for (int width = kCount / 2; width > 0; width /= 2)
      for (int i = 0; i < width; ++i) v.p[i] = f(v.p[i], v.p[i + width]);
    Packet<T> x = v.p[0];
    if constexpr (kSize >= 16) x = f(x, packet_rotate<T, 8>(x));
    if constexpr (kSize >= 8) x = f(x, packet_rotate<T, 4>(x));
    if constexpr (kSize >= 4) x = f(x, packet_rotate<T, 2>(x));
    if constexpr (kSize >= 2) x = f(x, packet_rotate<T, 1>(x));
    return packet_first<T>(x);
  }
  /// i + 8, i + 4, i + 2, i + 1 (canonical order, rule 2).
  T tree() const {
    return fold([](Packet<T> a, Packet<T> b) { return packet_add(a, b); });
  }
  T largest() const {
    return fold([](Packet<T> a, Packet<T> b) { return packet_max(a, b); });
  }

  template <class F> static Lanes16 each(const F& f) {
    Lanes16 v;
    for (int i = 0; i < kCount; ++i) v.p[i] = f(i);
    return v;
  }
  friend Lanes16 operator+(Lanes16 a, Lanes16 b) {
    return each([&](int i) { return packet_add(a.p[i], b.p[i]); });
  }
  friend Lanes16 operator-(Lanes16 a, Lanes16 b) {
    return each([&](int i) { return packet_sub(a.p[i], b.p[i]); });
  }
  friend Lanes16 operator*(Lanes16 a, Lanes16 b) {
    return each([&](int i) { return packet_mul(a.p[i], b.p[i]); });
  }
  friend Lanes16 operator/(Lanes16 a, Lanes16 b) {
    return each([&](int i) { return packet_div(a.p[i], b.p[i]); });
  }
  friend Lanes16 fma(Lanes16 a, Lanes16 b, Lanes16 c) {
    return each([&](int i) { return packet_fma(a.p[i], b.p[i], c.p[i]); });
  }
  friend Lanes16 min(Lanes16 a, Lanes16 b) {
    return each([&](int i) { return packet_min(a.p[i], b.p[i]); });
  }
  friend Lanes16 max(Lanes16 a, Lanes16 b) {
    return each([&](int i) { return packet_max(a.p[i], b.p[i]); });
  }
  friend Lanes16 sqrt(Lanes16 a) {
    return each([&](int i) { return packet_sqrt(a.p[i]); });
  }
  friend Lanes16 less(Lanes16 a, Lanes16 b) {
    return each([&](int i) { return packet_less<T>(a.p[i], b.p[i]); });
  }
  friend Lanes16 select(Lanes16 m, Lanes16 a, Lanes16 b) {
    return each([&](int i) { return packet_select<T>(m.p[i], a.p[i], b.p[i]); });
  }
  friend Lanes16 pow2(Lanes16 n) {
    return each([&](int i) { return packet_pow2<T>(n.p[i]); });
  }
  friend Lanes16 split(Lanes16 x, Lanes16& exponent) {
    alignas(64) T a[16], e[16];
    x.store(a);
    for (int i = 0; i < 16; ++i) {
      if constexpr (sizeof(T) == 4) {
        std::int32_t bits;
        std::memcpy(&bits, &a[i], 4);
        e[i] = static_cast<float>((bits >> 23) - 127);
        bits = (bits & 0x007fffff) | 0x3f800000;
        std::memcpy(&a[i], &bits, 4);
      } else {
        std::int64_t bits;
        std::memcpy(&bits, &a[i], 8);
        e[i] = static_cast<double>((bits >> 52) - 1023);
        bits = (bits & 0x000fffffffffffff) | 0x3ff0000000000000;
        std::memcpy(&a[i], &bits, 8);
      }
    }
    exponent = load(e);
    return load(a);
  }
};

/// Calls f(i, n) for runs of 16 from begin to end; n < 16 in the last.
template <class F> inline void for_lanes(std::int64_t begin, std::int64_t end, const F& f) {
  std::int64_t i = begin;
  for (; i + 16 <= end; i += 16) f(i, std::int64_t{16});
  if (i < end) f(i, end - i);
}
template <class T> inline Lanes16<T> get(const T* x, std::int64_t n) { return n == 16 ? Lanes16<T>::load(x) : Lanes16<T>::load_part(x, n); }
template <class T> inline void put(T* x, std::int64_t n, const Lanes16<T>& v) { n == 16 ? v.store(x) : v.store_part(x, n); }

/// Rule 2: lanes by index mod 16 from +0, then the tree. Adding a missing element's +0 changes no lane, for no lane is ever -0.
template <class T, class F> inline T lane_sum(std::int64_t n, const F& term) {
  Lanes16<T> acc = Lanes16<T>::set(0);
  for_lanes(0, n, [&](std::int64_t i, std::int64_t k) { acc = term(i, k, acc); });
  return acc.tree();
}

}  // namespace TUTELAGE_ISA
}  // namespace kernels

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
