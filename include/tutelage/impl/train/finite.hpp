#pragma once
#include <cmath>
#include <string>

#include "tutelage/base/fail.hpp"
#include "tutelage/optim/adamw.hpp"

TUTELAGE_BEGIN

namespace train {
namespace detail_ {

inline bool finite(std::span<const float> values) {
  for (const float x : values)
    if (!std::isfinite(x)) return false;
  return true;
}

/// The name of the first tensor in visit order that holds what is not finite, or "".
template <class Params> std::string first_bad(const Params& params) {
  std::string name;
  params.visit([&](const std::string& n, const Tensor& t) {
    if (name.empty() && !finite(t.span())) name = n;
  });
  return name;
}

/// One optimiser step, or a NumericError that names the first bad tensor: a parameter, else the loss, else a gradient; nothing is changed then.
template <class Params>
double finite_step(const char* function, optim::AdamW<float, Params>& optimizer, Params& params, const ValueAndGrad<float, Params>& result,
                   double lr_factor) {
  const auto fail = [&](const std::string& what, const char* hint) {
    detail::fail<NumericError>(function, what + " is not finite", "NaN or infinity", "finite numbers", std::string("Nothing was changed. ") + hint);
  };
  const auto check_parameters = [&] {
    const auto bad = first_bad(params);
    if (!bad.empty()) fail("parameter " + bad, "It was so before this step: look at what was loaded, or lower the learning rate of the step before.");
  };
  if (!std::isfinite(result.value)) {
    check_parameters();
    fail("the loss", "Lower the learning rate, or look for huge rewards, advantages or log-ratios.");
  }
  try {
    return optimizer.step(params, result.grads, lr_factor);
  } catch (const NumericError&) {
    check_parameters();
    fail("gradient of " + first_bad(result.grads), "Lower the learning rate, or look for huge numbers in the data.");
    throw;
  }
}

}  // namespace detail_
}  // namespace train

TUTELAGE_END
