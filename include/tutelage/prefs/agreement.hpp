#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "tutelage/prefs/judgement.hpp"

TUTELAGE_BEGIN

namespace prefs {

/// Labels of annotators, one row each, of the same units: 0 or more, and -1 where he gave none. labels (annotators * units), row after row.
/// Share of pairs of labels of one unit that are equal, over all units with two labels or more. @throws ShapeError; ValueError where there is none
double raw_agreement(std::span<const std::int64_t> labels, std::int64_t annotators);
/// 1 - observed / expected disagreement, for labels without order; 1 where all labels are the same. @throws as raw_agreement.
/// Source: Krippendorff 2011, "Computing Krippendorff's alpha-reliability". Checked by: test_agreement.py against the package krippendorff.
double krippendorff_alpha(std::span<const std::int64_t> labels, std::int64_t annotators);
/// Of two annotators, over units that both labelled: (observed - chance agreement) / (1 - chance agreement); 1 where both gave one label only.
/// @throws ShapeError; ValueError where there is no such unit. Source: Cohen 1960. Checked by: test_agreement.py
double cohen_kappa(std::span<const std::int64_t> first, std::span<const std::int64_t> second);

/// A share of `count` and its 95 % interval (Wilson 1927).
struct Share {
  double share = 0, low = 0, high = 1;
  std::int64_t count = 0;
};
/// Ties may be half a hit. @throws ValueError
Share wilson_share(double hits, std::int64_t count);
/// Of A and B, where the order shown is known: how often the answer shown first was chosen. 0.5 where nobody minds the place.
Share position_bias(std::span<const Judgement> judgements);
/// Of A and B over texts of unequal length, in bytes: how often the longer one was chosen. The rule "longer wins" is right so often.
Share length_bias(std::span<const Judgement> judgements);

}  // namespace prefs

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/prefs/agreement.ipp"
#endif
