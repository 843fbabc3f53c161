#pragma once
#include <algorithm>
#include <cmath>
#include <map>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/prefs/agreement.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace prefs {

namespace detail_ {

/// Calls f with the counts of labels of each unit that has two labels or more.
template <class F> void each_unit(const char* name, std::span<const std::int64_t> labels, std::int64_t annotators, const F& f) {
  if (annotators < 1 || labels.size() % static_cast<std::size_t>(annotators) != 0)
    detail::fail<ShapeError>(name, "labels are no rows of annotators", detail::str(labels.size()) + " labels of " + detail::str(annotators),
                             "as many of each");
  const std::size_t units = labels.size() / static_cast<std::size_t>(annotators);
  bool any = false;
  for (std::size_t u = 0; u < units; ++u) {
    std::map<std::int64_t, double> counts;
    double all = 0;
    for (std::size_t k = 0; k < static_cast<std::size_t>(annotators); ++k) {
      const auto label = labels[k * units + u];
      if (label < -1) detail::fail<ValueError>(name, "label is out of range", detail::str(label), "0 or more, or -1 for none");
      if (label >= 0) counts[label] += 1, all += 1;
    }
    if (all < 2) continue;
    any = true;
    f(counts, all);
  }
  if (!any) detail::fail<ValueError>(name, "nothing to compare", "no unit with two labels", "at least one");
}

}  // namespace detail_

TUTELAGE_INLINE double raw_agreement(std::span<const std::int64_t> labels, std::int64_t annotators) {
  const FpStateGuard guard;
  double equal = 0, pairs = 0;
  detail_::each_unit("raw_agreement", labels, annotators, [&](const auto& counts, double all) {
    for (const auto& [label, n] : counts) equal = equal + n * (n - 1.0);
    pairs = pairs + all * (all - 1.0);
  });
  return equal / pairs;
}

TUTELAGE_INLINE double krippendorff_alpha(std::span<const std::int64_t> labels, std::int64_t annotators) {
  const FpStateGuard guard;
  double differ = 0, total = 0;
  std::map<std::int64_t, double> sums;
  detail_::each_unit("krippendorff_alpha", labels, annotators, [&](const auto& counts, double all) {
    double here = all * (all - 1.0);
    for (const auto& [label, n] : counts) {
      here = here - n * (n - 1.0);
      sums[label] += n;
    }
    differ = differ + here / (all - 1.0);
    total = total + all;
  });
  double expected = total * (total - 1.0);
  for (const auto& [label, n] : sums) expected = expected - n * (n - 1.0);
  return expected > 0 ? 1.0 - (total - 1.0) * differ / expected : 1.0;
}

TUTELAGE_INLINE double cohen_kappa(std::span<const std::int64_t> first, std::span<const std::int64_t> second) {
  const FpStateGuard guard;
  if (first.size() != second.size())
    detail::fail<ShapeError>("cohen_kappa", "labels differ in number", detail::str(second.size()), detail::str(first.size()));
  std::map<std::int64_t, double> by_first, by_second;
  double n = 0, equal = 0, chance = 0;
  for (std::size_t u = 0; u < first.size(); ++u) {
    if (first[u] < -1 || second[u] < -1)
      detail::fail<ValueError>("cohen_kappa", "label is out of range", detail::str(std::min(first[u], second[u])), "0 or more, or -1 for none");
    if (first[u] < 0 || second[u] < 0) continue;
    by_first[first[u]] += 1, by_second[second[u]] += 1, n += 1;
    equal += first[u] == second[u];
  }
  if (n == 0) detail::fail<ValueError>("cohen_kappa", "nothing to compare", "no unit that both labelled", "at least one");
  for (const auto& [label, count] : by_first)
    if (const auto other = by_second.find(label); other != by_second.end()) chance = chance + count * other->second / (n * n);
  return chance < 1 ? (equal / n - chance) / (1.0 - chance) : 1.0;
}

TUTELAGE_INLINE Share wilson_share(double hits, std::int64_t count) {
  const FpStateGuard guard;
  if (count < 0 || !(hits >= 0 && hits <= static_cast<double>(count)))
    detail::fail<ValueError>("wilson_share", "hits are out of range", detail::str(hits), "0 to " + detail::str(count));
  if (count == 0) return {0.5, 0.0, 1.0, 0};
  const double n = static_cast<double>(count), p = hits / n, z = 1.959963984540054, scale = 1.0 + z * z / n;
  const double middle = (p + z * z / (2.0 * n)) / scale, half = z * std::sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n)) / scale;
  return {p, std::max(0.0, middle - half), std::min(1.0, middle + half), count};
}

TUTELAGE_INLINE Share position_bias(std::span<const Judgement> judgements) {
  std::int64_t hits = 0, count = 0;
  for (const auto& j : judgements)
    if (const auto first = first_shown_first(j); first && (j.kind == Kind::kA || j.kind == Kind::kB)) ++count, hits += *first == (j.kind == Kind::kA);
  return wilson_share(static_cast<double>(hits), count);
}

TUTELAGE_INLINE Share length_bias(std::span<const Judgement> judgements) {
  std::int64_t hits = 0, count = 0;
  for (const auto& j : judgements)
    if ((j.kind == Kind::kA || j.kind == Kind::kB) && j.answers.size() == 2 && j.answers[0].text.size() != j.answers[1].text.size())
      ++count, hits += (j.answers[0].text.size() > j.answers[1].text.size()) == (j.kind == Kind::kA);
  return wilson_share(static_cast<double>(hits), count);
}

}  // namespace prefs

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
