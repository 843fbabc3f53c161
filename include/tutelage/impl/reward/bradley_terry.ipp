#pragma once
#include <algorithm>
#include <array>
#include <span>

#include "tutelage/base/parallel.hpp"
#include "tutelage/autograd/ops.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/reward/bradley_terry.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace reward {

namespace detail_ {

template <class T> struct Loss {
  T value, slope;  // l(x) and its derivative
};

enum class ErrorForm { kNone, kMixture, kSmoothing, kUnbiased, kUniform };

inline ErrorForm error_form(const std::string& name, double error_rate) {
  static const std::array<std::string, 4> known{"mixture", "smoothing", "unbiased", "uniform"};
  const auto at = std::find(known.begin(), known.end(), name);
  if (at == known.end()) {
    const std::string near = detail::nearest(name, known.data(), known.size());
    detail::fail<ConfigError>("bradley_terry_loss", "unknown error_form", name, "mixture, smoothing, unbiased or uniform",
                              near.empty() ? "" : "Did you mean " + near + "?");
  }
  return error_rate == 0 ? ErrorForm::kNone : static_cast<ErrorForm>(at - known.begin() + 1);
}

template <class T> Loss<T> preference_loss(T x, ErrorForm form, T right, T wrong) {
  const T s = math::sigmoid(x), other = math::sigmoid(-x);
  if (form == ErrorForm::kNone) return {math::softplus(-x), -other};
  if (form == ErrorForm::kUniform) return preference_loss(x, ErrorForm::kMixture, right + T(0.5) * wrong, T(0.5) * wrong);
  if (form == ErrorForm::kMixture) {
    const T p = right * s + wrong * other;
    return {-math::log(p), -((right - wrong) * s * other / p)};
  }
  return {right * math::softplus(-x) + wrong * math::softplus(x), wrong * s - right * other};
}

/// The loss of judges who err at one rate. @throws ConfigError, ValueError
template <class T> struct Errors {
  ErrorForm form;
  T right, wrong;
  Errors(const std::string& name, double rate) : form(error_form(name, rate)) {
    if (!(rate >= 0 && rate < 0.5)) detail::fail<ValueError>("bradley_terry_loss", "error_rate is out of range", detail::str(rate), "0 to below 0.5");
    const double share = form == ErrorForm::kUnbiased ? 1.0 - 2.0 * rate : 1.0, sign = form == ErrorForm::kUnbiased ? -1.0 : 1.0;
    right = static_cast<T>((1.0 - rate) / share), wrong = static_cast<T>(sign * rate / share);
  }
  Loss<T> loss(T x) const { return preference_loss(x, form, right, wrong); }
};

}  // namespace detail_

template <class T>
BasicTensor<T> bradley_terry_terms(const BasicTensor<T>& chosen, const BasicTensor<T>& rejected, double factor, const PairOptions<T>& o) {
  const FpStateGuard guard;
  const char* name = "bradley_terry_loss";
  if (chosen.rank() != 1 || chosen.size() == 0)
    detail::fail<ShapeError>(name, "scores are not a list of pairs", chosen.shape().str(), "(N) with N at least 1");
  const char* names[] = {"rejected", "margin", "probability", "weight", "error_rates"};
  const BasicTensor<T>* others[] = {&rejected, &o.margin, &o.probability, &o.weight, &o.error_rates};
  for (int k = 0; k < 5; ++k)
    if ((k == 0 || others[k]->size()) && !(others[k]->shape() == chosen.shape()))
      detail::fail<ShapeError>(name, std::string(names[k]) + " has the wrong shape", others[k]->shape().str(), chosen.shape().str() + " like chosen");
  detail_::Errors<T> errors(o.error_form, o.error_rate);
  const T f = static_cast<T>(factor), center = static_cast<T>(o.center_coef);
  auto value = BasicTensor<T>::uninitialized(chosen.shape());
  BasicTensor<T> slopes[2] = {BasicTensor<T>::uninitialized(chosen.shape()), BasicTensor<T>::uninitialized(chosen.shape())};
  T *y = value.mutable_data(), *dc = slopes[0].mutable_data(), *dr = slopes[1].mutable_data();
  for (std::int64_t i = 0; i < chosen.size(); ++i) {
    const T c = chosen.data()[i], r = rejected.data()[i], sum = c + r;
    const T x = o.margin.size() ? (c - r) - o.margin.data()[i] : c - r;
    const T p = o.probability.size() ? o.probability.data()[i] : T(1), w = o.weight.size() ? o.weight.data()[i] * f : f;
    if (!(p >= 0 && p <= 1))
      detail::fail<ValueError>(name, "probability of pair " + detail::str(i) + " is out of range", detail::str(static_cast<double>(p)), "0 to 1");
    if (o.error_rates.size()) errors = detail_::Errors<T>(o.error_form, static_cast<double>(o.error_rates.data()[i]));
    auto l = errors.loss(x);
    if (p != 1) {
      const auto back = errors.loss(-x);
      l = {p * l.value + (T(1) - p) * back.value, p * l.slope - (T(1) - p) * back.slope};
    }
    const T pull = T(2) * center * sum;
    y[i] = w * (l.value + center * sum * sum);
    dc[i] = w * (l.slope + pull);
    dr[i] = w * (pull - l.slope);
  }
  const BasicTensor<T> inputs[2] = {chosen, rejected};
  return ops::with_derivatives(std::move(value), std::span<const BasicTensor<T>>(inputs), std::span<const BasicTensor<T>>(slopes));
}

template <class T> BasicTensor<T> bradley_terry_loss(const BasicTensor<T>& chosen, const BasicTensor<T>& rejected, const PairOptions<T>& options) {
  const FpStateGuard guard;
  const double here =
      options.weight.size() ? kernels::sum16_double(options.weight.data(), options.weight.size()) : static_cast<double>(chosen.size());
  const double count = options.count.value_or(here);
  if (chosen.size() && !(count > 0))
    detail::fail<ValueError>("bradley_terry_loss", options.count ? "count is out of range" : "weights do not add up", detail::str(count),
                             "more than 0");
  return ops::sum(bradley_terry_terms(chosen, rejected, 1.0 / count, options));
}

template <class T>
BasicTensor<T> noisy_bradley_terry_loss(const BasicTensor<T>& chosen, const BasicTensor<T>& rejected, double error_rate, PairOptions<T> options) {
  options.error_rate = error_rate;
  return bradley_terry_loss(chosen, rejected, options);
}

template <class T> double pair_accuracy(const BasicTensor<T>& chosen, const BasicTensor<T>& rejected) {
  const FpStateGuard guard;
  if (chosen.size() == 0 || !(chosen.shape() == rejected.shape()))
    detail::fail<ShapeError>("pair_accuracy", "not one rejected score a chosen one", chosen.shape().str() + " and " + rejected.shape().str(),
                             "(N) twice, N at least 1");
  double right = 0;  // halves: exact
  for (std::int64_t i = 0; i < chosen.size(); ++i) {
    const T c = chosen.data()[i], r = rejected.data()[i];
    right = right + (c > r ? 1.0 : c == r ? 0.5 : 0.0);
  }
  return right / static_cast<double>(chosen.size());
}

}  // namespace reward

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
