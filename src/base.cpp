#include "tutelage/impl/base/fail.ipp"
#include "tutelage/impl/base/math.ipp"
#include "tutelage/impl/base/parallel.ipp"
#include "tutelage/impl/base/rng.ipp"
#include "tutelage/impl/base/team.ipp"

TUTELAGE_BEGIN
namespace math {
#define TUTELAGE_INSTANTIATE(T) \
  template T exp(T);            \
  template T log(T);            \
  template T log1p(T);          \
  template T expm1(T);          \
  template T tanh(T);           \
  template T erf(T);            \
  template T sin(T);            \
  template T cos(T);            \
  template T pow(T, T);         \
  template T sigmoid(T);        \
  template T softplus(T);
TUTELAGE_INSTANTIATE(float)
TUTELAGE_INSTANTIATE(double)
#undef TUTELAGE_INSTANTIATE
}  // namespace math
TUTELAGE_END
