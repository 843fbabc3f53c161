#pragma once
// Runs of columns that do not fill a packet: in smaller packets of the same instruction set.
#include "tutelage/impl/kernels/packet.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace kernels {
namespace TUTELAGE_ISA {

#if defined(__FMA__) && defined(__AVX2__)
/// A packet of S numbers, S at most kLanes; the smallest has 16 bytes, but for a number by itself.
template <class T, int S> struct PacketOf { using Type = typename packets::find_best_packet<T, S>::type; };
template <class T> struct PacketOf<T, 1> { using Type = T; };
inline float packet_fma(float a, float b, float c) { return std::fma(a, b, c); }  // Eigen's rounds twice
inline double packet_fma(double a, double b, double c) { return std::fma(a, b, c); }
template <class P, class T> inline P load_as(const T* x) { return packets::ploadu<P>(x); }
template <class P, class T> inline P set_as(T x) { return packets::pset1<P>(x); }
template <class P, class T> inline void store_as(T* x, P p) { packets::pstoreu(x, p); }
#else
template <class T, int S> struct PacketOf { using Type = T; };
template <class P> inline P load_as(const P* x) { return *x; }
template <class P> inline P set_as(P x) { return x; }
template <class P> inline void store_as(P* x, P p) { *x = p; }
#endif

/// N packets of S numbers side by side, as a type.
template <class T, int S, int N> struct Packets {
  using Type = typename PacketOf<T, S>::Type;
  static constexpr int kLanes = S, kCount = N;
};

/// Calls f(first column, Packets) for runs that cover [0, size): panels, packets, and for the rest smaller packets, then single numbers.
template <class T, class F> inline void for_packets(std::int64_t size, const F& f) {
  constexpr int NP = kPanelPackets<T>, S = kLanes<T>, kLeast = 16 / sizeof(T);
  std::int64_t d = 0;
  for (; d + NP * S <= size; d += NP * S) f(d, Packets<T, S, NP>{});
  if constexpr (S > 1)
    for (; d + S <= size; d += S) f(d, Packets<T, S, 1>{});
  if constexpr (S / 2 >= kLeast)
    if (d + S / 2 <= size) f(d, Packets<T, S / 2, 1>{}), d += S / 2;
  if constexpr (S / 4 >= kLeast)
    if (d + S / 4 <= size) f(d, Packets<T, S / 4, 1>{}), d += S / 4;
  for (; d < size; ++d) f(d, Packets<T, 1, 1>{});
}

}  // namespace TUTELAGE_ISA
}  // namespace kernels

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
