#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "tutelage/base/parallel.hpp"
#include "tutelage/autograd/ops.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/impl/rl/kl.ipp"
#include "tutelage/rl/dpo_loss.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace rl {

namespace detail_ {

enum class DpoType { kSigmoid, kCdpo, kRobust, kHinge, kIpo, kIpoSum, kSimpo, kOrpo };

/// @throws ConfigError, with the nearest name
inline DpoType dpo_type(const std::string& name) {
  static const std::array<std::string, 8> known{"sigmoid", "cdpo", "robust", "hinge", "ipo", "ipo_sum", "simpo", "orpo"};
  const auto at = std::find(known.begin(), known.end(), name);
  if (at == known.end()) {
    const std::string near = detail::nearest(name, known.data(), known.size());
    detail::fail<ConfigError>("dpo_loss", "unknown loss_type", name, "sigmoid, cdpo, robust, hinge, ipo, ipo_sum, simpo or orpo",
                              near.empty() ? "" : "Did you mean " + near + "?");
  }
  return static_cast<DpoType>(at - known.begin());
}

template <class T> struct ValueSlope { T value, slope; };

/// right l(x) + wrong l(-x), l(x) = -log sigma(x).
template <class T> ValueSlope<T> logistic_loss(T x, T right, T wrong) {
  return {right * math::softplus(-x) + wrong * math::softplus(x), wrong * math::sigmoid(x) - right * math::sigmoid(-x)};
}

/// log p - log(1 - p) of p = exp(x), x < 0; a probability of one counts as one step below.
template <class T> ValueSlope<T> log_odds(T x) {
  const T most = sizeof(T) == 4 ? T(-1e-7) : T(-1e-15), at = std::min(x, most), below = -math::expm1(at);
  return {at - (at > T(-0.693) ? math::log(below) : math::log1p(-math::exp(at))), x > most ? T(0) : T(1) / below};
}

template <class T>
void check_dpo(DpoType type, const BasicTensor<T>& chosen, const BasicTensor<T>& rejected, const BasicTensor<T>& ref_chosen,
               const BasicTensor<T>& ref_rejected, const DpoOptions<T>& o) {
  const char* name = "dpo_loss";
  const bool reference = type != DpoType::kSimpo && type != DpoType::kOrpo, per_token = !reference || type == DpoType::kIpo;
  if (chosen.rank() != 1) detail::fail<ShapeError>(name, "policy_chosen has the wrong shape", chosen.shape().str(), "(N)");
  same_shape(name, "policy_rejected", rejected, chosen);
  if (reference || ref_chosen.size()) same_shape(name, "ref_chosen", ref_chosen, chosen);
  if (reference || ref_rejected.size()) same_shape(name, "ref_rejected", ref_rejected, chosen);
  if (!(o.beta > 0 && std::isfinite(o.beta))) detail::fail<ValueError>(name, "beta is out of range", detail::str(o.beta), "more than 0");
  const bool below_half = o.label_smoothing >= 0 && (type == DpoType::kRobust ? o.label_smoothing < 0.5 : o.label_smoothing <= 0.5);
  if (!below_half)
    detail::fail<ValueError>(name, "label_smoothing is out of range", detail::str(o.label_smoothing),
                             type == DpoType::kRobust ? "0 to below 0.5" : "0 to 0.5");
  const bool smooth = type == DpoType::kSigmoid || type == DpoType::kCdpo || type == DpoType::kRobust || type == DpoType::kSimpo;
  if (o.label_smoothing > 0 && !smooth)
    detail::fail<ValueError>(name, "loss_type " + o.loss_type + " knows no label_smoothing", detail::str(o.label_smoothing), "0",
                             "Use sigmoid, cdpo, robust or simpo.");
  for (const auto* lengths : {&o.chosen_lengths, &o.rejected_lengths}) {
    if (!per_token) continue;
    if (!(lengths->shape() == chosen.shape()))
      detail::fail<ValueError>(name, "loss_type " + o.loss_type + " works per token", "lengths of shape " + lengths->shape().str(),
                               "chosen_lengths and rejected_lengths " + chosen.shape().str());
    for (T length : lengths->span())
      if (!(length >= 1)) detail::fail<ValueError>(name, "a length is out of range", detail::str(static_cast<double>(length)), "1 token or more");
  }
}

}  // namespace detail_

template <class T>
DpoLoss<T> dpo_terms(const BasicTensor<T>& chosen, const BasicTensor<T>& rejected, const BasicTensor<T>& ref_chosen,
                     const BasicTensor<T>& ref_rejected, double factor, const DpoOptions<T>& o) {
  const FpStateGuard guard;
  using detail_::DpoType;
  const DpoType type = detail_::dpo_type(o.loss_type);
  detail_::check_dpo(type, chosen, rejected, ref_chosen, ref_rejected, o);
  const bool reference = type != DpoType::kSimpo && type != DpoType::kOrpo, per_token = !reference || type == DpoType::kIpo;
  const T beta = static_cast<T>(o.beta), f = static_cast<T>(factor), target = static_cast<T>(1.0 / (2.0 * o.beta)),
          gamma = static_cast<T>(o.simpo_gamma);
  T right = static_cast<T>(1.0 - o.label_smoothing), wrong = static_cast<T>(o.label_smoothing);
  if (type == DpoType::kRobust) {
    right = static_cast<T>((1.0 - o.label_smoothing) / (1.0 - 2.0 * o.label_smoothing));
    wrong = static_cast<T>(-o.label_smoothing / (1.0 - 2.0 * o.label_smoothing));
  }
  DpoLoss<T> out{{}, BasicTensor<T>(chosen.shape()), BasicTensor<T>(chosen.shape())};
  BasicTensor<T> value(chosen.shape()), slopes[2] = {BasicTensor<T>(chosen.shape()), BasicTensor<T>(chosen.shape())};
  T *y = value.mutable_data(), *dc = slopes[0].mutable_data(), *dr = slopes[1].mutable_data();
  T *reward_c = out.chosen_rewards.mutable_data(), *reward_r = out.rejected_rewards.mutable_data();
  for (std::int64_t i = 0; i < chosen.size(); ++i) {
    T c = chosen.data()[i], r = rejected.data()[i], length_c = 1, length_r = 1;
    if (reference) c = c - ref_chosen.data()[i], r = r - ref_rejected.data()[i];
    if (per_token) {
      length_c = o.chosen_lengths.data()[i], length_r = o.rejected_lengths.data()[i];
      c = c / length_c, r = r / length_r;
    }
    reward_c[i] = beta * c;
    reward_r[i] = beta * r;
    const T d = c - r;
    T loss, slope_c, slope_r;  // by c and r
    switch (type) {
      case DpoType::kHinge:
        loss = std::max(T(0), T(1) - beta * d);
        slope_c = loss > 0 ? -beta : T(0), slope_r = -slope_c;
        break;
      case DpoType::kIpo:
      case DpoType::kIpoSum:
        loss = (d - target) * (d - target);
        slope_c = T(2) * (d - target), slope_r = -slope_c;
        break;
      case DpoType::kOrpo: {
        const auto odds_c = detail_::log_odds(c), odds_r = detail_::log_odds(r);
        const auto l = detail_::logistic_loss(odds_c.value - odds_r.value, T(1), T(0));
        loss = -c + beta * l.value;
        slope_c = T(-1) + beta * l.slope * odds_c.slope, slope_r = -(beta * l.slope * odds_r.slope);
        break;
      }
      default: {
        const auto l = detail_::logistic_loss(type == DpoType::kSimpo ? beta * d - gamma : beta * d, right, wrong);
        loss = l.value;
        slope_c = beta * l.slope, slope_r = -slope_c;
      }
    }
    y[i] = f * loss;
    dc[i] = f * slope_c / length_c;
    dr[i] = f * slope_r / length_r;
  }
  std::vector<BasicTensor<T>> inputs{chosen, rejected}, derivatives{slopes[0], slopes[1]};
  if (reference) {
    inputs.insert(inputs.end(), {ref_chosen, ref_rejected});
    derivatives.insert(derivatives.end(), {ops::neg(slopes[0]), ops::neg(slopes[1])});
  }
  out.losses = ops::with_derivatives(std::move(value), std::span<const BasicTensor<T>>(inputs), std::span<const BasicTensor<T>>(derivatives));
  return out;
}

template <class T>
DpoLoss<T> dpo_loss(const BasicTensor<T>& policy_chosen, const BasicTensor<T>& policy_rejected, const BasicTensor<T>& ref_chosen,
                    const BasicTensor<T>& ref_rejected, const DpoOptions<T>& options) {
  return dpo_terms(policy_chosen, policy_rejected, ref_chosen, ref_rejected, 1.0, options);
}

template <class T>
KtoLoss<T> kto_loss(const BasicTensor<T>& policy, const BasicTensor<T>& reference, const BasicTensor<T>& desirable, double kl, double beta,
                    double desirable_weight, double undesirable_weight) {
  const FpStateGuard guard;
  if (policy.rank() != 1) detail::fail<ShapeError>("kto_loss", "policy has the wrong shape", policy.shape().str(), "(N)");
  detail_::same_shape("kto_loss", "reference", reference, policy);
  detail_::same_shape("kto_loss", "desirable", desirable, policy);
  if (!(beta > 0 && std::isfinite(beta))) detail::fail<ValueError>("kto_loss", "beta is out of range", detail::str(beta), "more than 0");
  if (!(kl >= 0)) detail::fail<ValueError>("kto_loss", "kl is out of range", detail::str(kl), "0 or more", "kto_kl() gives it.");
  const T b = static_cast<T>(beta), z0 = static_cast<T>(kl);
  KtoLoss<T> out{{}, BasicTensor<T>(policy.shape())};
  BasicTensor<T> value(policy.shape()), slopes[2] = {BasicTensor<T>(policy.shape()), {}};
  T *y = value.mutable_data(), *d = slopes[0].mutable_data(), *rewards = out.rewards.mutable_data();
  for (std::int64_t i = 0; i < policy.size(); ++i) {
    const bool wanted = desirable.data()[i] != 0;
    const T ratio = policy.data()[i] - reference.data()[i], z = b * (ratio - z0), w = static_cast<T>(wanted ? desirable_weight : undesirable_weight);
    const T up = math::sigmoid(z), down = math::sigmoid(-z);
    rewards[i] = b * ratio;
    y[i] = w * (wanted ? down : up);
    d[i] = (wanted ? -w : w) * b * up * down;
  }
  slopes[1] = ops::neg(slopes[0]);
  const BasicTensor<T> inputs[2] = {policy, reference};
  out.losses = ops::with_derivatives(std::move(value), std::span<const BasicTensor<T>>(inputs), std::span<const BasicTensor<T>>(slopes));
  return out;
}

template <class T> double kto_kl(const BasicTensor<T>& policy, const BasicTensor<T>& reference) {
  const FpStateGuard guard;
  detail_::same_shape("kto_kl", "reference", reference, policy);
  if (policy.size() == 0) detail::fail<ValueError>("kto_kl", "nothing to average", "no answer", "at least one");
  std::vector<double> ratios;
  for (std::int64_t i = 0; i < policy.size(); ++i) ratios.push_back(static_cast<double>(policy.data()[i]) - static_cast<double>(reference.data()[i]));
  return std::max(0.0, kernels::sum16_double(ratios.data(), policy.size()) / static_cast<double>(policy.size()));
}

}  // namespace rl

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
