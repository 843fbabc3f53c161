#pragma once
#include <optional>
#include <span>

#include "tutelage/tensor/tensor.hpp"

TUTELAGE_BEGIN

namespace reward {

/// Probabilities of the three outcomes, in delta's shape.
template <class T> struct OutcomeProbabilities { BasicTensor<T> win, tie, loss; };

/// Ties by a threshold, D = first - second, d = ln theta: win sigma(D - d), loss sigma(-D - d), tie (exp(2 d) - 1) win loss.
/// theta 1 knows no ties. @throws ValueError for theta below 1. Source: Rao, Kupper 1967. Checked by: test_ties.cpp.
template <class T> OutcomeProbabilities<T> rao_kupper(const BasicTensor<T>& delta, double theta);
/// Ties by a weight: softmax of (D / 2, ln nu, -D / 2), in the order win, tie, loss. nu 0 knows no ties.
/// @throws ValueError for nu below 0. Source: Davidson 1970. Checked by: test_ties.cpp.
template <class T> OutcomeProbabilities<T> davidson(const BasicTensor<T>& delta, double nu);

/// Negative log-likelihood of outcomes (N: 1 the first won, 0 tie, -1 the second won), one term each times `factor`: differentiable by first,
/// second (N) and log_theta (a scalar, above 0), the tie threshold that may be learnt. @throws ShapeError, ValueError
template <class T>
BasicTensor<T> rao_kupper_terms(const BasicTensor<T>& first, const BasicTensor<T>& second, std::span<const int> outcomes,
                                const BasicTensor<T>& log_theta, double factor);
/// The same by Davidson's model; log_nu (a scalar) may be learnt.
template <class T>
BasicTensor<T> davidson_terms(const BasicTensor<T>& first, const BasicTensor<T>& second, std::span<const int> outcomes, const BasicTensor<T>& log_nu,
                              double factor);
/// The mean over outcomes, or the sum over `count`, a scalar in nats. Cost: O(N). Checked by: test_ties.cpp.
template <class T>
BasicTensor<T> rao_kupper_loss(const BasicTensor<T>& first, const BasicTensor<T>& second, std::span<const int> outcomes, double theta,
                               std::optional<double> count = {});
template <class T>
BasicTensor<T> davidson_loss(const BasicTensor<T>& first, const BasicTensor<T>& second, std::span<const int> outcomes, double nu,
                             std::optional<double> count = {});

}  // namespace reward

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/reward/ties.ipp"
#endif
