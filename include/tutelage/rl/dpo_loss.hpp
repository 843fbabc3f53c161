#pragma once
#include <span>
#include <string>

#include "tutelage/tensor/tensor.hpp"

TUTELAGE_BEGIN

namespace rl {

/// Options of dpo_loss. Lengths (N) are response tokens; ipo, simpo and orpo need them.
template <class T> struct DpoOptions {
  double beta = 0.1;                  // strength of the reference; simpo: scale; orpo: weight of the odds ratio
  std::string loss_type = "sigmoid";  // sigmoid, cdpo, robust, hinge, ipo, ipo_sum, simpo or orpo
  double label_smoothing = 0.0;       // share of wrong labels: sigmoid and simpo (smoothed), cdpo, robust
  double simpo_gamma = 0.0;           // target margin of simpo, in units of beta times log-prob per token
  BasicTensor<T> chosen_lengths, rejected_lengths;
};

template <class T> struct DpoLoss {
  BasicTensor<T> losses;                            // (N), differentiable
  BasicTensor<T> chosen_rewards, rejected_rewards;  // (N), beta times log-ratio; constants
};

/// Direct preference losses, one a pair. Log-probs (N) are summed over response tokens.
///   D = (chosen - ref_chosen) - (rejected - ref_rejected),  l(x) = -log sigma(x),  e = label_smoothing
///   sigmoid, cdpo: (1 - e) l(beta D) + e l(-beta D)         robust: ((1 - e) l(beta D) - e l(-beta D)) / (1 - 2 e)
///   hinge: max(0, 1 - beta D)                               ipo_sum: (D - 1 / (2 beta))^2;  ipo: the same, log-ratios per token
///   simpo: l(beta (c - r) - simpo_gamma)                    orpo: -c + beta l(logit(exp c) - logit(exp r)),  c, r log-probs per token
/// simpo and orpo read no reference: its tensors may be empty; their rewards are beta times the log-prob per token.
/// Differs from the papers: orpo's likelihood term is the mean of sequence means.
/// @throws ShapeError, ConfigError for an unknown loss_type, ValueError for a value out of range or lengths left out. Cost: O(N).
/// Source: arXiv 2305.18290 (sigmoid), Mitchell 2023 (cdpo), 2403.00409 (robust), 2305.10425 (hinge), 2310.12036 (ipo), 2405.14734 (simpo),
/// 2403.07691 (orpo). Checked by: test_dpo_loss.cpp.
template <class T>
DpoLoss<T> dpo_loss(const BasicTensor<T>& policy_chosen, const BasicTensor<T>& policy_rejected, const BasicTensor<T>& ref_chosen,
                    const BasicTensor<T>& ref_rejected, const DpoOptions<T>& options = {});
/// The same with losses times `factor`: a trainer's terms of a part of the step. Rewards are not scaled.
template <class T>
DpoLoss<T> dpo_terms(const BasicTensor<T>& policy_chosen, const BasicTensor<T>& policy_rejected, const BasicTensor<T>& ref_chosen,
                     const BasicTensor<T>& ref_rejected, double factor, const DpoOptions<T>& options = {});

template <class T> struct KtoLoss {
  BasicTensor<T> losses;   // (N), differentiable
  BasicTensor<T> rewards;  // (N), beta times log-ratio; constants
};

/// Loss of single answers, each desirable (1) or not (0). All (N); z = beta ((policy - reference) - kl).
///   desirable: desirable_weight sigma(-z);  else: undesirable_weight sigma(z)
/// `kl` is the step's reference point, no gradient: kto_kl() of mismatched prompts and answers.
/// @throws ShapeError, ValueError. Source: arXiv 2402.01306, eq. 8. Checked by: test_dpo_loss.cpp.
template <class T>
KtoLoss<T> kto_loss(const BasicTensor<T>& policy, const BasicTensor<T>& reference, const BasicTensor<T>& desirable, double kl, double beta = 0.1,
                    double desirable_weight = 1.0, double undesirable_weight = 1.0);
/// max(0, mean(policy - reference)) over the whole step's mismatched answers, in double.
template <class T> double kto_kl(const BasicTensor<T>& policy, const BasicTensor<T>& reference);

}  // namespace rl

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/rl/dpo_loss.ipp"
#endif
