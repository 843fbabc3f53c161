#pragma once
#include <algorithm>
#include <cmath>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/prefs/online.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace prefs {

TUTELAGE_INLINE OnlineAnnotators::OnlineAnnotators(std::int64_t n_items, double right, double wrong, double variance)
    : first_right_(right), first_wrong_(wrong) {
  if (n_items < 1) detail::fail<ValueError>("OnlineAnnotators", "n_items is out of range", detail::str(n_items), "1 or more");
  if (!(variance > 0 && std::isfinite(variance))) detail::fail<ValueError>("OnlineAnnotators", "variance is out of range", detail::str(variance), "more than 0");
  if (!(wrong > 0 && right > wrong && std::isfinite(right)))
    detail::fail<ValueError>("OnlineAnnotators", "the prior does not lean to the honest side", detail::str(right) + " and " + detail::str(wrong),
                             "right above wrong, wrong above 0");
  mean_.assign(static_cast<std::size_t>(n_items), 0.0);
  variance_.assign(static_cast<std::size_t>(n_items), variance);
}

TUTELAGE_INLINE void OnlineAnnotators::add(std::int64_t winner, std::int64_t loser, std::int64_t annotator) {
  const FpStateGuard guard;
  const auto n = static_cast<std::int64_t>(mean_.size());
  for (auto item : {winner, loser})
    if (item < 0 || item >= n) detail::fail<IndexError>("OnlineAnnotators::add", "item is out of range", detail::str(item), "0 to " + detail::str(n - 1));
  if (winner == loser) detail::fail<ValueError>("OnlineAnnotators::add", "an item is compared with itself", detail::str(winner), "two items");
  if (annotator < 0 || annotator >= (std::int64_t{1} << 24))
    detail::fail<IndexError>("OnlineAnnotators::add", "annotator is out of range", detail::str(annotator), "0 to 16777215");
  const auto w = static_cast<std::size_t>(winner), l = static_cast<std::size_t>(loser), k = static_cast<std::size_t>(annotator);
  if (k >= right_.size()) right_.resize(k + 1, first_right_), wrong_.resize(k + 1, first_wrong_);
  const double a = right_[k], b = wrong_[k], d = mean_[w] - mean_[l];
  const double s = math::sigmoid(d), o = math::sigmoid(-d), so = s * o;
  const double up = a * s / (a * s + b * o), spread = variance_[w] + variance_[l];  // up: that the answer was honest
  const double honest = std::clamp(s + 0.5 * spread * so * (o - s), 1e-9, 1.0 - 1e-9);
  const double move = up - s, bend = up * (1.0 - up) - so;
  mean_[w] = mean_[w] + variance_[w] * move;
  mean_[l] = mean_[l] - variance_[l] * move;
  for (auto i : {w, l}) variance_[i] = variance_[i] * std::max(1.0 + variance_[i] * bend, 1e-4);
  const double c1 = honest, c2 = 1.0 - honest, n1 = a + b, c = (c1 * a + c2 * b) / n1;
  const double first = (c1 * (a + 1.0) * a + c2 * a * b) / (c * (n1 + 1.0) * n1);
  const double second = (c1 * (a + 2.0) * (a + 1.0) * a + c2 * (a + 1.0) * a * b) / (c * (n1 + 2.0) * (n1 + 1.0) * n1);
  const double size = (first - second) / (second - first * first);
  right_[k] = size * first;
  wrong_[k] = size * (1.0 - first);
}

TUTELAGE_INLINE std::vector<double> OnlineAnnotators::reliability() const {
  std::vector<double> out;
  for (std::size_t k = 0; k < right_.size(); ++k) out.push_back(right_[k] / (right_[k] + wrong_[k]));
  return out;
}

}  // namespace prefs

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
