#pragma once
#include <algorithm>
#include <cmath>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/prefs/training_data.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace prefs {

TUTELAGE_INLINE void TrainingDataConfig::validate() const {
  const auto need = [](bool ok, const std::string& what, const std::string& got, const char* expected) {
    if (!ok) detail::fail<ConfigError>("TrainingDataConfig", what, got, expected);
  };
  const auto number = [&](const char* field, double x) {
    need(std::isfinite(x) && x >= 0, std::string(field) + " is out of range", detail::str(x), "0 or more");
  };
  number("demonstration_weight", demonstration_weight);
  number("correction_weight", correction_weight);
  number("margin_step", margin_step);
  number("soft_step", soft_step);
  need(strength == "ignore" || strength == "margin" || strength == "soft", "unknown strength", strength, "ignore, margin or soft");
  need(reliability_as == "weight" || reliability_as == "error_rate", "unknown reliability_as", reliability_as, "weight or error_rate");
  for (const auto& [name, eta] : reliability)
    need(eta >= 0 && eta <= 1, "reliability of " + name + " is out of range", detail::str(eta), "0 to 1");
}

namespace detail_ {

/// Reads judgement after judgement into `data`.
class Reader {
 public:
  Reader(const TrainingDataConfig& config, TrainingData& data) : config_(config), data_(data) {}

  void read(const Judgement& j, std::size_t number) {
    j_ = &j;
    number_ = number;
    weight_ = 1.0, error_rate_ = 0.0;
    if (const auto found = config_.reliability.find(j.annotator); found != config_.reliability.end()) {
      const double better = 2.0 * found->second - 1.0;  // than a coin
      if (!(better > 0)) return;
      if (config_.reliability_as == "weight")
        weight_ = better * better;
      else
        error_rate_ = 1.0 - found->second;
    }
    const auto n = static_cast<std::int64_t>(j.answers.size());
    switch (j.kind) {
      case Kind::kA:
      case Kind::kB:
        compare(j.kind == Kind::kA ? 0 : 1, j.kind == Kind::kA ? 1 : 0);
        break;
      case Kind::kTie:
        pair(0, 1, 0.5, 0.0, 1.0);
        break;
      case Kind::kBothBad:
        for (std::int64_t i = 0; i < n; ++i) verdict(i, false);
        break;
      case Kind::kRight:
      case Kind::kWrong:
        verdict(j.answer, j.kind == Kind::kRight);
        break;
      case Kind::kCorrection:
        if (config_.demonstration_weight > 0)
          data_.demonstrations.push_back({j.prompt, j.correction, weight_ * config_.demonstration_weight, {number_, -1}});
        if (j.correction != j.answers[static_cast<std::size_t>(j.answer)].text) {
          pair(-1, j.answer, 1.0, 0.0, config_.correction_weight);
          verdict(j.answer, false);
        }
        verdict(-1, true);
        break;
      case Kind::kRanking:
        rank();
        break;
      case Kind::kSkip:
      case Kind::kCannotJudge:
      case Kind::kComment:
        break;
    }
  }

 private:
  const std::string& text(std::int64_t answer) const {
    return answer < 0 ? j_->correction : j_->answers[static_cast<std::size_t>(answer)].text;
  }
  void pair(std::int64_t chosen, std::int64_t rejected, double probability, double margin, double factor) {
    if (factor > 0)
      data_.preferences.push_back({j_->prompt, text(chosen), text(rejected), probability, margin, weight_ * factor, error_rate_, {number_, chosen},
                                   {number_, rejected}});
  }
  void compare(std::int64_t chosen, std::int64_t rejected) {
    const bool soft = config_.strength == "soft" && j_->strength > 0, margin = config_.strength == "margin";
    pair(chosen, rejected, soft ? math::sigmoid(config_.soft_step * j_->strength) : 1.0, margin ? config_.margin_step * j_->strength : 0.0, 1.0);
  }
  void verdict(std::int64_t answer, bool right) {
    data_.verdicts.push_back({j_->prompt, text(answer), right, weight_, error_rate_, {number_, answer}});
  }
  void rank() {
    const auto& ranks = j_->ranking;
    const auto n = static_cast<std::int64_t>(ranks.size());
    RankedAnswers ranked{j_->prompt, {}, weight_, number_};
    for (std::int64_t r = 1; r <= n; ++r) {
      std::vector<std::int64_t> tier;
      for (std::int64_t i = 0; i < n; ++i)
        if (ranks[static_cast<std::size_t>(i)] == r) tier.push_back(i);
      if (!tier.empty()) ranked.tiers.push_back(std::move(tier));
    }
    data_.rankings.push_back(std::move(ranked));
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t k = i + 1; k < n; ++k) {
        const auto a = ranks[static_cast<std::size_t>(i)], b = ranks[static_cast<std::size_t>(k)];
        pair(a <= b ? i : k, a <= b ? k : i, a == b ? 0.5 : 1.0, 0.0, 2.0 / static_cast<double>(n));
      }
  }

  const TrainingDataConfig& config_;
  TrainingData& data_;
  const Judgement* j_ = nullptr;
  std::size_t number_ = 0;
  double weight_ = 1.0, error_rate_ = 0.0;
};

}  // namespace detail_

TUTELAGE_INLINE TrainingData training_data(std::span<const Judgement> judgements, const TrainingDataConfig& config) {
  config.validate();
  for (const auto& j : judgements) validate(j);
  TrainingData data;
  detail_::Reader reader(config, data);
  for (std::size_t i = 0; i < judgements.size(); ++i) reader.read(judgements[i], i);
  return data;
}

}  // namespace prefs

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
