#include <cmath>

#include "../catch.hpp"
#include "tutelage/base/math.hpp"

using namespace tutelage;

TEMPLATE_TEST_CASE("erf, sin, cos and pow are close to the true values", "", float, double) {
  using T = TestType;
  const double tolerance = sizeof(T) == 4 ? 2e-7 : 1e-15;
  for (int i = -8000; i <= 8000; ++i) {
    const T x = static_cast<T>(i) / T(1000);
    REQUIRE(std::abs(static_cast<double>(math::erf(x)) - std::erf(static_cast<double>(x))) <= tolerance);
    REQUIRE(std::abs(static_cast<double>(math::sin(x * 100)) - std::sin(static_cast<double>(x * 100))) <= tolerance);
    REQUIRE(std::abs(static_cast<double>(math::cos(x * 100)) - std::cos(static_cast<double>(x * 100))) <= tolerance);
  }
  for (int i = 1; i < 100; ++i) {
    const double expected = std::pow(10000.0, i / 100.0);
    CHECK(static_cast<double>(math::pow(T(10000), static_cast<T>(i / 100.0))) == Approx(expected).epsilon(sizeof(T) == 4 ? 1e-6 : 1e-14));
  }
  CHECK(math::erf(T(0)) == 0);
  CHECK(math::erf(std::numeric_limits<T>::infinity()) == 1);
  CHECK(math::erf(-std::numeric_limits<T>::infinity()) == -1);
  CHECK(math::erf(T(100)) == 1);
  CHECK(std::isnan(math::erf(std::numeric_limits<T>::quiet_NaN())));
}
