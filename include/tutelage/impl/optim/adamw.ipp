#pragma once
#include <algorithm>
#include <cmath>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/optim/adamw.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace optim {

TUTELAGE_INLINE void AdamWConfig::validate() const {
  const auto need = [](bool ok, const char* field, double got, const char* expected) {
    if (!ok) detail::fail<ConfigError>("AdamWConfig", std::string(field) + " is out of range", detail::str(got), expected);
  };
  need(learning_rate >= 0 && std::isfinite(learning_rate), "learning_rate", learning_rate, "0 or more");
  need(beta1 >= 0 && beta1 < 1, "beta1", beta1, "0 to below 1");
  need(beta2 >= 0 && beta2 < 1, "beta2", beta2, "0 to below 1");
  need(eps > 0, "eps", eps, "more than 0");
  need(weight_decay >= 0, "weight_decay", weight_decay, "0 or more");
  need(max_grad_norm >= 0, "max_grad_norm", max_grad_norm, "0 (off) or more");
}

TUTELAGE_INLINE double Schedule::factor(std::int64_t step) const {
  if (step < warmup) return static_cast<double>(step + 1) / static_cast<double>(warmup);
  if (kind == Kind::kConstant || total <= warmup) return 1.0;
  const double done = std::min(1.0, static_cast<double>(step - warmup) / static_cast<double>(total - warmup));
  const double rest = kind == Kind::kLinear ? 1.0 - done : 0.5 * (1.0 + math::cos(3.14159265358979323846 * done));
  return floor + (1.0 - floor) * rest;
}

/// Sum of squares by blocks of 4,096 elements in visit order (canonical order, rule 4).
template <class T> double squared_norm(std::span<const BasicTensor<T>> tensors) {
  constexpr std::int64_t kBlock = 4096;
  double total = 0;
  for (const auto& t : tensors)
    for (std::int64_t i = 0; i < t.size(); i += kBlock) total = total + kernels::sum16_square(t.data() + i, std::min(kBlock, t.size() - i));
  return total;
}

template <class T>
double adamw_step(std::span<BasicTensor<T>> params, std::span<const BasicTensor<T>> grads, AdamWState<T>& state, const AdamWConfig& config,
                  double lr_factor) {
  if (params.size() != grads.size())
    detail::fail<ShapeError>("adamw_step", "numbers of tensors differ", detail::str(grads.size()) + " gradients", detail::str(params.size()));
  for (std::size_t i = 0; i < params.size(); ++i)
    if (!(params[i].shape() == grads[i].shape()))
      detail::fail<ShapeError>("adamw_step", "gradient " + detail::str(i) + " has the wrong shape", grads[i].shape().str(), params[i].shape().str());
  const double norm = std::sqrt(squared_norm(grads));
  if (!std::isfinite(norm))
    detail::fail<NumericError>("adamw_step", "gradient is not finite", detail::str(norm), "a finite norm",
                               "Nothing was changed. Lower the learning rate, or look for NaN in the data.");
  if (state.m.empty())
    for (const auto& p : params) {
      state.m.emplace_back(p.shape());
      state.v.emplace_back(p.shape());
    }
  ++state.step;
  state.beta1_power = state.beta1_power * config.beta1;
  state.beta2_power = state.beta2_power * config.beta2;
  kernels::AdamW<T> c;
  c.beta1 = static_cast<T>(config.beta1), c.one_minus_beta1 = static_cast<T>(1.0 - config.beta1);
  c.beta2 = static_cast<T>(config.beta2), c.one_minus_beta2 = static_cast<T>(1.0 - config.beta2);
  c.correction1 = static_cast<T>(1.0 - state.beta1_power), c.correction2 = static_cast<T>(1.0 - state.beta2_power);
  c.lr = static_cast<T>(config.learning_rate * lr_factor), c.eps = static_cast<T>(config.eps);
  c.grad_scale = static_cast<T>(config.max_grad_norm > 0 && norm > config.max_grad_norm ? config.max_grad_norm / norm : 1.0);
  for (std::size_t i = 0; i < params.size(); ++i) {
    c.weight_decay = static_cast<T>(params[i].rank() == 2 ? config.weight_decay : 0.0);
    kernels::adamw(c, grads[i].data(), params[i].mutable_data(), state.m[i].mutable_data(), state.v[i].mutable_data(), params[i].size());
  }
  return norm;
}

}  // namespace optim

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
