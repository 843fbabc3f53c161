#pragma once
#include <cmath>
#include <string>

#include "tutelage/base/fail.hpp"
#include "tutelage/train/choice.hpp"

TUTELAGE_BEGIN

namespace train {

TUTELAGE_INLINE void Choice::check(const char* function, std::size_t i, std::int64_t items) const {
  const auto need = [&](bool ok, const char* what, double got, const char* expected) {
    if (!ok || !std::isfinite(got))
      detail::fail<ValueError>(function, std::string(what) + " of choice " + detail::str(i) + " is out of range", detail::str(got), expected);
  };
  for (const auto id : {first, second})
    if (id < 0 || id >= items)
      detail::fail<IndexError>(function, "choice " + detail::str(i) + " names an unknown item", detail::str(id), "0 to " + detail::str(items - 1));
  if (first == second)
    detail::fail<ValueError>(function, "choice " + detail::str(i) + " is of an item with itself", detail::str(first) + " twice", "two items");
  need(probability >= 0 && probability <= 1, "probability", probability, "0 to 1");
  need(weight >= 0, "weight", weight, "0 or more");
  need(error_rate >= 0 && error_rate < 0.5, "error_rate", error_rate, "0 to below 0.5");
}

}  // namespace train

TUTELAGE_END
