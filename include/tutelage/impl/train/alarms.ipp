#pragma once
#include <algorithm>
#include <cmath>
#include <map>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/train/alarms.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace train {

namespace detail_ {
/// Standard deviation over members (ddof 0), mean over answers.
inline double member_spread(std::span<const std::vector<double>> scores) {
  const auto members = static_cast<double>(scores.size());
  std::vector<double> spreads;
  for (std::size_t i = 0; i < scores.front().size(); ++i) {
    double mean = 0, squares = 0;
    for (const auto& m : scores) mean = mean + m[i] / members;
    for (const auto& m : scores) squares = squares + (m[i] - mean) * (m[i] - mean) / members;
    spreads.push_back(std::sqrt(squares));
  }
  return kernels::sum16_double(spreads.data(), static_cast<std::int64_t>(spreads.size())) / static_cast<double>(spreads.size());
}

/// Of the different prompts, the share that got the commonest answer (each prompt's first), and how many prompts there are.
inline std::pair<double, std::int64_t> same_answer(std::span<const std::vector<std::int32_t>> prompts,
                                                   std::span<const std::vector<std::int32_t>> answers) {
  std::map<std::vector<std::int32_t>, std::size_t> first;
  for (std::size_t i = 0; i < prompts.size(); ++i) first.insert({prompts[i], i});
  std::map<std::vector<std::int32_t>, std::int64_t> times;
  std::int64_t most = 0;
  for (const auto& [prompt, i] : first) most = std::max(most, ++times[answers[i]]);
  return {first.empty() ? 0.0 : static_cast<double>(most) / static_cast<double>(first.size()), static_cast<std::int64_t>(first.size())};
}
}  // namespace detail_

TUTELAGE_INLINE void AlarmConfig::validate() const {
  const auto need = [](bool ok, const char* field, double got, const char* expected) {
    if (!ok || !std::isfinite(got)) detail::fail<ConfigError>("AlarmConfig", std::string(field) + " is out of range", detail::str(got), expected);
  };
  need(significance > 0, "significance", significance, "more than 0");
  need(disagreement > 1, "disagreement", disagreement, "more than 1");
  need(same_answer > 0 && same_answer <= 1, "same_answer", same_answer, "above 0 to 1");
  need(least_prompts >= 2, "least_prompts", static_cast<double>(least_prompts), "2 or more");
  need(calibration >= 1, "calibration", static_cast<double>(calibration), "1 or more");
  need(claim_evidence > 1, "claim_evidence", claim_evidence, "more than 1");
  duel.validate();
}

TUTELAGE_INLINE Alarms::Alarms(AlarmConfig config, std::uint64_t seed) : config_(config), seed_(seed), duel_(config.duel, seed) {
  config_.validate();
}

TUTELAGE_INLINE Alarms::Mean Alarms::mean_of(std::span<const double> values) {
  const FpStateGuard guard;
  const auto n = static_cast<double>(values.size());
  Mean m;
  m.mean = kernels::sum16_double(values.data(), static_cast<std::int64_t>(values.size())) / n;
  std::vector<double> squares;
  for (const double v : values) squares.push_back((v - m.mean) * (v - m.mean));
  if (n > 1) m.variance = kernels::sum16_double(squares.data(), static_cast<std::int64_t>(squares.size())) / (n - 1.0) / n;
  return m;
}

TUTELAGE_INLINE double Alarms::rise(const Mean& since) const {
  const double up = now_.mean - since.mean, error = std::sqrt(now_.variance + since.variance);
  return up <= 0 ? 0.0 : error > 0 ? up / error : 1e9;
}

TUTELAGE_INLINE void Alarms::ring(std::vector<Alarm>& to, const char* kind, double value, double limit, const std::string& message) {
  if (std::find(rung_.begin(), rung_.end(), kind) != rung_.end()) return;
  rung_.push_back(kind);
  to.push_back({kind, iteration_, value, limit, message});
}

TUTELAGE_INLINE std::vector<Alarm> Alarms::observe(const AlarmInput& seen) {
  const FpStateGuard guard;
  const char* name = "Alarms::observe";
  if (seen.scores.empty()) detail::fail<ValueError>(name, "no answer", "0 scores", "at least one");
  for (const double s : seen.scores)
    if (!std::isfinite(s)) detail::fail<ValueError>(name, "a score is not finite", detail::str(s), "finite numbers");
  for (const auto& m : seen.member_scores)
    if (m.size() != seen.scores.size())
      detail::fail<ShapeError>(name, "not one score of each member an answer", detail::str(m.size()), detail::str(seen.scores.size()));
  if (seen.prompts.size() != seen.responses.size())
    detail::fail<ShapeError>(name, "not one prompt an answer", detail::str(seen.prompts.size()), detail::str(seen.responses.size()));

  now_ = mean_of(seen.scores);
  if (iteration_ == 0) first_ = duel_start_ = now_;
  const double risen = rise(first_);
  std::vector<Alarm> alarms;
  if (lost_after_ > 0 && rise(duel_start_) >= config_.significance)
    ring(alarms, "duel", static_cast<double>(lost_after_), static_cast<double>(config_.duel.max_judgements),
         "the learned reward rose by " + detail::str(now_.mean - duel_start_.mean) + ", but after " + detail::str(lost_after_) +
             " judgements the champion's answers are the better ones");
  if (doubt_ >= math::log(config_.claim_evidence))
    ring(alarms, "claim", doubt_, math::log(config_.claim_evidence),
         "judges do not find the policy's answers better than the champion's by what the learned reward says");
  if (first_total_ > 0 && total_ > 0 && risen >= config_.significance) {
    const double a = first_right_ / first_total_, b = right_ / total_, all = (first_right_ + right_) / (first_total_ + total_);
    const double error = std::sqrt(all * (1.0 - all) * (1.0 / first_total_ + 1.0 / total_));
    if (error > 0 && (a - b) / error >= config_.significance)
      ring(alarms, "accuracy", b, a, "the learned reward rose, but it is right on " + detail::str(b) + " of new judgements, after " + detail::str(a));
  }
  if (seen.member_scores.size() >= 2) {
    const double spread = detail_::member_spread(seen.member_scores);
    if (iteration_ == 0) first_spread_ = spread;
    if (iteration_ > 0 && spread >= config_.disagreement * first_spread_ && spread > 0)
      ring(alarms, "disagreement", spread, config_.disagreement * first_spread_,
           "the reward models differ by " + detail::str(spread) + " on what the policy says now, by " + detail::str(first_spread_) + " at the start");
  }
  if (!seen.prompts.empty()) {
    const auto [share, count] = detail_::same_answer(seen.prompts, seen.responses);
    if (iteration_ == 0) first_same_ = share;
    if (iteration_ > 0 && count >= config_.least_prompts && share >= config_.same_answer && first_same_ < config_.same_answer / 2)
      ring(alarms, "same_answer", share, config_.same_answer,
           "one and the same answer goes to a share of " + detail::str(share) + " of " + detail::str(count) + " different prompts");
  }
  ++iteration_;
  return alarms;
}

TUTELAGE_INLINE void Alarms::weigh_claim(double claim, double error_rate) {
  const FpStateGuard guard;
  const auto claimed = [](double d, double e) { return (1.0 - e) * math::sigmoid(d) + e * math::sigmoid(-d); };
  if (scale_ > 0) {
    const double q = claimed(scale_ * claim, error_rate);
    doubt_ = std::max(0.0, doubt_ + math::log(0.5) - math::log(0.5 + 0.5 * (q - 0.5)));
    return;
  }
  claims_.push_back({claim, error_rate});
  if (static_cast<std::int64_t>(claims_.size()) < config_.calibration) return;
  double spread = 0, best = -1e300;
  for (const auto& [d, e] : claims_) spread = spread + d * d / static_cast<double>(claims_.size());
  for (int k = 0; k <= 40; ++k) {  // from a hundredth to a hundred, in units of the claims' size
    const double scale = math::exp(math::log(10.0) * (0.1 * k - 2.0)) / std::sqrt(spread + 1e-300);
    double fit = 0;
    for (const auto& [d, e] : claims_) fit = fit + math::log(claimed(scale * d, e) + 1e-12);
    if (fit > best) best = fit, scale_ = scale;
  }
}

TUTELAGE_INLINE prefs::ChampionVerdict Alarms::judged(prefs::Kind answer, std::optional<double> claim, std::optional<double> error_rate) {
  const FpStateGuard guard;
  using V = prefs::ChampionVerdict;
  if (claim && !std::isfinite(*claim)) detail::fail<ValueError>("Alarms::judged", "claim is not finite", detail::str(*claim), "a finite number");
  const bool for_challenger = (answer == prefs::Kind::kA) == duel_.challenger_first();
  const V verdict = duel_.add(answer, error_rate);
  if (claim && (answer == prefs::Kind::kA || answer == prefs::Kind::kB))
    weigh_claim(for_challenger ? *claim : -*claim, error_rate.value_or(config_.duel.error_rate));
  if (verdict == V::kUndecided) return verdict;
  const bool enough = duel_.judgements() >= config_.duel.max_judgements;  // nobody is better
  lost_after_ = verdict == V::kKeep && !enough ? duel_.judgements() : 0;
  if (lost_after_ == 0) duel_start_ = now_;
  duel_ = prefs::ChampionTest(config_.duel, seed_ + ++duels_);
  return verdict;
}

TUTELAGE_INLINE void Alarms::held_out(double right, std::int64_t total) {
  const FpStateGuard guard;
  if (total < 1 || !(right >= 0 && right <= static_cast<double>(total)))
    detail::fail<ValueError>("Alarms::held_out", "right is out of range", detail::str(right) + " of " + detail::str(total),
                             "0 to a total of 1 or more");
  if (first_total_ == 0) {
    first_right_ = right, first_total_ = static_cast<double>(total);
  } else {
    right_ = right_ / 2 + right, total_ = total_ / 2 + static_cast<double>(total);
  }
}

}  // namespace train

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
