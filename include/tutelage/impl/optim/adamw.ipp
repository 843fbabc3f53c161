#pragma once
#include <algorithm>
#include <cmath>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/base/parallel.hpp"
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
  need(static_cast<float>(eps) > 0 && std::isfinite(eps), "eps", eps, "more than 0 in float");
  need(weight_decay >= 0 && std::isfinite(weight_decay), "weight_decay", weight_decay, "0 or more");
  need(max_grad_norm >= 0, "max_grad_norm", max_grad_norm, "0 (off) or more");
}

TUTELAGE_INLINE double Schedule::factor(std::int64_t step) const {
  if (step < 0) detail::fail<ValueError>("Schedule::factor", "step is negative", detail::str(step), "0 or more");
  const FpStateGuard guard;
  if (step < warmup) return static_cast<double>(step + 1) / static_cast<double>(warmup);
  if (kind == Kind::kConstant || total <= warmup) return 1.0;
  const double done = std::min(1.0, static_cast<double>(step - warmup) / static_cast<double>(total - warmup));
  const double rest = kind == Kind::kLinear ? 1.0 - done : 0.5 * (1.0 + math::cos(3.14159265358979323846 * done));
  return floor + (1.0 - floor) * rest;
}

/// Sum of squares by blocks of 4,096 elements in visit order (canonical order, rule 4); threads share the blocks, one adds them up.
template <class T> double squared_norm(std::span<const BasicTensor<T>> tensors) {
  constexpr std::int64_t kBlock = 4096;
  struct Block {
    const T* data;
    std::int64_t size;
    double sum;
  };
  std::vector<Block> blocks;
  for (const auto& t : tensors)
    for (std::int64_t i = 0; i < t.size(); i += kBlock) blocks.push_back({t.data() + i, std::min(kBlock, t.size() - i), 0});
  parallel_for(static_cast<std::int64_t>(blocks.size()), 16, [&](std::int64_t begin, std::int64_t end) {
    for (auto b = static_cast<std::size_t>(begin); b < static_cast<std::size_t>(end); ++b)
      blocks[b].sum = kernels::sum16_square(blocks[b].data, blocks[b].size);
  });
  double total = 0;
  for (const auto& b : blocks) total = total + b.sum;
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
  const bool fresh = state.m.empty() && state.v.empty();
  bool fits = fresh || (state.m.size() == params.size() && state.v.size() == params.size());
  for (std::size_t i = 0; i < params.size() && fits && !fresh; ++i)
    fits = state.m[i].shape() == params[i].shape() && state.v[i].shape() == params[i].shape();
  if (!fits)
    detail::fail<ShapeError>("adamw_step", "moments belong to other parameters", detail::str(state.m.size()) + " moments",
                             detail::str(params.size()) + " of the parameters' shapes", "Start a new state.");
  config.validate();
  if (!(lr_factor >= 0) || !std::isfinite(lr_factor))
    detail::fail<ValueError>("adamw_step", "lr_factor is out of range", detail::str(lr_factor), "0 or more");
  const FpStateGuard guard;
  const double norm = std::sqrt(squared_norm(grads));
  if (!std::isfinite(norm))
    detail::fail<NumericError>("adamw_step", "gradient is not finite", detail::str(norm), "a finite norm",
                               "Nothing was changed. Lower the learning rate, or look for NaN in the data.");
  constexpr std::int64_t kPart = 4096;
  // All memory first: nothing below can fail, so that no step is ever half done.
  std::vector<BasicTensor<T>> m = std::move(state.m), v = std::move(state.v);
  struct Part {  // of a parameter: a piece of the one loop over all of them
    const T* grad;
    T *param, *m, *v;
    std::int64_t size;
    bool decays;
  };
  std::vector<Part> parts;
  try {
    if (fresh)
      for (const auto& p : params) {
        m.emplace_back(p.shape());
        v.emplace_back(p.shape());
      }
    for (std::size_t i = 0; i < params.size(); ++i) {
      T *p = params[i].mutable_data(), *pm = m[i].mutable_data(), *pv = v[i].mutable_data();
      for (std::int64_t at = 0; at < params[i].size(); at += kPart)
        parts.push_back({grads[i].data() + at, p + at, pm + at, pv + at, std::min(kPart, params[i].size() - at), params[i].rank() == 2});
    }
  } catch (...) {
    if (!fresh) state.m = std::move(m), state.v = std::move(v);
    throw;
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
  parallel_for(static_cast<std::int64_t>(parts.size()), 4, [&](std::int64_t begin, std::int64_t end) {
    auto own = c;
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      const Part& p = parts[i];
      own.weight_decay = static_cast<T>(p.decays ? config.weight_decay : 0.0);
      kernels::table<T>().adamw(own, p.grad, p.param, p.m, p.v, 0, p.size);
    }
  });
  state.m = std::move(m), state.v = std::move(v);
  return norm;
}

}  // namespace optim

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
