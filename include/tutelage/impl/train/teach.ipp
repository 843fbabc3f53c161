#pragma once
#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "tutelage/base/parallel.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/impl/train/teach_update.ipp"
#include "tutelage/impl/train/understand.ipp"
#include "tutelage/train/teach.hpp"

TUTELAGE_BEGIN

namespace train {

TUTELAGE_INLINE TeachConfig::TeachConfig() {
  const FpStateGuard guard;
  reward.optimizer.learning_rate = 3e-4;
  reward.optimizer.beta2 = 0.99;
  reward.optimizer.weight_decay = 0.01;
  ppo.optimizer.learning_rate = 3e-4;
  ppo.optimizer.beta2 = 0.99;
  ppo.kl_coef = 0.1;
  ppo.missing_eos_penalty = 1.0;
  ppo.ptx_coef = 1.0;
}

TUTELAGE_INLINE TeachConfig TeachConfig::for_adapter() {
  TeachConfig c;
  c.max_new_tokens = 32;
  c.sft_steps = 40, c.sft_demonstrations = 10, c.sft_rehearsal = 8;
  c.sft_learning_rate = 5e-4;
  c.keep_kl = 4;
  c.reward_after_right = true;
  c.judged_pairs = 32;
  c.reward.epochs = 1;
  c.ppo_iterations = 6, c.ppo_prompts = 16, c.ppo_rehearsal = 8, c.ppo_demonstrations = 0;
  c.ppo.num_epochs = 1;
  c.ppo.optimizer.learning_rate = 1e-4;
  return c;
}

TUTELAGE_INLINE void TeachConfig::validate() const {
  const auto need = [](bool ok, const char* field, double got, const char* expected) {
    if (!ok) detail::fail<ConfigError>("TeachConfig", std::string(field) + " is out of range", detail::str(got), expected);
  };
  need(max_new_tokens >= 1, "max_new_tokens", static_cast<double>(max_new_tokens), "1 or more");
  need(max_answer_tokens >= 0, "max_answer_tokens", static_cast<double>(max_answer_tokens), "0 or more");
  need(temperature > 0, "temperature", temperature, "more than 0");
  for (const auto& [value, field] : {std::pair{sft_steps, "sft_steps"},
                                     {sft_demonstrations, "sft_demonstrations"},
                                     {sft_rehearsal, "sft_rehearsal"},
                                     {reward_models, "reward_models"},
                                     {ppo_iterations, "ppo_iterations"},
                                     {ppo_rehearsal, "ppo_rehearsal"}})
    need(value >= 0, field, static_cast<double>(value), "0 or more");
  need(ppo_prompts >= 1, "ppo_prompts", static_cast<double>(ppo_prompts), "1 or more");
  need(keep_kl >= 0, "keep_kl", keep_kl, "0 or more");
  need(sft_learning_rate > 0, "sft_learning_rate", sft_learning_rate, "more than 0");
  reward.validate();
  ppo.validate();
}

TUTELAGE_INLINE Teacher::Teacher(io::ChatModel model, TeachConfig config)
    : base_(std::move(model)), config_(std::move(config)), policy_(base_.transformer) {
  config_.validate();
}

TUTELAGE_INLINE TokenIds Teacher::prompt_ids(const std::string& question) const {
  const FpStateGuard guard;
  if (question.empty()) detail::fail<ValueError>("Teacher", "question is empty", "\"\"", "some text");
  auto ids = detail_::question_ids(base_.tokenizer, question);
  if (static_cast<std::int64_t>(ids.size()) > longest_prompt())
    detail::fail<ValueError>("Teacher", "question is too long", detail::str(ids.size()) + " tokens", "at most " + detail::str(longest_prompt()));
  return ids;
}

TUTELAGE_INLINE TokenIds Teacher::sequence(const std::string& question, const std::string& answer) const {
  const FpStateGuard guard;
  prompt_ids(question);  // checks it
  auto ids = detail_::answered_ids(base_.tokenizer, question, answer);
  if (static_cast<std::int64_t>(ids.size()) > base_.transformer.config.max_positions)
    detail::fail<ValueError>("Teacher", "question and answer are too long", detail::str(ids.size()) + " tokens",
                             "at most " + detail::str(base_.transformer.config.max_positions));
  return ids;
}

TUTELAGE_INLINE nn::TokenBatch Teacher::sequences(std::span<const std::string> questions, std::span<const std::string> answers) const {
  const FpStateGuard guard;
  if (questions.size() != answers.size())
    detail::fail<ShapeError>("Teacher", "not one answer a question", detail::str(answers.size()), detail::str(questions.size()));
  nn::TokenBatch batch;
  for (std::size_t i = 0; i < questions.size(); ++i) batch.add(sequence(questions[i], answers[i]));
  return batch;
}

TUTELAGE_INLINE std::string Teacher::answer(const std::string& question) {
  nn::GenerateOptions o;
  o.max_new_tokens = shown_tokens();
  o.temperature = 0;
  o.stop_ids = {text::end_of_answer(base_.tokenizer)};
  std::string said = base_.tokenizer.decode(nn::generate(policy_, {prompt_ids(question)}, o)[0].ids);
  last_ = {question, said};
  return said;
}

TUTELAGE_INLINE std::vector<text::Conversation> own_answers(const io::ChatModel& model, std::span<const std::string> questions,
                                                            std::int64_t max_new_tokens, const RunOptions& run) {
  const FpStateGuard guard;
  nn::GenerateOptions o;
  o.max_new_tokens = max_new_tokens;
  o.temperature = 0;
  o.stop_ids = {text::end_of_answer(model.tokenizer)};
  std::vector<TokenIds> prompts;
  for (const auto& q : questions) prompts.push_back(detail_::question_ids(model.tokenizer, q));
  const auto answers = nn::generate(model.transformer, prompts, o, {}, run);
  std::vector<text::Conversation> all;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const bool cut = answers[i].stop_reason == nn::StopReason::kLength;
    const std::string said = model.tokenizer.decode(answers[i].ids);
    if (!detail_::trimmed(said).empty()) all.push_back({{"user", questions[i]}, {"assistant", said, cut}});
  }
  return all;
}

TUTELAGE_INLINE std::vector<std::string> Teacher::sample(std::span<const std::string> questions, std::uint32_t sample, double temperature) const {
  std::vector<TokenIds> prompts;
  for (const auto& q : questions) prompts.push_back(prompt_ids(q));
  nn::GenerateOptions o;
  o.max_new_tokens = config_.max_new_tokens;
  o.temperature = temperature > 0 ? temperature : config_.temperature;
  o.stop_ids = {text::end_of_answer(base_.tokenizer)};
  o.seed = config_.seed;
  o.sample = sample;
  std::vector<std::string> answers;
  for (const auto& g : nn::generate(policy_, prompts, o)) answers.push_back(base_.tokenizer.decode(g.ids));
  return answers;
}

TUTELAGE_INLINE std::vector<Candidate> Teacher::to_ask(std::span<const std::string> questions, std::int64_t samples, std::int64_t most) {
  const FpStateGuard guard;
  if (questions.empty()) detail::fail<ValueError>("Teacher::to_ask", "there is nothing to ask", "no question", "at least one");
  if (samples < 1 || most < 1)
    detail::fail<ValueError>("Teacher::to_ask", "samples or most is out of range", detail::str(samples) + " and " + detail::str(most), "1 or more");
  std::set<std::pair<std::string, std::string>> known;
  for (const auto& j : judgements_)
    for (const auto& a : j.answers) known.insert({j.prompt, a.text});
  std::vector<std::string> asked, answers;
  for (std::int64_t k = 0; k < samples; ++k) {
    const auto said = sample(questions, drawn_++);
    for (std::size_t i = 0; i < questions.size(); ++i)
      if (!detail_::trimmed(said[i]).empty() && known.insert({questions[i], said[i]}).second)
        asked.push_back(questions[i]), answers.push_back(said[i]);
  }
  std::vector<Candidate> chosen;
  if (asked.empty()) return chosen;
  const auto spread = disagreement(asked, answers);
  std::vector<std::size_t> order(asked.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return spread[a] > spread[b]; });
  const auto count = static_cast<std::int64_t>(questions.size()), share = (most + count - 1) / count;
  std::map<std::string, std::int64_t> times;
  for (const std::size_t i : order)
    if (static_cast<std::int64_t>(chosen.size()) < most && times[asked[i]]++ < share) chosen.push_back({asked[i], answers[i], spread[i]});
  return chosen;
}

TUTELAGE_INLINE void Teacher::judge(prefs::Judgement judgement) {
  const FpStateGuard guard;
  prefs::validate(judgement);
  if (!judgement.context.empty())
    detail::fail<ValueError>("Teacher::judge", "judgement is of a longer conversation",
                             detail::str(judgement.context.size()) + " turns before the prompt", "a question alone");
  for (const auto& a : judgement.answers) {
    if (a.trajectory || !a.reference.empty())
      detail::fail<ValueError>("Teacher::judge", "answer is a trajectory", a.reference.empty() ? "a trajectory" : a.reference, "a text");
    sequence(judgement.prompt, a.text);  // what does not fit the model is refused here, not in the middle of an update
  }
  if (!judgement.correction.empty()) sequence(judgement.prompt, judgement.correction);
  judgements_.push_back(std::move(judgement));
}

TUTELAGE_INLINE prefs::Judgement Teacher::feedback(const Understood& what) {
  const FpStateGuard guard;
  using K = Understood::Kind;
  if (!last_) detail::fail<StateError>("Teacher::feedback", "nothing was answered yet", "feedback", "a question first");
  prefs::Judgement j;
  j.prompt = last_->first;
  j.answers = {last_->second};
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

TUTELAGE_INLINE void Teacher::find_matters(std::span<const std::string> questions) {
  const FpStateGuard guard;
  std::vector<std::string> unknown;
  std::vector<TokenIds> prompts;
  for (const auto& q : questions) {
    if (matters_.count(q)) continue;
    auto ids = q.empty() ? TokenIds() : detail_::question_ids(base_.tokenizer, q);
    matters_[q] = q;  // one that cannot be answered is a matter of its own
    if (ids.empty() || static_cast<std::int64_t>(ids.size()) > longest_prompt()) continue;
    unknown.push_back(q);
    prompts.push_back(std::move(ids));
  }
  if (unknown.empty()) return;
  nn::GenerateOptions o;
  o.max_new_tokens = config_.max_new_tokens;
  o.temperature = 0;
  o.stop_ids = {text::end_of_answer(base_.tokenizer)};
  const auto answers = nn::generate(base_.transformer, prompts, o);
  for (std::size_t i = 0; i < unknown.size(); ++i) matters_[unknown[i]] = base_.tokenizer.decode(answers[i].ids);
}

TUTELAGE_INLINE detail_::Lesson Teacher::lesson() {
  const FpStateGuard guard;
  std::vector<std::string> questions;
  for (const auto& j : judgements_) questions.push_back(j.prompt);
  for (const auto& c : base_.conversations) questions.push_back(detail_::last_content(c, "user"));
  find_matters(questions);
  return detail_::make_lesson(judgements_, base_.conversations, config_.weigh_annotators,
                              [&](const std::string& q) -> const std::string& { return matters_.at(q); });
}

TUTELAGE_INLINE std::optional<std::pair<double, std::int64_t>> Teacher::held_out(std::span<const prefs::Judgement> judgements) const {
  const FpStateGuard guard;
  const auto verdicts = prefs::training_data(judgements).verdicts;
  std::vector<std::string> questions, answers;
  for (const auto& v : verdicts) questions.push_back(v.prompt), answers.push_back(v.answer);
  const auto rights = std::count_if(verdicts.begin(), verdicts.end(), [](const auto& v) { return v.right; });
  const auto total = static_cast<std::int64_t>(verdicts.size());
  if (!has_reward() || rights == 0 || rights == total) return {};
  const auto scores = score(questions, answers);
  double ordered = 0;
  for (std::size_t i = 0; i < scores.size(); ++i)
    for (std::size_t k = 0; k < scores.size(); ++k)
      if (verdicts[i].right && !verdicts[k].right) ordered = ordered + (scores[i] > scores[k] ? 1.0 : scores[i] == scores[k] ? 0.5 : 0.0);
  return std::pair(ordered / (static_cast<double>(rights) * static_cast<double>(total - rights)) * static_cast<double>(total), total);
}

TUTELAGE_INLINE std::optional<Alarm> Teacher::answers_everything(const nn::Transformer& policy, const detail_::Lesson& lesson) const {
  const FpStateGuard guard;
  constexpr std::size_t kMost = 32;
  std::vector<TokenIds> prompts;
  std::set<std::string> matters;
  for (const auto& c : lesson.rehearsal) {
    const auto& question = detail_::last_content(c, "user");
    const auto& matter = matters_.at(question);
    if (prompts.size() == kMost || matter == question || !matters.insert(matter).second) continue;  // itself: it could not be answered
    prompts.push_back(prompt_ids(question));
  }
  if (prompts.empty()) return {};
  nn::GenerateOptions o;
  o.max_new_tokens = config_.max_new_tokens;
  o.temperature = 0;
  o.stop_ids = {text::end_of_answer(base_.tokenizer)};
  Alarms watch(config_.ppo.alarms);
  std::vector<Alarm> alarms;
  for (const auto* model : {&base_.transformer, &policy}) {  // by the untaught model, no two of these questions have the same answer
    std::vector<TokenIds> answers;
    for (auto& g : nn::generate(*model, prompts, o)) answers.push_back(std::move(g.ids));
    alarms = watch.observe({std::vector<double>(prompts.size(), 0.0), {}, prompts, answers});
  }
  return alarms.empty() ? std::nullopt : std::optional(alarms.front());
}

TUTELAGE_INLINE TeachReport Teacher::update(const RunOptions& run) {
  const FpStateGuard guard;
  if (judgements_.empty()) detail::fail<StateError>("Teacher::update", "there is nothing to learn from", "no judgement", "at least one");
  const auto lesson = this->lesson();
  TeachReport report;
  report.demonstrations = static_cast<std::int64_t>(lesson.good.size());
  report.carried = static_cast<std::int64_t>(lesson.carried.size());
  report.reliability = lesson.reliability;
  detail_::Update update(base_, config_, lesson, static_cast<std::uint32_t>(judgements_.size()), run);
  nn::Transformer policy = base_.transformer;
  update.fine_tune(policy, report);
  auto ensemble = update.fit_rewards(policy, report);
  auto held_out_now = held_out_;
  const std::size_t known = past_.empty() ? 0 : past_.back().judgements;
  if (const auto tried = held_out(std::span(judgements_).subspan(known))) held_out_now.push_back(*tried);
  update.optimise(policy, ensemble, held_out_now, report);
  if (auto alarm = answers_everything(policy, lesson)) report.alarms.push_back(std::move(*alarm));
  past_.push_back({policy_, ensemble_, judgements_.size(), held_out_.size()});
  held_out_ = std::move(held_out_now);
  policy_ = std::move(policy);
  ensemble_ = std::move(ensemble);
  return report;
}

TUTELAGE_INLINE bool Teacher::undo() {
  if (past_.empty()) return false;
  policy_ = past_.back().policy;
  ensemble_ = past_.back().ensemble;
  held_out_.resize(past_.back().held_out);
  past_.pop_back();
  judgements_.resize(past_.empty() ? 0 : past_.back().judgements);
  last_.reset();
  return true;
}

TUTELAGE_INLINE std::vector<double> Teacher::score(std::span<const std::string> questions, std::span<const std::string> answers) const {
  return ensemble_.score(sequences(questions, answers));
}

TUTELAGE_INLINE std::vector<std::vector<double>> Teacher::member_scores(std::span<const std::string> questions,
                                                                        std::span<const std::string> answers) const {
  const FpStateGuard guard;
  const auto batch = sequences(questions, answers);
  if (!has_reward()) return {};
  return ensemble_.member_scores(batch);
}

TUTELAGE_INLINE std::vector<double> Teacher::disagreement(std::span<const std::string> questions, std::span<const std::string> answers) const {
  const FpStateGuard guard;
  std::vector<double> spread(questions.size(), 1.0);
  if (!has_reward()) return spread;
  const auto scores = member_scores(questions, answers);
  const double n = static_cast<double>(scores.size());
  for (std::size_t i = 0; i < spread.size(); ++i) {
    double mean = 0, squares = 0;
    for (const auto& member : scores) mean = mean + member[i] / n;
    for (const auto& member : scores) squares = squares + (member[i] - mean) * (member[i] - mean) / n;
    spread[i] = std::sqrt(squares);
  }
  return spread;
}

TUTELAGE_INLINE io::ChatModel Teacher::model() {
  const FpStateGuard guard;
  const auto lesson = this->lesson();
  io::ChatModel out{policy_.adapter.empty() ? policy_ : policy_.merged(), base_.tokenizer, lesson.rehearsal, base_.ids};
  for (const auto* list : {&lesson.good, &lesson.carried})
    for (const auto& d : *list) out.conversations.push_back({{"user", d.prompt}, {"assistant", d.answer}});
  return out;
}

}  // namespace train

TUTELAGE_END
