#pragma once
#include <cstdint>
#include <vector>

#include "tutelage/config.hpp"

TUTELAGE_BEGIN

namespace prefs {

/// Strengths and reliabilities after each answer, in constant time and memory: strength i ~ N(mean_i, variance_i), reliability k ~ Beta(right_k,
/// wrong_k), moments matched after each answer. Rougher than fit_annotators, and its result depends on the order of answers. Source: Chen et al.,
/// WSDM 2013, section 4 (Crowd-BT, online). Checked by: test_online.cpp.
class OnlineAnnotators {
 public:
  /// Every strength starts as N(0, variance), every reliability as Beta(right, wrong), as fit_annotators has it. @throws ValueError for no item, a
  /// variance that is not above 0, or right not above wrong
  explicit OnlineAnnotators(std::int64_t n_items, double right = 3.0, double wrong = 1.5, double variance = 1.0);
  /// A new annotator starts with his first answer. @throws IndexError, ValueError
  void add(std::int64_t winner, std::int64_t loser, std::int64_t annotator);
  const std::vector<double>& means() const { return mean_; }
  const std::vector<double>& variances() const { return variance_; }
  /// The chance that an answer is honest, of each annotator so far.
  std::vector<double> reliability() const;

 private:
  std::vector<double> mean_, variance_, right_, wrong_;
  double first_right_, first_wrong_;
};

}  // namespace prefs

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/prefs/online.ipp"
#endif
