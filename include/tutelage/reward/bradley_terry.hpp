#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "tutelage/tensor/tensor.hpp"

TUTELAGE_BEGIN

namespace reward {

/// Options of the Bradley-Terry likelihood; an empty tensor leaves a default. All (N).
template <class T> struct PairOptions {
  BasicTensor<T> margin;               // default 0
  BasicTensor<T> probability;          // that the first is better; default 1
  BasicTensor<T> weight;               // default 1: weight 2 is the pair twice; the mean is weighted
  double center_coef = 0.0;            // times (chosen + rejected)^2
  double error_rate = 0.0;             // e, the share of wrong judgements
  std::optional<double> count;         // the step's sum of weights, where this call sees a part of it
  std::string error_form = "mixture";  // what error_rate means, see below
  BasicTensor<T> error_rates;          // (N), in place of error_rate: of who gave each judgement
};

/// One term a pair, times its weight times `factor`, differentiable by both scores:
///   p l(D - margin) + (1 - p) l(margin - D) + center_coef (chosen + rejected)^2,  D = chosen - rejected
/// l(x) = -log sigma(x) where error_rate e is 0 (softplus: log sigma is never formed). Else, by error_form:
///   mixture:   l(x) = -log((1 - e) sigma(x) + e sigma(-x)): one wrong judgement has bounded influence
///   smoothing: l(x) = -(1 - e) log sigma(x) - e log sigma(-x)
///   uniform:   a coin with chance e, which is a mixture of e / 2
///   unbiased:  l(x) = (-(1 - e) log sigma(x) + e log sigma(-x)) / (1 - 2 e): its mean over flipped labels is the clean loss
/// Source: Bradley, Terry 1952; centring: arXiv 2312.09244; unbiased: Natarajan et al. 2013. Checked by: test_bradley_terry.cpp.
template <class T>
BasicTensor<T> bradley_terry_terms(const BasicTensor<T>& chosen, const BasicTensor<T>& rejected, double factor, const PairOptions<T>& options = {});

/// The weighted mean over pairs, a scalar in nats. @throws ShapeError, ConfigError for an unknown error_form, ValueError for no pair, no
/// weight, or a probability or an error rate out of range
template <class T>
BasicTensor<T> bradley_terry_loss(const BasicTensor<T>& chosen, const BasicTensor<T>& rejected, const PairOptions<T>& options = {});
/// bradley_terry_loss for judges who err: `error_rate` takes the place of the option's.
template <class T>
BasicTensor<T> noisy_bradley_terry_loss(const BasicTensor<T>& chosen, const BasicTensor<T>& rejected, double error_rate, PairOptions<T> options = {});

/// Share of pairs whose chosen score is the higher; equal scores count half. @throws ShapeError for no pair
template <class T> double pair_accuracy(const BasicTensor<T>& chosen, const BasicTensor<T>& rejected);

}  // namespace reward

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/reward/bradley_terry.ipp"
#endif
