#pragma once
#include <algorithm>
#include <utility>

#include "tutelage/base/parallel.hpp"
#include "tutelage/autograd/ops.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/reward/ties.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace reward {

namespace detail_ {

template <class T> struct OutcomeLoss {
  T value, by_delta, by_tie;  // the loss, its slopes by D and by the tie parameter
};

/// d = ln theta > 0; log(exp(2 d) - 1) = 2 d + log(1 - exp(-2 d)).
template <class T> OutcomeLoss<T> rao_kupper_outcome(T delta, T d, int outcome) {
  const T not_win = math::sigmoid(d - delta), not_loss = math::sigmoid(d + delta);
  if (outcome > 0) return {math::softplus(d - delta), -not_win, not_win};
  if (outcome < 0) return {math::softplus(d + delta), not_loss, not_loss};
  const T below = -math::expm1(T(-2) * d);
  return {math::softplus(d - delta) + math::softplus(d + delta) - (T(2) * d + math::log(below)), not_loss - not_win,
          (not_win + not_loss) - T(2) / below};
}

template <class T> OutcomeLoss<T> davidson_outcome(T delta, T log_nu, int outcome) {
  const T half = T(0.5) * delta, top = std::max(half < 0 ? -half : half, log_nu);
  const T w = math::exp(half - top), t = math::exp(log_nu - top), l = math::exp(-half - top), sum = (w + l) + t;
  const T logit = outcome > 0 ? half : outcome < 0 ? -half : log_nu, own = outcome > 0 ? T(0.5) : outcome < 0 ? T(-0.5) : T(0);
  return {(top - logit) + math::log(sum), T(0.5) * ((w - l) / sum) - own, t / sum - (outcome == 0 ? T(1) : T(0))};
}

template <class T, class Loss>
BasicTensor<T> outcome_terms(const char* function, const BasicTensor<T>& first, const BasicTensor<T>& second, std::span<const int> outcomes,
                             const BasicTensor<T>& tie, double factor, Loss loss) {
  if (first.rank() != 1 || first.size() == 0 || !(second.shape() == first.shape()))
    detail::fail<ShapeError>(function, "scores are not two lists", first.shape().str() + " and " + second.shape().str(), "(N) twice, N at least 1");
  if (static_cast<std::int64_t>(outcomes.size()) != first.size())
    detail::fail<ShapeError>(function, "not one outcome a pair", detail::str(outcomes.size()), detail::str(first.size()));
  if (tie.size() != 1) detail::fail<ShapeError>(function, "the tie parameter is no scalar", tie.shape().str(), "()");
  const T f = static_cast<T>(factor), at = tie.item();
  BasicTensor<T> value(first.shape()), slopes[3] = {BasicTensor<T>(first.shape()), BasicTensor<T>(first.shape()), BasicTensor<T>(first.shape())};
  T *y = value.mutable_data(), *da = slopes[0].mutable_data(), *db = slopes[1].mutable_data(), *dt = slopes[2].mutable_data();
  for (std::int64_t i = 0; i < first.size(); ++i) {
    const int outcome = outcomes[static_cast<std::size_t>(i)];
    if (outcome < -1 || outcome > 1)
      detail::fail<ValueError>(function, "outcome " + detail::str(i) + " is out of range", detail::str(outcome), "1, 0 or -1");
    const auto one = loss(first.data()[i] - second.data()[i], at, outcome);
    y[i] = f * one.value;
    da[i] = f * one.by_delta;
    db[i] = -da[i];
    dt[i] = f * one.by_tie;
  }
  const BasicTensor<T> inputs[3] = {first, second, ops::add(BasicTensor<T>(first.shape()), tie)};  // spread, so that each term has its own
  return ops::with_derivatives(std::move(value), std::span<const BasicTensor<T>>(inputs), std::span<const BasicTensor<T>>(slopes));
}

inline double outcome_factor(const char* function, std::size_t here, std::optional<double> count) {
  const double n = count.value_or(static_cast<double>(std::max<std::size_t>(here, 1)));
  if (!(n > 0)) detail::fail<ValueError>(function, "count is out of range", detail::str(n), "more than 0");
  return 1.0 / n;
}

}  // namespace detail_

template <class T> OutcomeProbabilities<T> rao_kupper(const BasicTensor<T>& delta, double theta) {
  const FpStateGuard guard;
  if (!(theta >= 1)) detail::fail<ValueError>("rao_kupper", "theta is out of range", detail::str(theta), "1 or more");
  const T d = static_cast<T>(math::log(theta)), room = static_cast<T>((theta - 1.0) * (theta + 1.0));
  OutcomeProbabilities<T> p{BasicTensor<T>(delta.shape()), BasicTensor<T>(delta.shape()), BasicTensor<T>(delta.shape())};
  T *w = p.win.mutable_data(), *t = p.tie.mutable_data(), *l = p.loss.mutable_data();
  for (std::int64_t i = 0; i < delta.size(); ++i) {
    w[i] = math::sigmoid(delta.data()[i] - d);
    l[i] = math::sigmoid(-delta.data()[i] - d);
    t[i] = room * w[i] * l[i];
  }
  return p;
}

template <class T> OutcomeProbabilities<T> davidson(const BasicTensor<T>& delta, double nu) {
  const FpStateGuard guard;
  if (!(nu >= 0)) detail::fail<ValueError>("davidson", "nu is out of range", detail::str(nu), "0 or more");
  OutcomeProbabilities<T> p{BasicTensor<T>(delta.shape()), BasicTensor<T>(delta.shape()), BasicTensor<T>(delta.shape())};
  T *w = p.win.mutable_data(), *t = p.tie.mutable_data(), *l = p.loss.mutable_data();
  for (std::int64_t i = 0; i < delta.size(); ++i) {
    const T half = T(0.5) * delta.data()[i], top = half < 0 ? -half : half;
    const T ew = math::exp(half - top), et = static_cast<T>(nu) * math::exp(-top), el = math::exp(-half - top), sum = (ew + el) + et;
    w[i] = ew / sum;
    t[i] = et / sum;
    l[i] = el / sum;
  }
  return p;
}

template <class T>
BasicTensor<T> rao_kupper_terms(const BasicTensor<T>& first, const BasicTensor<T>& second, std::span<const int> outcomes,
                                const BasicTensor<T>& log_theta, double factor) {
  const FpStateGuard guard;
  if (log_theta.size() == 1 && !(log_theta.item() > 0))
    detail::fail<ValueError>("rao_kupper_loss", "log_theta is out of range", detail::str(static_cast<double>(log_theta.item())), "more than 0");
  return detail_::outcome_terms("rao_kupper_loss", first, second, outcomes, log_theta, factor, detail_::rao_kupper_outcome<T>);
}

template <class T>
BasicTensor<T> davidson_terms(const BasicTensor<T>& first, const BasicTensor<T>& second, std::span<const int> outcomes, const BasicTensor<T>& log_nu,
                              double factor) {
  return detail_::outcome_terms("davidson_loss", first, second, outcomes, log_nu, factor, detail_::davidson_outcome<T>);
}

template <class T>
BasicTensor<T> rao_kupper_loss(const BasicTensor<T>& first, const BasicTensor<T>& second, std::span<const int> outcomes, double theta,
                               std::optional<double> count) {
  const FpStateGuard guard;
  if (!(theta > 1)) detail::fail<ValueError>("rao_kupper_loss", "theta is out of range", detail::str(theta), "more than 1");
  return ops::sum(rao_kupper_terms(first, second, outcomes, BasicTensor<T>::scalar(static_cast<T>(math::log(theta))),
                                   detail_::outcome_factor("rao_kupper_loss", outcomes.size(), count)));
}

template <class T>
BasicTensor<T> davidson_loss(const BasicTensor<T>& first, const BasicTensor<T>& second, std::span<const int> outcomes, double nu,
                             std::optional<double> count) {
  const FpStateGuard guard;
  if (!(nu > 0)) detail::fail<ValueError>("davidson_loss", "nu is out of range", detail::str(nu), "more than 0");
  return ops::sum(davidson_terms(first, second, outcomes, BasicTensor<T>::scalar(static_cast<T>(math::log(nu))),
                                 detail_::outcome_factor("davidson_loss", outcomes.size(), count)));
}

}  // namespace reward

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
