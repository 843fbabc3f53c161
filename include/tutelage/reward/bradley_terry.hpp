#pragma once
#include <cstdint>

#include "tutelage/tensor/tensor.hpp"

TUTELAGE_BEGIN

namespace reward {

/// Options of the Bradley-Terry likelihood; an empty tensor leaves a default. All (N).
template <class T>
struct PairOptions {
  BasicTensor<T> margin;       // default 0
  BasicTensor<T> probability;  // that the first is better; default 1
  BasicTensor<T> weight;       // default 1; the mean is weighted
  double center_coef = 0.0;    // times (chosen + rejected)^2
  double error_rate = 0.0;     // e: P' = (1 - e) P + e (1 - P), so that one wrong answer has bounded influence
};

/// One term a pair, times its weight times `factor`, differentiable by both scores:
///   -p log P'(D - margin) - (1 - p) log P'(-(D - margin)) + center_coef (chosen + rejected)^2,  D = chosen - rejected,
///   P' = sigma where error_rate is 0. Never forms log(sigma): softplus.
/// Source: Bradley, Terry 1952; centring: Eisenstein et al. 2023. Checked by: test_bradley_terry.cpp.
template <class T>
BasicTensor<T> bradley_terry_terms(const BasicTensor<T>& chosen, const BasicTensor<T>& rejected, double factor, const PairOptions<T>& options = {});

/// The weighted mean over pairs, a scalar. @throws ShapeError, ValueError for no pair or a probability outside 0 to 1
template <class T>
BasicTensor<T> bradley_terry_loss(const BasicTensor<T>& chosen, const BasicTensor<T>& rejected, const PairOptions<T>& options = {});

}  // namespace reward

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/reward/bradley_terry.ipp"
#endif
