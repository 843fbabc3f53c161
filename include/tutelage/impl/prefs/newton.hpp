#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "tutelage/base/fail.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace prefs::detail_ {

/// The lower factor of a symmetric positive definite matrix (n, n), of which the lower triangle is read; what stands left of a row's first element that
/// is not 0 costs nothing. One order on every machine.
class Cholesky {
 public:
  /// False where the matrix is not positive definite.
  bool factor(std::vector<double> matrix, std::size_t n) {
    l_ = std::move(matrix);
    n_ = n;
    first_.assign(n, 0);
    for (std::size_t i = 0; i < n; ++i)
      while (first_[i] < i && l_[i * n + first_[i]] == 0) ++first_[i];
    for (std::size_t i = 0; i < n; ++i) {
      double* row = &l_[i * n];
      for (std::size_t j = first_[i]; j <= i; ++j) {
        const double* other = &l_[j * n];
        double s = row[j];
        for (std::size_t k = std::max(first_[i], first_[j]); k < j; ++k) s = s - row[k] * other[k];
        if (j < i) {
          row[j] = s / other[j];
        } else {
          if (!(s > 0)) return false;
          row[j] = std::sqrt(s);
        }
      }
    }
    return true;
  }
  /// b becomes the solution.
  void solve(double* b) const {
    for (std::size_t i = 0; i < n_; ++i) {
      double s = b[i];
      for (std::size_t k = first_[i]; k < i; ++k) s = s - l_[i * n_ + k] * b[k];
      b[i] = s / l_[i * n_ + i];
    }
    for (std::size_t i = n_; i-- > 0;) {
      b[i] = b[i] / l_[i * n_ + i];
      for (std::size_t k = first_[i]; k < i; ++k) b[k] = b[k] - l_[i * n_ + k] * b[i];
    }
  }
  std::vector<double> inverse() const {
    std::vector<double> out(n_ * n_, 0.0);
    for (std::size_t i = 0; i < n_; ++i) {
      out[i * n_ + i] = 1.0;
      solve(&out[i * n_]);
    }
    return out;
  }

 private:
  std::vector<double> l_;
  std::vector<std::size_t> first_;
  std::size_t n_ = 0;
};

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

/// x moves along `step`, halved until value(x) has fallen by a share of `slope` (below 0) times the length. Returns the largest change; 0: no length does.
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
