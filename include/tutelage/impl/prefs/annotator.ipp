#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "tutelage/base/parallel.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/prefs/annotator.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace prefs {

TUTELAGE_INLINE void SimulatedAnnotatorConfig::validate() const {
  const auto need = [](bool ok, const char* field, double got, const char* expected) {
    if (!ok) detail::fail<ConfigError>("SimulatedAnnotatorConfig", std::string(field) + " is out of range", detail::str(got), expected);
  };
  need(std::isfinite(beta), "beta", beta, "a finite number");
  need(error_rate >= 0 && error_rate <= 1, "error_rate", error_rate, "0 to 1");
  need(!skip_below || std::isfinite(*skip_below), "skip_below", skip_below.value_or(0), "a finite number");
  need(equal_within >= 0, "equal_within", equal_within, "0 or more");
  need(gamma > 0 && gamma <= 1, "gamma", gamma, "above 0, at most 1");
  need(position_bias >= 0 && position_bias <= 1, "position_bias", position_bias, "0 to 1");
  need(std::isfinite(drift), "drift", drift, "a finite number");
  static const std::array<std::string, 3> known{"honest", "contrary", "random"};
  if (std::find(known.begin(), known.end(), behaviour) == known.end()) {
    const std::string near = detail::nearest(behaviour, known.data(), known.size());
    detail::fail<ConfigError>("SimulatedAnnotatorConfig", "unknown behaviour", behaviour, "honest, contrary or random",
                              near.empty() ? "" : "Did you mean " + near + "?");
  }
}

TUTELAGE_INLINE SimulatedAnnotator::SimulatedAnnotator(SimulatedAnnotatorConfig config, std::uint64_t seed)
    : config_(std::move(config)), seed_(seed) {
  config_.validate();
}

TUTELAGE_INLINE void SimulatedAnnotator::scale_to(std::span<const double> returns) {
  const FpStateGuard guard;
  if (returns.empty()) detail::fail<ValueError>("SimulatedAnnotator::scale_to", "nothing to scale to", "no return", "at least two");
  const auto n = static_cast<std::int64_t>(returns.size());
  const double mean = kernels::sum16_double(returns.data(), n) / static_cast<double>(n);
  std::vector<double> centred;
  for (double r : returns) centred.push_back(r - mean);
  const double spread = std::sqrt(kernels::sum16_square(centred.data(), n) / static_cast<double>(n));
  const bool equal = std::all_of(returns.begin(), returns.end(), [&](double r) { return r == returns[0]; });
  if (equal || !(spread > 0 && std::isfinite(spread)))
    detail::fail<ValueError>("SimulatedAnnotator::scale_to", "returns have no spread", detail::str(spread), "a standard deviation above 0");
  centre_ = mean;
  spread_ = spread;
}

TUTELAGE_INLINE double SimulatedAnnotator::seen_return(std::span<const double> rewards) const {
  const FpStateGuard guard;
  if (rewards.empty()) detail::fail<ValueError>("SimulatedAnnotator", "segment is empty", "no reward", "at least one");
  double sum = 0, weight = 1, weights = 0;
  for (std::size_t k = rewards.size(); k-- > 0;) {  // from the last, which weighs 1
    if (!std::isfinite(rewards[k]))
      detail::fail<ValueError>("SimulatedAnnotator", "reward " + detail::str(k) + " is not finite", detail::str(rewards[k]), "a finite number");
    sum = std::fma(weight, rewards[k], sum);
    weights = weights + weight;
    weight = weight * config_.gamma;
  }
  return config_.per_step ? sum / weights : sum;
}

TUTELAGE_INLINE Kind SimulatedAnnotator::answer(std::span<const double> first, std::span<const double> second, std::uint32_t item,
                                                std::uint32_t step) const {
  const FpStateGuard guard;
  if (first.size() != second.size() && !config_.per_step)
    detail::fail<ValueError>("SimulatedAnnotator::answer", "segments differ in length",
                             detail::str(first.size()) + " and " + detail::str(second.size()), "equal lengths",
                             "Sums of unequal lengths mislead: set per_step, or pass whole episodes' returns as numbers.");
  return answer(seen_return(first), seen_return(second), item, step);
}

TUTELAGE_INLINE Kind SimulatedAnnotator::answer(double first, double second, std::uint32_t item, std::uint32_t step) const {
  const FpStateGuard guard;
  if (!std::isfinite(first) || !std::isfinite(second))
    detail::fail<ValueError>("SimulatedAnnotator::answer", "return is not finite", detail::str(first) + " and " + detail::str(second),
                             "finite numbers");
  Rng rng(seed_, Purpose::kAnnotator, item, step);
  const double blind = rng.uniform(), choice = rng.uniform(), mistake = rng.uniform();  // all are drawn always: one setting does not move another's
  if (config_.behaviour == "random") return choice < 0.5 ? Kind::kA : Kind::kB;
  if (config_.skip_below && std::max(first, second) < centre_ + *config_.skip_below * spread_) return Kind::kSkip;
  const double d = config_.behaviour == "contrary" ? second - first : first - second;
  if ((d < 0 ? -d : d) < config_.equal_within * spread_) return Kind::kTie;
  bool a = config_.beta > 0 ? choice < math::sigmoid(config_.beta * d) : d > 0 || (d == 0 && choice < 0.5);
  if (mistake < std::clamp(config_.error_rate + config_.drift * static_cast<double>(step), 0.0, 1.0)) a = !a;
  if (blind < config_.position_bias) a = true;
  return a ? Kind::kA : Kind::kB;
}

TUTELAGE_INLINE Judgement SimulatedAnnotator::judge(Judgement question, std::span<const double> returns, std::uint32_t item, std::uint32_t step) const {
  const FpStateGuard guard;
  const std::size_t n = question.answers.size();
  if (returns.size() != n) detail::fail<ShapeError>("SimulatedAnnotator::judge", "not one return an answer", detail::str(returns.size()), detail::str(n));
  if (n <= 2) {
    const bool turned = n == 2 && !first_shown_first(question).value_or(true);
    const Kind said = n == 1 ? answer(returns[0], centre_, item, step) : answer(returns[turned ? 1 : 0], returns[turned ? 0 : 1], item, step);
    question.kind = said;
    if (said == Kind::kA || said == Kind::kB) {
      const bool yes = (said == Kind::kA) != turned;
      question.kind = n == 1 ? (yes ? Kind::kRight : Kind::kWrong) : (yes ? Kind::kA : Kind::kB);
    } else if (n == 1 && said == Kind::kTie) {
      question.kind = Kind::kCannotJudge;
    }
    return question;
  }
  Rng rng(seed_, Purpose::kAnnotator, item, step, 1);
  const bool blind = config_.behaviour == "random" ||
                     rng.uniform() < std::clamp(config_.error_rate + config_.drift * static_cast<double>(step), 0.0, 1.0);
  std::vector<std::pair<double, std::size_t>> keys;  // strength + Gumbel noise, falling, is Plackett-Luce's order
  for (std::size_t i = 0; i < n; ++i) {
    if (!std::isfinite(returns[i])) detail::fail<ValueError>("SimulatedAnnotator::judge", "return is not finite", detail::str(returns[i]), "a finite number");
    const double r = config_.behaviour == "contrary" ? -returns[i] : returns[i], noise = -math::log(-math::log(std::max(rng.uniform(), 1e-300)));
    keys.push_back({blind ? noise : config_.beta > 0 ? config_.beta * r + noise : r, i});
  }
  std::sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
  question.kind = Kind::kRanking;
  question.ranking.assign(n, 0);
  for (std::size_t place = 0; place < n; ++place) question.ranking[keys[place].second] = static_cast<std::int64_t>(place) + 1;
  return question;
}

TUTELAGE_INLINE double calibrate_beta(std::span<const double> differences, double right, double error_rate) {
  const FpStateGuard guard;
  const char* name = "calibrate_beta";
  if (differences.empty()) detail::fail<ValueError>(name, "nothing to calibrate with", "no difference", "at least one");
  if (!(error_rate >= 0 && error_rate < 0.5)) detail::fail<ValueError>(name, "error_rate is out of range", detail::str(error_rate), "0 to below 0.5");
  double most = 0;
  for (double d : differences) {
    if (!std::isfinite(d)) detail::fail<ValueError>(name, "difference is not finite", detail::str(d), "a finite number");
    most = std::max(most, std::abs(d));
  }
  const auto n = static_cast<std::int64_t>(differences.size());
  const auto share = [&](double beta) {
    std::vector<double> p;
    for (double d : differences) p.push_back(math::sigmoid(beta * std::abs(d)));
    const double s = kernels::sum16_double(p.data(), n) / static_cast<double>(n);
    return (1.0 - error_rate) * s + error_rate * (1.0 - s);
  };
  double low = 0, high = most > 0 ? 1.0 / most : 1.0;
  for (int k = 0; k < 100 && share(high) < right; ++k) high = 2.0 * high;
  if (!(right >= 0.5) || share(high) < right)
    detail::fail<ValueError>(name, "no beta gives this share of right answers", detail::str(right), "0.5 to below " + detail::str(share(high)));
  for (int k = 0; k < 200; ++k) {
    const double middle = 0.5 * (low + high);
    (share(middle) < right ? low : high) = middle;
  }
  return high;
}

}  // namespace prefs

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
