#pragma once
#include <algorithm>
#include <chrono>
#include <numeric>

#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/impl/train/lesson.ipp"
#include "tutelage/impl/train/ppo.ipp"
#include "tutelage/impl/train/reward.ipp"
#include "tutelage/text/augment.hpp"
#include "tutelage/train/teach.hpp"

TUTELAGE_BEGIN

namespace train::detail_ {

/// Seconds of the wall clock since it was made; only reported, never part of a result.
class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

inline TokenIds question_ids(const text::Tokenizer& tokenizer, const std::string& question) {
  const text::Message message{"user", question};
  return text::apply_chat_template(tokenizer, std::span(&message, 1), true);
}

/// The question, the answer and the end mark.
inline TokenIds answered_ids(const text::Tokenizer& tokenizer, const std::string& question, const std::string& answer) {
  auto ids = question_ids(tokenizer, question);
  const auto said = tokenizer.encode(answer);
  ids.insert(ids.end(), said.begin(), said.end());
  ids.push_back(text::end_of_answer(tokenizer));
  return ids;
}

/// The loss of each example's answer, summed over its tokens.
inline std::vector<double> answer_losses(const nn::Transformer& model, std::span<const text::Example> examples) {
  std::vector<double> losses;
  micro_batches(static_cast<std::int64_t>(examples.size()), 32, [&](std::int64_t begin, std::int64_t end) {
    const auto items = examples.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
    const Tensor terms = sft_terms(model, items, 1.0);
    std::int64_t at = 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const std::int64_t n = answer_tokens(items.subspan(i, 1));
      losses.push_back(kernels::sum16_double(terms.data() + at, n));
      at += n;
    }
  });
  return losses;
}

/// The word of a judge who is hardly better than a coin makes no pair.
constexpr double kLeastWeight = 0.02;

/// One update of a Teacher, part by part. All random choices come from one stream, so that the same judgements give the same model.
class Update {
 public:
  Update(const io::ChatModel& base, const TeachConfig& config, const Lesson& lesson, std::uint32_t number, const RunOptions& run)
      : base_(base),
        config_(config),
        lesson_(lesson),
        run_(run),
        rng_(config.seed, Purpose::kQuery, number),
        reword_(base.conversations),
        rehearsed_(by_question(lesson.rehearsal)) {}

  /// 1. On what was called right, there and where the same was objectionable; what nobody objected to is rehearsed.
  void fine_tune(nn::Transformer& policy, TeachReport& report) {
    Stopwatch clock;
    if (config_.sft_steps > 0 && !lesson_.good.empty()) {
      SFTConfig sft;
      sft.optimizer.learning_rate = config_.sft_learning_rate;
      sft.optimizer.beta2 = 0.99;
      SFTTrainer trainer(policy, sft);
      const optim::Schedule schedule{optim::Schedule::Kind::kLinear, 5, config_.sft_steps, 0.0};
      for (std::int64_t k = 0; k < config_.sft_steps && !run_.stop_requested(); ++k) {
        if (k > 0 && k % 50 == 0) find_disturbed(trainer.model());
        std::vector<text::Example> items, kept;
        demonstrate(config_.sft_demonstrations, items);
        rehearse(config_.sft_rehearsal, config_.keep_kl > 0 ? kept : items);
        const auto step = trainer.step(items, schedule.factor(k), {&base_.transformer, kept, config_.keep_kl});
        run_.report({"demonstrations", k + 1, config_.sft_steps, {{"loss", step.loss}}});
      }
      policy = trainer.model();
    }
    report.sft_seconds = clock.seconds();
  }

  /// 2. An ensemble from pairs: what was said, and right above wrong, across questions.
  reward::RewardEnsemble fit_rewards(const nn::Transformer& policy, TeachReport& report) {
    Stopwatch clock;
    std::vector<Pair> pairs;
    const auto add = [&](const std::string& q1, const std::string& a1, const std::string& q2, const std::string& a2, double p, double weight) {
      pairs.push_back({answered_ids(base_.tokenizer, q1, a1), answered_ids(base_.tokenizer, q2, a2), p, weight});
    };
    for (const auto& [p, weight] : lesson_.preferences)
      if (weight >= kLeastWeight) add(p.prompt, p.chosen, p.prompt, p.rejected, p.probability, weight);
    std::vector<Weighed<prefs::Verdict>> rights, wrongs;
    for (const auto& v : lesson_.verdicts)
      if (v.weight >= kLeastWeight) (v.what.right ? rights : wrongs).push_back(v);
    if (!rights.empty() && !wrongs.empty())
      while (static_cast<std::int64_t>(pairs.size()) < config_.judged_pairs) {
        const auto &r = pick_by_weight(rights), &w = pick_by_weight(wrongs);
        add(r.prompt, r.answer, w.prompt, w.answer, 1.0, 1.0);
      }
    report.pairs = static_cast<std::int64_t>(pairs.size());
    reward::RewardEnsemble ensemble;
    const bool wait = config_.reward_after_right && !lesson_.own_right;
    if (config_.reward_models > 0 && !wait && !pairs.empty() && !run_.stop_requested()) {
      RewardConfig config = config_.reward;
      config.seed = config_.seed;
      ensemble = fit_ensemble(policy, pairs, config_.reward_models, config, run_);
    }
    report.reward_seconds = clock.seconds();
    return ensemble;
  }

  /// 3. PPO against the ensemble on the questions that were judged and those of their matter; the learning rate falls to 0.
  /// `held_out`: what reward models were right on before they were fitted to it, of earlier updates and this one.
  void optimise(nn::Transformer& policy, const reward::RewardEnsemble& ensemble, std::span<const std::pair<double, std::int64_t>> held_out,
                TeachReport& report) {
    Stopwatch clock;
    Alarms watch(config_.ppo.alarms);
    for (const auto& [right, total] : held_out) watch.held_out(right, total);
    if (config_.ppo_iterations > 0 && !ensemble.members.empty()) {
      PPOConfig config = config_.ppo;
      config.max_new_tokens = config_.max_new_tokens;
      config.temperature = config_.temperature;
      config.stop_ids = {text::end_of_answer(base_.tokenizer)};
      config.seed = config_.seed;
      PPOTrainer trainer(policy, config);
      for (std::int64_t k = 0; k < config_.ppo_iterations && !run_.stop_requested(); ++k) {
        if (k % 5 == 0) find_disturbed(trainer.policy());
        std::vector<TokenIds> prompts;
        for (std::int64_t i = 0; i < config_.ppo_prompts; ++i) prompts.push_back(reworded_prompt(pick(lesson_.questions)));
        const auto responses = trainer.generate(prompts);
        nn::TokenBatch whole;
        for (std::size_t i = 0; i < prompts.size(); ++i) {
          TokenIds ids = prompts[i];
          ids.insert(ids.end(), responses[i].ids.begin(), responses[i].ids.end());
          whole.add(ids);
        }
        const auto members = ensemble.member_scores(whole);
        const auto scores = reward::mean_score(members);
        for (auto& a : watch.observe({scores, members, {}, {}})) report.alarms.push_back(std::move(a));
        std::vector<text::Example> items;
        rehearse(config_.ppo_rehearsal, items);
        if (config_.sft_steps > 0) demonstrate(config_.ppo_demonstrations, items);
        report.ppo = trainer.step(prompts, responses, scores, items, 1.0 - static_cast<double>(k) / static_cast<double>(config_.ppo_iterations));
        run_.report({"ppo", k + 1, config_.ppo_iterations, {{"reward", report.ppo.reward}, {"kl", report.ppo.kl}}});
      }
      policy = trainer.policy();
    }
    report.ppo_seconds = clock.seconds();
  }

 private:
  template <class List> const typename List::value_type& pick(const List& list) { return list[rng_.below(list.size())]; }

  /// As often as its weight says. What weighs 1 costs no random number.
  const prefs::Verdict& pick_by_weight(const std::vector<Weighed<prefs::Verdict>>& list) {
    for (;;)
      if (const auto& v = pick(list); v.weight >= 1.0 || rng_.uniform() < v.weight) return v.what;
  }

  bool fits(const TokenIds& ids, std::int64_t more) const {
    return static_cast<std::int64_t>(ids.size()) + more <= base_.transformer.config.max_positions;
  }

  TokenIds prompt(const std::string& question) const { return question_ids(base_.tokenizer, question); }
  TokenIds reworded_prompt(const std::string& question) {
    auto ids = prompt(reword_(question, rng_));
    return fits(ids, config_.max_new_tokens) ? ids : prompt(question);
  }
  text::Example example(const text::Conversation& c) {  // reworded, where that fits
    auto e = text::render_example(base_.tokenizer, reword_(c, rng_));
    return fits(e.ids, 0) ? e : text::render_example(base_.tokenizer, c);
  }
  void rehearse(std::int64_t n, std::vector<text::Example>& to) {  // half of it what the lesson disturbed
    for (std::int64_t i = 0; i < n && !rehearsed_.empty(); ++i)
      if (i % 2 && !disturbed_.empty())
        to.push_back(text::render_example(base_.tokenizer, lesson_.rehearsal[pick(rehearsed_[pick(disturbed_)])]));
      else
        to.push_back(example(lesson_.rehearsal[pick(pick(rehearsed_))]));
  }
  /// The questions whose likeliest known answer lost most nats since the start are rehearsed more. R. Aljundi et al. 2019, "Online
  /// continual learning with maximally interfered retrieval".
  void find_disturbed(const nn::Transformer& policy) {
    if (rehearsed_.size() <= kDisturbed) return;  // all of them are rehearsed often
    if (at_start_.empty()) at_start_ = surprise(base_.transformer);
    const auto now = surprise(policy);
    disturbed_.resize(now.size());
    std::iota(disturbed_.begin(), disturbed_.end(), std::size_t{0});
    std::stable_sort(disturbed_.begin(), disturbed_.end(),
                     [&](std::size_t a, std::size_t b) { return now[a] - at_start_[a] > now[b] - at_start_[b]; });
    disturbed_.resize(std::min(disturbed_.size(), kDisturbed));
  }
  /// By question: the loss of the likeliest of its known answers.
  std::vector<double> surprise(const nn::Transformer& policy) const {
    std::vector<text::Example> examples;
    for (const auto& c : lesson_.rehearsal) examples.push_back(text::render_example(base_.tokenizer, c));
    const auto losses = answer_losses(policy, examples);
    std::vector<double> all;
    for (const auto& places : rehearsed_) {
      double least = losses[places[0]];
      for (const std::size_t i : places) least = std::min(least, losses[i]);
      all.push_back(least);
    }
    return all;
  }
  void demonstrate(std::int64_t n, std::vector<text::Example>& to) {
    for (std::int64_t i = 0; i < n && !lesson_.good.empty(); ++i) {
      const auto& d = i % 2 && !lesson_.carried.empty() ? pick(lesson_.carried) : pick(lesson_.good);
      to.push_back(example({{"user", d.prompt}, {"assistant", d.answer}}));
    }
  }

  static constexpr std::size_t kDisturbed = 64;
  const io::ChatModel& base_;
  const TeachConfig& config_;
  const Lesson& lesson_;
  const RunOptions& run_;
  Rng rng_;
  text::Augmenter reword_;
  std::vector<std::vector<std::size_t>> rehearsed_;  // places in lesson_.rehearsal, by question
  std::vector<std::size_t> disturbed_;               // places in rehearsed_
  std::vector<double> at_start_;                     // surprise before the lesson
};

}  // namespace train::detail_

TUTELAGE_END
