#pragma once
#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <set>

#include "tutelage/base/fail.hpp"
#include "tutelage/impl/train/ppo.ipp"
#include "tutelage/impl/train/reward.ipp"
#include "tutelage/impl/train/understand.ipp"
#include "tutelage/text/augment.hpp"
#include "tutelage/train/teach.hpp"

TUTELAGE_BEGIN

namespace train {

namespace detail_ {

/// Seconds of the wall clock since it was made; only reported, never part of a result.
class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// What an update learns from, sorted out of the judgements and the exchanges to rehearse.
struct Lesson {
  prefs::TrainingData data;
  std::vector<prefs::Demonstration> good;           // the different corrections and answers called right
  std::set<std::string> rejected;                   // answers objected to more often than accepted
  std::vector<prefs::Demonstration> objectionable;  // exchanges that give a rejected answer
  std::vector<text::Conversation> rehearsal;        // exchanges whose answer nobody objected to
  std::vector<std::string> questions;               // asked, and those of dropped exchanges: the same mistake elsewhere
};

inline const std::string& last_content(const text::Conversation& c, const char* role) {
  static const std::string none;
  for (auto it = c.rbegin(); it != c.rend(); ++it)
    if (it->role == role) return it->content;
  return none;
}

inline Lesson make_lesson(std::span<const prefs::Judgement> judgements, std::span<const text::Conversation> conversations) {
  Lesson lesson;
  lesson.data = prefs::training_data(judgements);
  std::map<std::string, std::int64_t> balance;  // right minus wrong, by answer
  for (const auto& v : lesson.data.verdicts) balance[v.answer] += v.right ? 1 : -1;
  for (const auto& p : lesson.data.preferences)
    if (p.probability == 1.0) balance[p.rejected] -= 1, balance[p.chosen] += 1;
  for (const auto& [answer, n] : balance)
    if (n < 0) lesson.rejected.insert(answer);

  std::set<std::pair<std::string, std::string>> seen;
  const auto good = [&](const std::string& prompt, const std::string& answer) {
    if (!lesson.rejected.count(answer) && seen.insert({prompt, answer}).second) lesson.good.push_back({prompt, answer});
  };
  for (const auto& d : lesson.data.demonstrations) good(d.prompt, d.answer);
  for (const auto& v : lesson.data.verdicts)
    if (v.right) good(v.prompt, v.answer);
  for (const auto& p : lesson.data.preferences)
    if (p.probability == 1.0 && lesson.data.verdicts.empty()) good(p.prompt, p.chosen);

  std::set<std::string> asked;
  const auto ask = [&](const std::string& q) {
    if (asked.insert(q).second) lesson.questions.push_back(q);
  };
  for (const auto& j : judgements) ask(j.prompt);
  for (const auto& c : conversations) {
    if (lesson.rejected.count(last_content(c, "assistant"))) {
      if (!asked.count(last_content(c, "user"))) lesson.objectionable.push_back({last_content(c, "user"), last_content(c, "assistant")});
      ask(last_content(c, "user"));
    } else if (!asked.count(last_content(c, "user")))
      lesson.rehearsal.push_back(c);
  }
  return lesson;
}

}  // namespace detail_

TUTELAGE_INLINE TeachConfig::TeachConfig() {
  reward.optimizer.learning_rate = 3e-4;
  reward.optimizer.beta2 = 0.99;
  reward.optimizer.weight_decay = 0.01;
  ppo.optimizer.learning_rate = 3e-4;
  ppo.optimizer.beta2 = 0.99;
  ppo.kl_coef = 0.1;
  ppo.missing_eos_penalty = 1.0;
  ppo.ptx_coef = 1.0;
}

TUTELAGE_INLINE void TeachConfig::validate() const {
  const auto need = [](bool ok, const char* field, double got, const char* expected) {
    if (!ok) detail::fail<ConfigError>("TeachConfig", std::string(field) + " is out of range", detail::str(got), expected);
  };
  need(max_new_tokens >= 1, "max_new_tokens", static_cast<double>(max_new_tokens), "1 or more");
  need(temperature > 0, "temperature", temperature, "more than 0");
  for (const auto& [value, field] : {std::pair{sft_steps, "sft_steps"},
                                     {sft_demonstrations, "sft_demonstrations"},
                                     {sft_rehearsal, "sft_rehearsal"},
                                     {reward_models, "reward_models"},
                                     {ppo_iterations, "ppo_iterations"},
                                     {ppo_rehearsal, "ppo_rehearsal"}})
    need(value >= 0, field, static_cast<double>(value), "0 or more");
  need(ppo_prompts >= 1, "ppo_prompts", static_cast<double>(ppo_prompts), "1 or more");
  need(sft_learning_rate > 0, "sft_learning_rate", sft_learning_rate, "more than 0");
  reward.validate();
  ppo.validate();
}

TUTELAGE_INLINE Teacher::Teacher(io::ChatModel model, TeachConfig config)
    : base_(std::move(model)), config_(std::move(config)), policy_(base_.transformer) {
  config_.validate();
}

TUTELAGE_INLINE TokenIds Teacher::prompt_ids(const std::string& question) const {
  if (question.empty()) detail::fail<ValueError>("Teacher", "question is empty", "\"\"", "some text");
  const text::Message message{"user", question};
  auto ids = text::apply_chat_template(base_.tokenizer, std::span(&message, 1), true);
  const std::int64_t most = base_.transformer.config.max_positions - config_.max_new_tokens;
  if (static_cast<std::int64_t>(ids.size()) > most)
    detail::fail<ValueError>("Teacher", "question is too long", detail::str(ids.size()) + " tokens", "at most " + detail::str(most));
  return ids;
}

TUTELAGE_INLINE TokenIds Teacher::sequence(const std::string& question, const std::string& answer) const {
  auto ids = prompt_ids(question);
  const auto said = base_.tokenizer.encode(answer);
  ids.insert(ids.end(), said.begin(), said.end());
  ids.push_back(base_.tokenizer.special_id("<|im_end|>"));
  if (static_cast<std::int64_t>(ids.size()) > base_.transformer.config.max_positions)
    detail::fail<ValueError>("Teacher", "question and answer are too long", detail::str(ids.size()) + " tokens",
                             "at most " + detail::str(base_.transformer.config.max_positions));
  return ids;
}

TUTELAGE_INLINE nn::TokenBatch Teacher::sequences(std::span<const std::string> questions, std::span<const std::string> answers) const {
  if (questions.size() != answers.size())
    detail::fail<ShapeError>("Teacher", "not one answer a question", detail::str(answers.size()), detail::str(questions.size()));
  nn::TokenBatch batch;
  for (std::size_t i = 0; i < questions.size(); ++i) batch.add(sequence(questions[i], answers[i]));
  return batch;
}

TUTELAGE_INLINE std::string Teacher::answer(const std::string& question) {
  nn::GenerateOptions o;
  o.max_new_tokens = config_.max_new_tokens;
  o.temperature = 0;
  o.stop_ids = {base_.tokenizer.special_id("<|im_end|>")};
  std::string said = base_.tokenizer.decode(nn::generate(policy_, {prompt_ids(question)}, o)[0].ids);
  last_ = {question, said};
  return said;
}

TUTELAGE_INLINE std::vector<std::string> Teacher::sample(std::span<const std::string> questions, std::uint32_t sample) const {
  std::vector<TokenIds> prompts;
  for (const auto& q : questions) prompts.push_back(prompt_ids(q));
  nn::GenerateOptions o;
  o.max_new_tokens = config_.max_new_tokens;
  o.temperature = config_.temperature;
  o.stop_ids = {base_.tokenizer.special_id("<|im_end|>")};
  o.seed = config_.seed;
  o.sample = sample;
  std::vector<std::string> answers;
  for (const auto& g : nn::generate(policy_, prompts, o)) answers.push_back(base_.tokenizer.decode(g.ids));
  return answers;
}

TUTELAGE_INLINE void Teacher::judge(prefs::Judgement judgement) {
  prefs::validate(judgement);
  sequence(judgement.prompt, judgement.answer_a);  // what does not fit the model is refused here, not in the middle of an update
  if (!judgement.answer_b.empty()) sequence(judgement.prompt, judgement.answer_b);
  if (!judgement.correction.empty()) sequence(judgement.prompt, judgement.correction);
  judgements_.push_back(std::move(judgement));
}

TUTELAGE_INLINE prefs::Judgement Teacher::feedback(const Understood& what) {
  using K = Understood::Kind;
  if (!last_) detail::fail<StateError>("Teacher::feedback", "nothing was answered yet", "feedback", "a question first");
  prefs::Judgement j;
  j.prompt = last_->first;
  j.answer_a = last_->second;
  switch (what.kind) {
    case K::kRight:
      j.kind = prefs::Kind::kRight;
      break;
    case K::kWrong:
      j.kind = prefs::Kind::kWrong;
      break;
    case K::kSay:
      j.kind = prefs::Kind::kCorrection, j.correction = what.text;
      break;
    default:
      detail::fail<ValueError>("Teacher::feedback", "not a judgement", what.text, "right, wrong or a better answer");
  }
  judge(j);
  return j;
}

TUTELAGE_INLINE std::vector<prefs::Demonstration> Teacher::carry_over(const reward::RewardEnsemble& ensemble, const detail_::Lesson& lesson) const {
  std::vector<prefs::Demonstration> carried;
  std::vector<std::string> answers;  // the different good ones
  for (const auto& d : lesson.good)
    if (std::find(answers.begin(), answers.end(), d.answer) == answers.end()) answers.push_back(d.answer);
  if (answers.empty() || ensemble.members.empty()) return carried;
  for (const auto& [question, old] : lesson.objectionable) {
    nn::TokenBatch batch;
    batch.add(sequence(question, old));
    for (const auto& a : answers) batch.add(sequence(question, a));
    const auto members = ensemble.member_scores(batch);
    const auto mean = ensemble.score(batch);
    const auto best = static_cast<std::size_t>(std::max_element(mean.begin() + 1, mean.end()) - mean.begin());
    if (std::all_of(members.begin(), members.end(), [&](const auto& m) { return m[best] > m[0]; })) carried.push_back({question, answers[best - 1]});
  }
  return carried;
}

TUTELAGE_INLINE TeachReport Teacher::update(const RunOptions& run) {
  if (judgements_.empty()) detail::fail<StateError>("Teacher::update", "there is nothing to learn from", "no judgement", "at least one");
  TeachReport report;
  const auto lesson = detail_::make_lesson(judgements_, base_.conversations);
  report.demonstrations = static_cast<std::int64_t>(lesson.good.size());
  Rng rng(config_.seed, Purpose::kQuery, static_cast<std::uint32_t>(judgements_.size()));
  const auto pick = [&](const auto& list) -> const auto& { return list[rng.below(list.size())]; };
  const text::Augmenter reword(base_.conversations);
  const auto example = [&](const text::Conversation& c) {  // reworded, where that fits
    auto e = text::render_example(base_.tokenizer, reword(c, rng));
    return static_cast<std::int64_t>(e.ids.size()) <= base_.transformer.config.max_positions ? e : text::render_example(base_.tokenizer, c);
  };
  const auto rehearse = [&](std::int64_t n, std::vector<text::Example>& to) {
    for (std::int64_t i = 0; i < n && !lesson.rehearsal.empty(); ++i) to.push_back(example(pick(lesson.rehearsal)));
  };

  // 1. Reward models from pairs: what was said, and right above wrong.
  detail_::Stopwatch clock;
  std::vector<Pair> pairs;
  const auto pair = [&](const std::string& q1, const std::string& a1, const std::string& q2, const std::string& a2, double p = 1.0) {
    pairs.push_back({sequence(q1, a1), sequence(q2, a2), p, 1.0});
  };
  for (const auto& p : lesson.data.preferences) pair(p.prompt, p.chosen, p.prompt, p.rejected, p.probability);
  std::vector<prefs::Verdict> rights, wrongs;
  for (const auto& v : lesson.data.verdicts) (v.right ? rights : wrongs).push_back(v);
  if (!rights.empty() && !wrongs.empty())
    while (static_cast<std::int64_t>(pairs.size()) < config_.judged_pairs) {
      const auto &r = pick(rights), &w = pick(wrongs);
      pair(r.prompt, r.answer, w.prompt, w.answer);
    }
  report.pairs = static_cast<std::int64_t>(pairs.size());
  reward::RewardEnsemble ensemble;
  if (config_.reward_models > 0 && !pairs.empty() && !run.stop_requested()) {
    RewardConfig config = config_.reward;
    config.seed = config_.seed;
    ensemble = fit_ensemble(base_.transformer, pairs, config_.reward_models, config, run);
  }
  report.reward_seconds = clock.seconds();

  // 2. Fine-tuning on what was called right, here and on questions that got the same objectionable answer, where every reward model
  // prefers it; what was not objected to is rehearsed.
  clock = {};
  const auto carried = carry_over(ensemble, lesson);
  report.carried = static_cast<std::int64_t>(carried.size());
  nn::Transformer policy = base_.transformer;
  if (config_.sft_steps > 0 && !lesson.good.empty()) {
    SFTConfig sft;
    sft.optimizer.learning_rate = config_.sft_learning_rate;
    sft.optimizer.beta2 = 0.99;
    SFTTrainer trainer(policy, sft);
    const optim::Schedule schedule{optim::Schedule::Kind::kLinear, 5, config_.sft_steps, 0.0};
    for (std::int64_t k = 0; k < config_.sft_steps && !run.stop_requested(); ++k) {
      std::vector<text::Example> items;
      for (std::int64_t i = 0; i < config_.sft_demonstrations; ++i) {
        const auto& d = i % 2 && !carried.empty() ? pick(carried) : pick(lesson.good);
        items.push_back(example({{"user", d.prompt}, {"assistant", d.answer}}));
      }
      rehearse(config_.sft_rehearsal, items);
      const auto step = trainer.step(items, schedule.factor(k));
      run.report({"demonstrations", k + 1, config_.sft_steps, {{"loss", step.loss}}});
    }
    policy = trainer.model();
  }
  report.sft_seconds = clock.seconds();

  // 3. PPO against the reward models, on the questions whose answers were objected to.
  clock = {};
  if (config_.ppo_iterations > 0 && !ensemble.members.empty()) {
    PPOConfig config = config_.ppo;
    config.max_new_tokens = config_.max_new_tokens;
    config.temperature = config_.temperature;
    config.stop_ids = {base_.tokenizer.special_id("<|im_end|>")};
    config.seed = config_.seed;
    PPOTrainer trainer(policy, config);
    for (std::int64_t k = 0; k < config_.ppo_iterations && !run.stop_requested(); ++k) {
      std::vector<TokenIds> prompts;
      for (std::int64_t i = 0; i < config_.ppo_prompts; ++i) {
        const auto& question = pick(lesson.questions);
        const auto reworded = reword(question, rng);
        prompts.push_back(base_.tokenizer.encode(reworded).size() <= base_.tokenizer.encode(question).size() + 4 ? prompt_ids(reworded)
                                                                                                                 : prompt_ids(question));
      }
      const auto responses = trainer.generate(prompts);
      nn::TokenBatch whole;
      for (std::size_t i = 0; i < prompts.size(); ++i) {
        TokenIds ids = prompts[i];
        ids.insert(ids.end(), responses[i].ids.begin(), responses[i].ids.end());
        whole.add(ids);
      }
      const auto scores = ensemble.score(whole);
      std::vector<text::Example> items;
      rehearse(config_.ppo_rehearsal, items);
      report.ppo = trainer.step(prompts, responses, scores, items);
      run.report({"ppo", k + 1, config_.ppo_iterations, {{"reward", report.ppo.reward}, {"kl", report.ppo.kl}}});
    }
    policy = trainer.policy();
  }
  report.ppo_seconds = clock.seconds();

  past_.push_back({policy_, ensemble_, judgements_.size()});
  policy_ = std::move(policy);
  ensemble_ = std::move(ensemble);
  return report;
}

TUTELAGE_INLINE bool Teacher::undo() {
  if (past_.empty()) return false;
  policy_ = past_.back().policy;
  ensemble_ = past_.back().ensemble;
  past_.pop_back();
  judgements_.resize(past_.empty() ? 0 : past_.back().judgements);
  last_.reset();
  return true;
}

TUTELAGE_INLINE std::vector<double> Teacher::score(std::span<const std::string> questions, std::span<const std::string> answers) const {
  return ensemble_.score(sequences(questions, answers));
}

TUTELAGE_INLINE std::vector<double> Teacher::disagreement(std::span<const std::string> questions, std::span<const std::string> answers) const {
  std::vector<double> spread(questions.size(), 1.0);
  if (!has_reward()) return spread;
  const auto scores = ensemble_.member_scores(sequences(questions, answers));
  const double n = static_cast<double>(scores.size());
  for (std::size_t i = 0; i < spread.size(); ++i) {
    double mean = 0, squares = 0;
    for (const auto& member : scores) mean = mean + member[i] / n;
    for (const auto& member : scores) squares = squares + (member[i] - mean) * (member[i] - mean) / n;
    spread[i] = std::sqrt(squares);
  }
  return spread;
}

TUTELAGE_INLINE io::ChatModel Teacher::model() const {
  const auto lesson = detail_::make_lesson(judgements_, base_.conversations);
  io::ChatModel out{policy_, base_.tokenizer, lesson.rehearsal};
  for (const auto& d : lesson.good) out.conversations.push_back({{"user", d.prompt}, {"assistant", d.answer}});
  return out;
}

}  // namespace train

TUTELAGE_END
