#pragma once
// What the kernel tests share: the tables this machine has, random numbers, comparisons, and canonical sums written the plain way.
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "../catch.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/impl/kernels/table.hpp"

namespace reference {

using namespace tutelage;

template <class T> using Row = std::vector<T>;

/// Every instruction set that can run here.
template <class T> std::vector<const kernels::Table<T>*> tables() {
  std::vector<const kernels::Table<T>*> all;
  for (const char* name : {"scalar", "avx2", "avx512"})
    if (const auto* t = kernels::find_table<T>(name)) all.push_back(t);
  return all;
}

template <class T> Row<T> random(std::int64_t n, std::uint32_t item, double scale = 1.0) {
  Rng rng(11, Purpose::kUser, item, static_cast<std::uint32_t>(n));
  Row<T> x(static_cast<std::size_t>(n));
  for (T& v : x) v = static_cast<T>(scale * rng.normal());
  return x;
}

template <class T> bool same(const Row<T>& a, const Row<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}
template <class T> bool same(T a, T b) { return std::memcmp(&a, &b, sizeof(T)) == 0; }

/// Largest |got - wanted| / max(1, |wanted|); infinite where one is NaN and the other is not.
template <class T> double distance(const Row<T>& got, const std::vector<double>& wanted) {
  if (got.size() != wanted.size()) return std::numeric_limits<double>::infinity();
  double worst = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double error = std::abs(static_cast<double>(got[i]) - wanted[i]) / std::max(1.0, std::abs(wanted[i]));
    if (!(error <= worst)) worst = error == error ? error : std::numeric_limits<double>::infinity();
  }
  return worst;
}
template <class T> constexpr double kClose = sizeof(T) == 4 ? 1e-5 : 1e-12;

/// Rule 2: lane = index mod 16, then i + 8, i + 4, i + 2, i + 1. term(i, lane) is the lane's next value.
template <class T, class F> T lanes(std::int64_t n, const F& term) {
  T lane[16] = {};
  for (std::int64_t i = 0; i < n; ++i) lane[i % 16] = term(i, lane[i % 16]);
  for (int width = 8; width > 0; width /= 2)
    for (int i = 0; i < width; ++i) lane[i] = lane[i] + lane[i + width];
  return lane[0];
}

inline const std::vector<std::int64_t> kSizes{0, 1, 2, 15, 16, 17, 31, 32, 33, 47, 64, 77, 130};

}  // namespace reference
