#pragma once
#include "tutelage/base/parallel.hpp"
#include "tutelage/reward/linear_reward.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace reward::detail_ {

/// x . w of every row and member, (rows, members).
inline std::vector<double> products(const SparseRows& x, const std::vector<double>& w, std::int64_t members) {
  std::vector<double> out(static_cast<std::size_t>(x.rows() * members), 0.0);
  parallel_for(x.rows(), 1 + 20000 * x.rows() / (1 + static_cast<std::int64_t>(x.values.size()) * members),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; ++i) {
                   double* to = out.data() + i * members;
                   for (std::int64_t k = x.offsets[static_cast<std::size_t>(i)]; k < x.offsets[static_cast<std::size_t>(i) + 1]; ++k) {
                     const auto place = static_cast<std::size_t>(k);
                     const double value = static_cast<double>(x.values[place]);
                     const double* from = w.data() + x.columns[place] * members;
                     for (std::int64_t m = 0; m < members; ++m) to[m] = to[m] + value * from[m];
                   }
                 }
               });
  return out;
}

}  // namespace reward::detail_

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
