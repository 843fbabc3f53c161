#pragma once
#include <cmath>
#include <cstddef>
#include <vector>

#include "tutelage/base/fail.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace detail {

/// The lower factor L of a small symmetric positive definite matrix A = L L^T (n, n), of which the lower triangle is read. One order on every
/// machine.
class Cholesky {
 public:
  /// @throws NumericError in the name of `function`
  Cholesky(const char* function, std::vector<double> a, std::size_t n) : l_(std::move(a)), n_(n) {
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j <= i; ++j) {
        double s = l_[i * n + j];
        for (std::size_t k = 0; k < j; ++k) s = std::fma(-l_[i * n + k], l_[j * n + k], s);
        if (i != j) {
          l_[i * n + j] = s / l_[j * n + j];
          continue;
        }
        if (!(s > 0)) fail<NumericError>(function, "a matrix is not positive definite", str(s), "a pivot above 0", "Raise l2.");
        l_[i * n + i] = std::sqrt(s);
      }
  }
  /// b becomes x of L x = b.
  void forward(std::vector<double>& b) const {
    for (std::size_t i = 0; i < n_; ++i) {
      double s = b[i];
      for (std::size_t k = 0; k < i; ++k) s = std::fma(-l_[i * n_ + k], b[k], s);
      b[i] = s / l_[i * n_ + i];
    }
  }
  /// b becomes x of L^T x = b.
  void backward(std::vector<double>& b) const {
    for (std::size_t i = n_; i-- > 0;) {
      double s = b[i];
      for (std::size_t k = i + 1; k < n_; ++k) s = std::fma(-l_[k * n_ + i], b[k], s);
      b[i] = s / l_[i * n_ + i];
    }
  }
  /// L z.
  std::vector<double> times(const std::vector<double>& z) const {
    std::vector<double> out(n_, 0.0);
    for (std::size_t i = 0; i < n_; ++i)
      for (std::size_t k = 0; k <= i; ++k) out[i] = std::fma(l_[i * n_ + k], z[k], out[i]);
    return out;
  }

 private:
  std::vector<double> l_;
  std::size_t n_;
};

}  // namespace detail

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
