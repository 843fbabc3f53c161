#pragma once
#include <span>

#include "tutelage/autograd/ops.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/reward/bradley_terry.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace reward {

namespace detail_ {

template <class T>
struct LogLikelihood {
  T value, slope;  // log P'(x) and its derivative
};

/// log((1 - e) sigma(x) + e sigma(-x)) = -softplus(-x) + log((1 - e) + e exp(-x)), written for the side where exp is small.
template <class T>
LogLikelihood<T> log_preference(T x, T e) {
  const T s = math::sigmoid(x);
  if (e == 0) return {-math::softplus(-x), T(1) - s};
  const T p = (T(1) - e) * s + e * (T(1) - s);
  return {math::log(p), (T(1) - T(2) * e) * s * (T(1) - s) / p};
}

}  // namespace detail_

template <class T>
BasicTensor<T> bradley_terry_terms(const BasicTensor<T>& chosen, const BasicTensor<T>& rejected, double factor, const PairOptions<T>& o) {
  const char* name = "bradley_terry_loss";
  if (chosen.rank() != 1 || chosen.size() == 0) detail::fail<ShapeError>(name, "scores are not a list of pairs", chosen.shape().str(), "(N) with N at least 1");
  for (const auto* x : {&rejected, &o.margin, &o.probability, &o.weight})
    if ((x == &rejected || x->size()) && !(x->shape() == chosen.shape())) detail::fail<ShapeError>(name, "rejected or an option has the wrong shape", x->shape().str(), chosen.shape().str());
  if (!(o.error_rate >= 0 && o.error_rate < 0.5)) detail::fail<ValueError>(name, "error_rate is out of range", detail::str(o.error_rate), "0 to below 0.5");
  const T f = static_cast<T>(factor), e = static_cast<T>(o.error_rate), center = static_cast<T>(o.center_coef);
  auto value = BasicTensor<T>::uninitialized(chosen.shape());
  BasicTensor<T> slopes[2] = {BasicTensor<T>::uninitialized(chosen.shape()), BasicTensor<T>::uninitialized(chosen.shape())};
  T *y = value.mutable_data(), *dc = slopes[0].mutable_data(), *dr = slopes[1].mutable_data();
  for (std::int64_t i = 0; i < chosen.size(); ++i) {
    const T c = chosen.data()[i], r = rejected.data()[i], sum = c + r;
    const T x = o.margin.size() ? (c - r) - o.margin.data()[i] : c - r;
    const T p = o.probability.size() ? o.probability.data()[i] : T(1), w = o.weight.size() ? o.weight.data()[i] * f : f;
    if (!(p >= 0 && p <= 1)) detail::fail<ValueError>(name, "probability of pair " + detail::str(i) + " is out of range", detail::str(static_cast<double>(p)), "0 to 1");
    const auto up = detail_::log_preference(x, e), down = detail_::log_preference(-x, e);
    const T loss = -(p * up.value) - (T(1) - p) * down.value, slope = -(p * up.slope) + (T(1) - p) * down.slope;
    const T pull = T(2) * center * sum;
    y[i] = w * (loss + center * sum * sum);
    dc[i] = w * (slope + pull);
    dr[i] = w * (pull - slope);
  }
  const BasicTensor<T> inputs[2] = {chosen, rejected};
  return ops::with_derivatives(std::move(value), std::span<const BasicTensor<T>>(inputs), std::span<const BasicTensor<T>>(slopes));
}

template <class T>
BasicTensor<T> bradley_terry_loss(const BasicTensor<T>& chosen, const BasicTensor<T>& rejected, const PairOptions<T>& options) {
  const double count = options.weight.size() ? kernels::sum16_double(options.weight.data(), options.weight.size()) : static_cast<double>(chosen.size());
  if (!(count > 0)) detail::fail<ValueError>("bradley_terry_loss", "weights do not add up", detail::str(count), "more than 0");
  return ops::sum(bradley_terry_terms(chosen, rejected, 1.0 / count, options));
}

}  // namespace reward

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
