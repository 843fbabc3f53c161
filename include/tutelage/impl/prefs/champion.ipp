#pragma once
#include "tutelage/base/parallel.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/prefs/champion.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace prefs {

namespace detail_ {
/// Mean of the products by the density of a Beta(4, 3) on 2 p - 1.
inline double mean_exp(const std::array<double, 16>& logs) {
  std::array<double, 16> e, w;
  for (std::size_t k = 0; k < e.size(); ++k) {
    const double s = (static_cast<double>(k) + 0.5) / 16.0;
    w[k] = s * s * s * (1.0 - s) * (1.0 - s);
    e[k] = w[k] * math::exp(logs[k]);
  }
  const auto n = static_cast<std::int64_t>(e.size());
  return kernels::sum16_double(e.data(), n) / kernels::sum16_double(w.data(), n);
}
}  // namespace detail_

TUTELAGE_INLINE void ChampionTestConfig::validate() const {
  const auto need = [](bool ok, const char* field, double got, const char* expected) {
    if (!ok) detail::fail<ConfigError>("ChampionTestConfig", std::string(field) + " is out of range", detail::str(got), expected);
  };
  need(alpha > 0 && alpha < 1, "alpha", alpha, "between 0 and 1");
  need(give_up > 0 && give_up < 1, "give_up", give_up, "between 0 and 1");
  need(error_rate >= 0 && error_rate < 0.5, "error_rate", error_rate, "0 to below 0.5");
  need(max_judgements >= 1, "max_judgements", static_cast<double>(max_judgements), "1 or more");
}

TUTELAGE_INLINE ChampionTest::ChampionTest(ChampionTestConfig config, std::uint64_t seed) : config_(config), seed_(seed) { config_.validate(); }

TUTELAGE_INLINE bool ChampionTest::challenger_first() const {
  return Rng(seed_, Purpose::kQuery, static_cast<std::uint32_t>(asked_), 0, 2).uniform() < 0.5;
}

TUTELAGE_INLINE double ChampionTest::evidence() const { return detail_::mean_exp(for_); }

TUTELAGE_INLINE ChampionVerdict ChampionTest::add(Kind answer, std::optional<double> error_rate) {
  const FpStateGuard guard;
  const char* name = "ChampionTest::add";
  if (verdict_ != ChampionVerdict::kUndecided)
    detail::fail<StateError>(name, "the test is over", "another judgement", "none after the verdict", "Start a new test for a new challenger.");
  if (answer != Kind::kA && answer != Kind::kB && answer != Kind::kTie && answer != Kind::kSkip)
    detail::fail<ValueError>(name, "not an answer about two", prefs::name(answer), "a, b, tie or skip");
  const double e = error_rate.value_or(config_.error_rate);
  if (!(e >= 0 && e < 0.5)) detail::fail<ValueError>(name, "error_rate is out of range", detail::str(e), "0 to below 0.5");
  const bool first = challenger_first();
  ++asked_;
  if (answer == Kind::kSkip) return verdict_;
  ++judgements_;
  if (answer != Kind::kTie) {
    const bool won = (answer == Kind::kA) == first;
    for (std::size_t k = 0; k < for_.size(); ++k) {
      const double p = 0.5 + (static_cast<double>(k) + 0.5) / 32.0, q = (1.0 - e) * p + e * (1.0 - p);
      const double up = math::log(2.0 * q), down = math::log(2.0 * (1.0 - q));
      for_[k] = for_[k] + (won ? up : down);
      against_[k] = against_[k] + (won ? down : up);
    }
  }
  if (evidence() >= 1.0 / config_.alpha)
    verdict_ = ChampionVerdict::kReplace;
  else if (detail_::mean_exp(against_) >= 1.0 / config_.give_up || judgements_ >= config_.max_judgements)
    verdict_ = ChampionVerdict::kKeep;
  return verdict_;
}

}  // namespace prefs

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
