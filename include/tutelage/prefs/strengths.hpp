#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "tutelage/prefs/comparison.hpp"
#include "tutelage/tensor/tensor.hpp"

TUTELAGE_BEGIN

namespace prefs {

/// Bradley-Terry strengths (n_items), mean 0: argmin -sum weight log sigma(th_winner - th_loser) + l2 / 2 sum th^2, by Newton's method: fit_items,
/// which also gives standard errors. An item that nobody compared gets 0. @throws IndexError, ConfigError for l2 not above 0 (the optimum may be
/// infinite), ValueError. Source: Bradley, Terry 1952. Checked by: test_strengths.cpp against choix and SciPy.
Tensor64 fit_strengths(std::span<const Comparison> comparisons, std::int64_t n_items, double l2 = 1.0);

struct AnnotatorFitConfig {
  double l2 = 1.0;                      // of the strengths
  double prior_right = 3.0;             // Beta prior of a reliability: mode 0.8; must lean to the honest side, because
  double prior_wrong = 1.5;             // the likelihood has a mirror optimum with all strengths and reliabilities turned round
  double start = 0.9;                   // reliability at the start
  std::int64_t one_sided_answers = 10;  // who gave so many, all to one side, is left out; 0: nobody is
  double one_sided_share = 1.0;         // "all" means so large a share of them
  std::int64_t max_iterations = 500;
  double tolerance = 1e-9;  // largest change of a strength or reliability in the last step of Newton: what is left is its square
  /// @throws ConfigError
  void validate() const;
};

struct AnnotatorFit {
  Tensor64 strengths;                  // (n_items)
  Tensor64 standard_errors;            // (n_items)
  Tensor64 reliability;                // (annotators): the chance that an answer is honest; 0.5 for those left out
  Tensor64 reliability_errors;         // (annotators): standard errors
  Tensor64 low, high;                  // (annotators): 95 % intervals, symmetric in log-odds; 0 and 1 for those left out
  std::vector<std::int64_t> left_out;  // annotators who always picked one side: their answers were not used
  double mirror_gap = 0;               // nats by which this optimum is better than the one near its mirror: little but the prior decides
  std::int64_t iterations = 0;
  bool converged = false;
  double objective = 0;  // log-likelihood plus log-priors, without constants
};

/// Strengths and annotators' reliabilities together (Crowd-BT): P(winner over loser by k) = eta_k sigma(d) + (1 - eta_k) sigma(-d), Beta prior
/// on eta, l2 on strengths. A few steps of expectation-maximisation from eta = start, then Newton's method on strengths and log-odds of all
/// reliabilities; errors come from its second derivative. Where most of the weight lies on contrary annotators, the mirror optimum (all strengths and
/// reliabilities turned round) has the same likelihood: what is found from there is compared, the better one is returned, and mirror_gap says by how
/// much. annotators: one id a comparison, from 0. @throws ShapeError, IndexError, ConfigError, ValueError; for a soft label, a margin, an error rate
/// or a tie Cost: O(comparisons + n_items^3 + sum over annotators of (items seen)^2) a step. Source: Chen et al., WSDM 2013. Checked by:
/// test_annotators.cpp.
AnnotatorFit fit_annotators(std::span<const Comparison> comparisons, std::span<const std::int64_t> annotators, std::int64_t n_items,
                            const AnnotatorFitConfig& config = {});

}  // namespace prefs

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/prefs/strengths.ipp"
#endif
