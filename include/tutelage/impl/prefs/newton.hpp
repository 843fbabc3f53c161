#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "tutelage/base/fail.hpp"
#include "tutelage/impl/base/cholesky.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace prefs::detail_ {

using detail::Cholesky;

/// Adds to the diagonal until the matrix is positive definite.
inline void factor_damped(Cholesky& cholesky, const std::vector<double>& hessian, std::size_t n) {
  double most = 0, damping = 0;
  for (std::size_t i = 0; i < n; ++i) most = std::max(most, std::abs(hessian[i * n + i]));
  for (int k = 0; k < 60; ++k) {
    auto damped = hessian;
    for (std::size_t i = 0; i < n; ++i) damped[i * n + i] = damped[i * n + i] + damping;
    if (cholesky.factor(std::move(damped), n)) return;
    damping = damping > 0 ? 4.0 * damping : 1e-3 * most;
  }
  detail::fail<NumericError>("fit_items", "the Hessian is not finite", detail::str(most), "finite numbers");
}

/// x moves along `step`, halved until value(x) has fallen by a share of `slope` (below 0) times the length. Returns the largest change; 0: no length
/// does.
template <class Value> double line_search(const Value& value, std::vector<double>& x, const std::vector<double>& step, double slope, double& before) {
  std::vector<double> next(x.size());
  for (double length = 1.0; length > 1e-10; length = 0.5 * length) {
    double change = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      next[i] = x[i] + length * step[i];
      change = std::max(change, std::abs(next[i] - x[i]));
    }
    const double after = value(next);
    if (after <= before + 1e-4 * length * slope || change < 1e-9) {  // so near, rounding hides the descent
      x = next;
      before = after;
      return change;
    }
  }
  return 0;
}

}  // namespace prefs::detail_

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
