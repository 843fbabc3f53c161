#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "tutelage/autograd/grad.hpp"

TUTELAGE_BEGIN

namespace optim {

struct AdamWConfig {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;           // added to the square root
  double weight_decay = 0.0;   // decoupled; on matrices (rank 2) only
  double max_grad_norm = 1.0;  // clipped by global norm; 0: off
  void validate() const;       // @throws ConfigError
};

/// Factor of the learning rate at a step (from 0): (step + 1) / warmup while step < warmup, then 1 for "constant", or down from 1 to `floor` at
/// `total` along a line or half a cosine, and `floor` from there on. Only the warm-up where total <= warmup.
struct Schedule {
  enum class Kind { kConstant, kLinear, kCosine } kind = Kind::kConstant;
  std::int64_t warmup = 0;
  std::int64_t total = 0;
  double floor = 0.0;
  double factor(std::int64_t step) const;  // @throws ValueError for a negative step
};

/// Moments of one parameter list. Order of the list is the parameters' visit order.
template <class T> struct AdamWState {
  std::int64_t step = 0;
  double beta1_power = 1, beta2_power = 1;
  std::vector<BasicTensor<T>> m, v;
};

/// One AdamW step on `params`, in place; returns the gradient's global norm before clipping.
///   g = grad * min(1, max_grad_norm / norm); m += (1 - beta1)(g - m); v += (1 - beta2)(g^2 - v)
///   p -= learning_rate * lr_factor * (m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps) + weight_decay * p)
/// beta^t are running products in double. Moments that fall below the smallest normal number become 0.
/// Differs from torch: no 1e-6 is added to the norm; vectors do not decay.
/// @throws ShapeError, ConfigError, ValueError, and NumericError where the norm is not finite; nothing is changed then
/// Cost: one pass for the norm, one for the step. Source: Loshchilov, Hutter 2019, algorithm 2. Checked by: test_adamw.cpp.
template <class T>
double adamw_step(std::span<BasicTensor<T>> params, std::span<const BasicTensor<T>> grads, AdamWState<T>& state, const AdamWConfig& config,
                  double lr_factor = 1.0);

/// The same for a parameter struct.
template <class T, class Params> class AdamW {
 public:
  explicit AdamW(AdamWConfig config) : config_(config) { config_.validate(); }
  double step(Params& params, const Params& grads, double lr_factor = 1.0) {
    const auto g = parameter_list<T>(grads);
    auto p = parameter_list<T>(params);
    const std::vector<BasicTensor<T>> held(p.size(), BasicTensor<T>::scalar(T(0)));  // not empty: that would be a parameter that is not there
    params = with_parameters<T>(std::move(params), std::span(held));                 // p is the sole owner now, so that the step writes in place
    double norm;
    try {
      norm = adamw_step<T>(p, std::span<const BasicTensor<T>>(g), state_, config_, lr_factor);
    } catch (...) {
      params = with_parameters<T>(std::move(params), std::span<const BasicTensor<T>>(p));
      throw;
    }
    params = with_parameters<T>(std::move(params), std::span<const BasicTensor<T>>(p));
    return norm;
  }
  AdamWState<T>& state() { return state_; }
  const AdamWConfig& config() const { return config_; }

 private:
  AdamWConfig config_;
  AdamWState<T> state_;
};

}  // namespace optim

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/optim/adamw.ipp"
#endif
