#pragma once
#include <algorithm>
#include <cmath>
#include <utility>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/impl/base/team.hpp"
#include "tutelage/impl/train/sft.ipp"
#include "tutelage/reward/bradley_terry.hpp"
#include "tutelage/reward/ties.hpp"
#include "tutelage/train/state_reward.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace train {

namespace detail_ {

inline void one_of(const char* field, const std::string& got, std::initializer_list<const char*> names) {
  std::string all;
  for (const char* name : names) {
    if (got == name) return;
    all += (all.empty() ? "" : ", ") + std::string(name);
  }
  detail::fail<ConfigError>("StateRewardFitConfig", std::string(field) + " is unknown", got, "one of " + all);
}

inline void check_judgements(const char* function, const BehaviourJudgements& judgements, std::int64_t behaviours,
                             const StateRewardFitConfig& config) {
  const auto which = [&](const char* what, std::size_t i) { return std::string(what) + " of choice " + detail::str(i) + " is out of range"; };
  if (judgements.count() == 0) detail::fail<ValueError>(function, "nothing was judged", "0 judgements", "at least one");
  bool weighs = false;
  for (std::size_t i = 0; i < judgements.choices.size(); ++i) {
    const auto& c = judgements.choices[i];
    c.check(function, i, behaviours);
    if (config.choice_likelihood != "bradley_terry" && c.probability != 0 && c.probability != 0.5 && c.probability != 1)
      detail::fail<ValueError>(function, which("probability", i), detail::str(c.probability),
                               "0, 0.5 (a tie) or 1 under " + config.choice_likelihood);
    if (config.choice_likelihood != "bradley_terry" && c.error_rate > 0)
      detail::fail<ValueError>(function, which("error_rate", i), detail::str(c.error_rate), "0 under " + config.choice_likelihood);
    weighs = weighs || c.weight > 0;
  }
  for (std::size_t i = 0; i < judgements.rankings.size(); ++i) {
    const double w = judgements.rankings[i].weight;
    if (!(w >= 0) || !std::isfinite(w))
      detail::fail<ValueError>(function, "weight of ranking " + detail::str(i) + " is out of range", detail::str(w), "0 or more");
    if (config.ranking_likelihood == "best_of_n" && (judgements.rankings[i].ranking.empty() || judgements.rankings[i].ranking[0].size() != 1))
      detail::fail<ValueError>(function, "ranking " + detail::str(i) + " has no single best", "a tie or nothing", "one best under best_of_n");
    weighs = weighs || w > 0;
  }
  if (!weighs) detail::fail<ValueError>(function, "no judgement has a weight", "all 0", "at least one more than 0");
  std::vector<reward::Ranking> rankings;
  for (const auto& r : judgements.rankings) rankings.push_back(r.ranking);
  if (!rankings.empty()) reward::all_pairs_terms(Tensor(Shape{behaviours}), std::span<const reward::Ranking>(rankings), 1.0);  // checks them
}

/// The loss of some judgements: numbers of choices, then (from choices.size() on) of rankings.
class StateRewardLoss {
 public:
  StateRewardLoss(const reward::StateRewardModel& model, const reward::Behaviours& behaviours, const BehaviourJudgements& judgements,
                  const StateRewardFitConfig& config)
      : model_(model), behaviours_(behaviours), judgements_(judgements), config_(config), slot_(static_cast<std::size_t>(behaviours.count()), -1) {}

  double weight(std::int64_t id) const {
    const auto i = static_cast<std::size_t>(id), n = judgements_.choices.size();
    return i < n ? judgements_.choices[i].weight : judgements_.rankings[i - n].weight;
  }
  double weight(std::span<const std::int64_t> ids) const {
    double sum = 0;
    for (auto id : ids) sum = sum + weight(id);
    return sum;
  }
  /// Brings together the behaviours that these judgements speak of.
  void collect(std::span<const std::int64_t> ids) {
    std::vector<std::int64_t> used;
    choices_.clear(), rankings_.clear();
    const auto slot = [&](std::int64_t behaviour) {
      auto& s = slot_[static_cast<std::size_t>(behaviour)];
      if (s < 0) s = static_cast<std::int64_t>(used.size()), used.push_back(behaviour);
      return s;
    };
    for (auto id : ids) {
      const auto i = static_cast<std::size_t>(id), n = judgements_.choices.size();
      if (i < n) {
        const std::int64_t first = slot(judgements_.choices[i].first), second = slot(judgements_.choices[i].second);
        choices_.push_back({id, first, second});
        continue;
      }
      reward::Ranking ranking = judgements_.rankings[i - n].ranking;
      for (auto& tier : ranking)
        for (auto& item : tier) item = slot(item);
      rankings_.push_back({id, std::move(ranking)});
    }
    for (auto behaviour : used) slot_[static_cast<std::size_t>(behaviour)] = -1;
    batch_ = behaviours_.subset(used);
  }
  /// Terms of what was collected, of all members, times weight times factor. counts: of each judgement, how often each member drew it, or empty.
  Tensor terms(const nn::MLP& net, double factor, std::span<const float> counts) const {
    const std::int64_t members = model_.config.members;
    const Tensor returns = model_.returns(net, batch_);
    const Tensor flat = ops::reshape(returns, {returns.size()});
    std::vector<Tensor> parts;
    if (!choices_.empty()) parts.push_back(choice_terms(flat, members, factor, counts));
    if (!rankings_.empty()) parts.push_back(ranking_terms(flat, members, factor, counts));
    return parts.size() == 1 ? parts[0] : ops::concat_rows(std::span<const Tensor>(parts));
  }

 private:
  struct Paired {
    std::int64_t id, first, second;
  };
  struct Ranked {
    std::int64_t id;
    reward::Ranking ranking;
  };
  const Choice& choice(const Paired& paired) const { return judgements_.choices[static_cast<std::size_t>(paired.id)]; }
  static float drawn(std::span<const float> counts, std::int64_t id, std::int64_t member, std::int64_t members) {
    return counts.empty() ? 1.0f : counts[static_cast<std::size_t>(id * members + member)];
  }

  Tensor choice_terms(const Tensor& flat, std::int64_t members, double factor, std::span<const float> counts) const {
    const Shape shape{static_cast<std::int64_t>(choices_.size()) * members};
    std::vector<std::int64_t> first, second;
    std::vector<int> outcomes;
    reward::PairOptions<float> o;
    o.probability = Tensor::uninitialized(shape), o.weight = Tensor::uninitialized(shape);
    if (std::any_of(choices_.begin(), choices_.end(), [&](const Paired& c) { return choice(c).error_rate > 0; })) o.error_rates = Tensor(shape);
    o.center_coef = config_.center_coef, o.error_form = config_.error_form;
    float *p = o.probability.mutable_data(), *w = o.weight.mutable_data(), *e = o.error_rates.size() ? o.error_rates.mutable_data() : nullptr;
    for (const auto& paired : choices_) {
      const auto& c = choice(paired);
      for (std::int64_t m = 0; m < members; ++m) {
        first.push_back(paired.first * members + m);
        second.push_back(paired.second * members + m);
        *p++ = static_cast<float>(c.probability);
        *w++ = static_cast<float>(c.weight) * drawn(counts, paired.id, m, members);
        if (e) *e++ = static_cast<float>(c.error_rate);
        outcomes.push_back(c.probability > 0.5 ? 1 : c.probability < 0.5 ? -1 : 0);
      }
    }
    const Tensor a = ops::rows(flat, first), b = ops::rows(flat, second);
    if (config_.choice_likelihood == "bradley_terry") return reward::bradley_terry_terms(a, b, factor, o);
    const auto tie = Tensor::scalar(static_cast<float>(math::log(config_.tie_parameter)));
    return ops::mul(config_.choice_likelihood == "davidson" ? reward::davidson_terms(a, b, std::span<const int>(outcomes), tie, factor)
                                                            : reward::rao_kupper_terms(a, b, std::span<const int>(outcomes), tie, factor),
                    o.weight);
  }

  Tensor ranking_terms(const Tensor& flat, std::int64_t members, double factor, std::span<const float> counts) const {
    const auto n = static_cast<std::int64_t>(rankings_.size()) * members;
    std::vector<reward::Ranking> all;
    auto weight = Tensor::uninitialized({n});
    float* w = weight.mutable_data();
    for (const auto& ranked : rankings_)
      for (std::int64_t m = 0; m < members; ++m) {
        reward::Ranking own = ranked.ranking;
        for (auto& tier : own)
          for (auto& item : tier) item = item * members + m;
        all.push_back(std::move(own));
        *w++ = static_cast<float>(this->weight(ranked.id)) * drawn(counts, ranked.id, m, members);
      }
    if (config_.ranking_likelihood != "best_of_n") {
      const std::span<const reward::Ranking> given(all);
      return ops::mul(
          config_.ranking_likelihood == "all_pairs" ? reward::all_pairs_terms(flat, given, factor) : reward::plackett_luce_terms(flat, given, factor),
          weight);
    }
    std::vector<Tensor> terms;
    const std::int64_t best[] = {0};
    for (const auto& ranking : all) {
      std::vector<std::int64_t> items;
      for (const auto& tier : ranking) items.insert(items.end(), tier.begin(), tier.end());
      terms.push_back(ops::reshape(reward::best_of_n_loss(ops::rows(flat, items), best, 1.0 / factor), {1}));
    }
    return ops::mul(ops::concat_rows(std::span<const Tensor>(terms)), weight);
  }

  const reward::StateRewardModel& model_;
  const reward::Behaviours& behaviours_;
  const BehaviourJudgements& judgements_;
  const StateRewardFitConfig& config_;
  std::vector<std::int64_t> slot_;
  std::vector<Paired> choices_;
  std::vector<Ranked> rankings_;
  reward::Behaviours batch_;
};

/// How often each member's resample of the judgements in `ids` drew each judgement, (judgements, members).
inline std::vector<float> bootstrap_counts(std::span<const std::int64_t> ids, std::int64_t judgements, std::int64_t members, std::uint64_t seed) {
  std::vector<float> counts(static_cast<std::size_t>(judgements * members), 0.0f);
  for (std::int64_t m = 0; m < members; ++m) {
    Rng rng(seed, Purpose::kEnsemble, static_cast<std::uint32_t>(m));
    for (std::size_t k = 0; k < ids.size(); ++k) {
      auto& count = counts[static_cast<std::size_t>(ids[rng.below(ids.size())] * members + m)];
      count = count + 1.0f;
    }
  }
  return counts;
}

inline double mean_loss(StateRewardLoss& loss, const nn::MLP& net, std::span<const std::int64_t> ids, std::int64_t members) {
  double sum = 0, weight = 0;
  for (std::size_t begin = 0; begin < ids.size(); begin += 256) {
    const auto part = ids.subspan(begin, std::min<std::size_t>(256, ids.size() - begin));
    loss.collect(part);
    const Tensor terms = loss.terms(net, 1.0, {});
    sum = sum + kernels::sum16_double(terms.data(), terms.size());
    weight = weight + loss.weight(part);
  }
  return weight > 0 ? sum / (weight * static_cast<double>(members)) : 0.0;
}

}  // namespace detail_

TUTELAGE_INLINE void StateRewardFitConfig::validate() const {
  const auto need = [](bool ok, const char* field, double got, const char* expected) {
    if (!ok || !std::isfinite(got))
      detail::fail<ConfigError>("StateRewardFitConfig", std::string(field) + " is out of range", detail::str(got), expected);
  };
  need(epochs >= 1, "epochs", static_cast<double>(epochs), "1 or more");
  need(batch_size >= 1, "batch_size", static_cast<double>(batch_size), "1 or more");
  detail_::one_of("choice_likelihood", choice_likelihood, {"bradley_terry", "rao_kupper", "davidson"});
  detail_::one_of("ranking_likelihood", ranking_likelihood, {"plackett_luce", "all_pairs", "best_of_n"});
  detail_::one_of("error_form", error_form, {"mixture", "smoothing", "unbiased"});
  if (choice_likelihood == "rao_kupper") need(tie_parameter > 1, "tie_parameter", tie_parameter, "more than 1 for rao_kupper");
  need(tie_parameter > 0, "tie_parameter", tie_parameter, "more than 0");
  need(center_coef >= 0, "center_coef", center_coef, "0 or more");
  need(held_out_share >= 0 && held_out_share <= 0.9, "held_out_share", held_out_share, "0 to 0.9");
  need(ratio_low > 0, "ratio_low", ratio_low, "more than 0");
  need(ratio_high >= ratio_low, "ratio_high", ratio_high, "ratio_low or more");
  need(decay_step > 1, "decay_step", decay_step, "more than 1");
  need(least_decay > 0, "least_decay", least_decay, "more than 0");
  need(most_decay >= least_decay, "most_decay", most_decay, "least_decay or more");
  optimizer.validate();
}

TUTELAGE_INLINE StateRewardFit fit_state_reward(reward::StateRewardModel& model, const reward::Behaviours& behaviours,
                                                const BehaviourJudgements& judgements, const StateRewardFitConfig& config, const RunOptions& run) {
  const FpStateGuard guard;
  const char* name = "fit_state_reward";
  config.validate();
  behaviours.check(name);
  detail_::check_judgements(name, judgements, behaviours.count(), config);
  const std::int64_t members = model.config.members, all = judgements.count();
  auto ids = shuffled(all, config.seed, -1);
  const auto held = static_cast<std::int64_t>(config.held_out_share * static_cast<double>(all));
  StateRewardFit fit;
  fit.held_out.assign(ids.begin(), ids.begin() + held);
  ids.erase(ids.begin(), ids.begin() + held);
  std::sort(ids.begin(), ids.end());
  std::sort(fit.held_out.begin(), fit.held_out.end());
  const auto n = static_cast<std::int64_t>(ids.size());
  std::vector<float> counts;
  if (members > 1 && config.bootstrap) counts = detail_::bootstrap_counts(ids, all, members, config.seed);

  detail_::StateRewardLoss loss(model, behaviours, judgements, config);
  reward::StateRewardModel fitted = model;
  optim::AdamWConfig adamw = config.optimizer;
  if (held > 0) adamw.weight_decay = std::clamp(adamw.weight_decay, config.least_decay, config.most_decay);
  optim::AdamWState<float> state;
  const auto step = [&](std::span<const std::int64_t> batch, double weight) {
    loss.collect(batch);
    auto found = value_and_grad([&](const nn::MLP& net) { return loss.terms(net, 1.0 / weight, counts); }, fitted.net);
    const auto grads = parameter_list<float>(found.grads);
    auto params = parameter_list<float>(fitted.net);
    const std::vector<Tensor> held_place(params.size(), Tensor::scalar(0));
    fitted.net = with_parameters<float>(std::move(fitted.net), std::span(held_place));  // so that the step writes in place
    optim::adamw_step<float>(params, std::span<const Tensor>(grads), state, adamw);
    fitted.net = with_parameters<float>(std::move(fitted.net), std::span<const Tensor>(params));
    return found.value / static_cast<double>(members);
  };
  std::vector<std::int64_t> batch;
  bool stopped = false;
  for (std::int64_t epoch = 0; epoch < config.epochs && !stopped; ++epoch) {
    const auto order = shuffled(n, config.seed, epoch);
    double sum = 0, weights = 0;
    for (std::int64_t begin = 0; begin < n && !stopped; begin += config.batch_size) {
      if ((stopped = run.stop_requested())) break;
      batch.clear();
      for (std::int64_t i = begin; i < std::min(n, begin + config.batch_size); ++i)
        batch.push_back(ids[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])]);
      const double weight = loss.weight(batch);
      if (!(weight > 0)) continue;
      with_threads([&] { sum = sum + weight * step(batch, weight); });
      weights = weights + weight;
    }
    StateRewardEpoch done{weights > 0 ? sum / weights : 0.0, 0.0, adamw.weight_decay};
    if (held > 0) {
      done.held_out_loss = detail_::mean_loss(loss, fitted.net, fit.held_out, members);
      const double ratio = done.loss > 0 ? done.held_out_loss / done.loss : 1.0;
      if (ratio > config.ratio_high) adamw.weight_decay = std::min(config.most_decay, adamw.weight_decay * config.decay_step);
      if (ratio < config.ratio_low) adamw.weight_decay = std::max(config.least_decay, adamw.weight_decay / config.decay_step);
    }
    fit.epochs.push_back(done);
    run.report({"reward", epoch + 1, config.epochs, {{"loss", done.loss}, {"held_out_loss", done.held_out_loss}}});
  }
  fitted.calibrate(behaviours.inputs);
  model = std::move(fitted);
  return fit;
}

TUTELAGE_INLINE double state_reward_loss(const reward::StateRewardModel& model, const reward::Behaviours& behaviours,
                                         const BehaviourJudgements& judgements, const StateRewardFitConfig& config) {
  const FpStateGuard guard;
  const char* name = "state_reward_loss";
  config.validate();
  behaviours.check(name);
  detail_::check_judgements(name, judgements, behaviours.count(), config);
  detail_::StateRewardLoss loss(model, behaviours, judgements, config);
  std::vector<std::int64_t> ids(static_cast<std::size_t>(judgements.count()));
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int64_t>(i);
  return detail_::mean_loss(loss, model.net, ids, model.config.members);
}

}  // namespace train

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
