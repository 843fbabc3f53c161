#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "tutelage/base/fail.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace detail {

/// The lower factor L of a symmetric positive definite matrix A = L L^T (n, n), of which the lower triangle is read; what stands left of a row's
/// first element that is not 0 costs nothing. One order on every machine.
class Cholesky {
 public:
  Cholesky() = default;
  /// @throws NumericError in the name of `function`
  Cholesky(const char* function, std::vector<double> matrix, std::size_t n) {
    if (!factor(std::move(matrix), n))
      fail<NumericError>(function, "a matrix is not positive definite", "a pivot of 0 or less", "pivots above 0", "Raise l2.");
  }
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
  /// b becomes x of L x = b.
  void forward(double* b) const {
    for (std::size_t i = 0; i < n_; ++i) {
      double s = b[i];
      for (std::size_t k = first_[i]; k < i; ++k) s = s - l_[i * n_ + k] * b[k];
      b[i] = s / l_[i * n_ + i];
    }
  }
  /// b becomes x of L^T x = b.
  void backward(double* b) const {
    for (std::size_t i = n_; i-- > 0;) {
      b[i] = b[i] / l_[i * n_ + i];
      for (std::size_t k = first_[i]; k < i; ++k) b[k] = b[k] - l_[i * n_ + k] * b[i];
    }
  }
  /// b becomes x of A x = b.
  void solve(double* b) const { forward(b), backward(b); }
  std::vector<double> inverse() const {
    std::vector<double> out(n_ * n_, 0.0);
    for (std::size_t i = 0; i < n_; ++i) {
      out[i * n_ + i] = 1.0;
      solve(&out[i * n_]);
    }
    return out;
  }
  /// L z.
  std::vector<double> times(const std::vector<double>& z) const {
    std::vector<double> out(n_, 0.0);
    for (std::size_t i = 0; i < n_; ++i)
      for (std::size_t k = first_[i]; k <= i; ++k) out[i] = out[i] + l_[i * n_ + k] * z[k];
    return out;
  }

 private:
  std::vector<double> l_;
  std::vector<std::size_t> first_;
  std::size_t n_ = 0;
};

}  // namespace detail

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
