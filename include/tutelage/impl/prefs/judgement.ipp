#pragma once
#include <algorithm>
#include <array>
#include <cmath>

#include "tutelage/base/fail.hpp"
#include "tutelage/impl/prefs/judgement_json.hpp"
#include "tutelage/io/file.hpp"
#include "tutelage/prefs/judgement.hpp"

TUTELAGE_BEGIN

namespace prefs {

namespace detail_ {
inline constexpr std::array<const char*, 11> kKindNames{"a",       "b",     "tie",   "both_bad",   "cannot_judge", "skip",
                                                        "ranking", "right", "wrong", "correction", "comment"};
inline constexpr const char* kKinds = "a, b, tie, both_bad, cannot_judge, skip, ranking, right, wrong, correction or comment";
inline bool of_two(Kind k) { return k == Kind::kA || k == Kind::kB || k == Kind::kTie || k == Kind::kBothBad; }
inline bool of_one(Kind k) { return k == Kind::kRight || k == Kind::kWrong || k == Kind::kCorrection; }

inline void need(bool ok, const std::string& what, const std::string& got, const std::string& expected) {
  if (!ok) detail::fail<ValueError>("Judgement", what, got, expected);
}

inline void check_trajectory(const env::Trajectory& t, const std::string& which) {
  const auto steps = t.actions.size();
  need(steps > 0, which + " has a trajectory without steps", "no action", "one action a step");
  need(t.observations.size() == steps || t.observations.size() == steps + 1, which + " has the wrong number of observations",
       detail::str(t.observations.size()), detail::str(steps) + " or " + detail::str(steps + 1));
  need(t.rewards.empty() || t.rewards.size() == steps, which + " has the wrong number of rewards", detail::str(t.rewards.size()),
       "none or " + detail::str(steps));
  const auto finite = [&](const std::vector<double>& row, const char* what) {
    for (double x : row) need(std::isfinite(x), which + " has a trajectory with " + what + " that is not finite", detail::str(x), "a finite number");
  };
  for (const auto* rows : {&t.observations, &t.actions})
    for (const auto& row : *rows) {
      need(row.size() == rows->front().size(), which + " has a trajectory with rows of unequal width", detail::str(row.size()),
           detail::str(rows->front().size()));
      finite(row, "a number");
    }
  finite(t.rewards, "a reward");
}

inline void check_answers(const Judgement& j) {
  const auto n = static_cast<std::int64_t>(j.answers.size());
  const bool two = of_two(j.kind), several = j.kind == Kind::kRanking;
  need(two ? n == 2 : n >= (several ? 2 : 1), "wrong number of answers for " + name(j.kind), detail::str(n),
       two ? "2" : several ? "2 or more" : "1 or more");
  need(of_one(j.kind) ? j.answer >= 0 && j.answer < n : j.answer == 0, "answer does not fit " + name(j.kind), detail::str(j.answer),
       of_one(j.kind) ? "0 to " + detail::str(n - 1) : "0, as it is of all answers");
  const bool objected = j.kind == Kind::kWrong || j.kind == Kind::kCorrection || j.kind == Kind::kA || j.kind == Kind::kB;
  const std::int64_t worse = j.kind == Kind::kA ? 1 : j.kind == Kind::kB ? 0 : j.answer;  // saying nothing may be objected to
  for (std::int64_t i = 0; i < n; ++i) {
    const auto& a = j.answers[static_cast<std::size_t>(i)];
    const std::string which = "answer " + detail::str(i);
    const bool says = !a.text.empty() || a.trajectory || !a.reference.empty();
    need(says || (objected && i == worse), which + " is empty", "\"\"", "a text, a trajectory or a reference");
    if (a.trajectory) check_trajectory(*a.trajectory, which);
    need(!j.prompt.empty() || a.text.empty(), "prompt is empty", "\"\"", "a question");
  }
  need(!j.prompt.empty() || !objected || j.answers[0].trajectory || !j.answers[0].reference.empty(), "prompt is empty", "\"\"", "a question");
}
}  // namespace detail_

TUTELAGE_INLINE std::string name(Kind kind) { return detail_::kKindNames[static_cast<std::size_t>(kind)]; }

TUTELAGE_INLINE std::optional<Kind> kind_named(const std::string& name) {
  const auto at = std::find(detail_::kKindNames.begin(), detail_::kKindNames.end(), name);
  if (at == detail_::kKindNames.end()) return std::nullopt;
  return static_cast<Kind>(at - detail_::kKindNames.begin());
}

TUTELAGE_INLINE void validate(const Judgement& j) {
  using detail_::need;
  detail_::check_answers(j);
  const auto n = static_cast<std::int64_t>(j.answers.size());
  need((j.kind == Kind::kCorrection) == !j.correction.empty(), j.correction.empty() ? "correction is empty" : "correction does not fit " + name(j.kind),
       "\"" + j.correction + "\"", j.correction.empty() ? "the better answer" : "none");
  if (j.kind == Kind::kRanking) {
    need(j.ranking.size() == j.answers.size(), "ranking is of other answers", detail::str(j.ranking.size()) + " ranks", detail::str(n) + ", one an answer");
    for (auto r : j.ranking) need(r >= 1 && r <= n, "a rank is out of range", detail::str(r), "1, the best, to " + detail::str(n));
  } else {
    need(j.ranking.empty(), "ranking does not fit " + name(j.kind), detail::str(j.ranking.size()) + " ranks", "none");
  }
  need(std::isfinite(j.strength) && j.strength >= 0, "strength is out of range", detail::str(j.strength), "more than 0, or 0 where it was not said");
  need(j.strength == 0 || j.kind == Kind::kA || j.kind == Kind::kB, "strength does not fit " + name(j.kind), detail::str(j.strength), "a or b");
  need(j.kind != Kind::kComment || !j.note.empty(), "note is empty", "\"\"", "what was said");
  need(!j.annotator.empty(), "annotator is empty", "\"\"", "a name");
  need(std::isfinite(j.seconds) && j.seconds >= 0, "seconds is out of range", detail::str(j.seconds), "0 or more");
  need(std::isfinite(j.time) && j.time >= 0, "time is out of range", detail::str(j.time), "seconds since 1970");
  need(!j.score || std::isfinite(*j.score), "score is not finite", detail::str(j.score.value_or(0)), "a finite number");
  if (!j.shown.empty()) {
    auto order = j.shown;
    std::sort(order.begin(), order.end());
    bool whole = order.size() == j.answers.size();
    for (std::size_t i = 0; whole && i < order.size(); ++i) whole = order[i] == static_cast<std::int64_t>(i);
    need(whole, "shown is no order of the answers", detail::str(j.shown.size()) + " places", "0 to " + detail::str(n - 1) + " in some order");
  }
  for (const auto& m : j.context)
    need(m.role == "system" || m.role == "user" || m.role == "assistant", "context has an unknown role", m.role, "system, user or assistant");
}

TUTELAGE_INLINE std::optional<bool> first_shown_first(const Judgement& j) {
  if (j.shown.empty()) return std::nullopt;
  return j.shown.front() == 0;
}

TUTELAGE_INLINE std::string to_json_line(const Judgement& j) {
  validate(j);
  io::Record r{{"kind", name(j.kind)}, {"annotator", j.annotator}};
  const auto put = [&](const char* key, bool says, auto value) {
    if (says) r.emplace(key, std::move(value));
  };
  io::List answers;
  for (const auto& a : j.answers) answers.emplace_back(detail_::to_value(a));
  r.emplace("answers", std::move(answers));
  put("prompt", !j.prompt.empty(), j.prompt);
  put("answer", j.answer != 0, static_cast<double>(j.answer));
  put("correction", !j.correction.empty(), j.correction);
  put("ranking", !j.ranking.empty(), detail_::to_list(j.ranking));
  put("strength", j.strength != 0, j.strength);
  put("note", !j.note.empty(), j.note);
  put("seconds", j.seconds != 0, j.seconds);
  put("shown", !j.shown.empty(), detail_::to_list(j.shown));
  put("score", j.score.has_value(), j.score.value_or(0));
  put("purpose", !j.purpose.empty(), j.purpose);
  put("context", !j.context.empty(), detail_::to_value(j.context));
  put("id", !j.id.empty(), j.id);
  put("session", !j.session.empty(), j.session);
  put("time", j.time != 0, j.time);
  return io::to_json_line(r);
}

TUTELAGE_INLINE Judgement parse_judgement(const std::string& line, const std::string& where) {
  Judgement j;
  const auto record = io::parse_record(line, where);
  detail_::Fields in(record, where);
  const auto kind = kind_named(in.text("kind"));
  if (!kind) detail::fail<IoError>("parse_judgement", where + ": unknown kind", "\"" + in.text("kind") + "\"", detail_::kKinds);
  j.kind = *kind;
  j.prompt = in.text("prompt");
  for (const auto& a : in.list("answers")) j.answers.push_back(in.behaviour(a));
  j.answer = in.whole("answer");
  j.correction = in.text("correction");
  j.ranking = in.wholes("ranking");
  j.strength = in.number("strength");
  j.note = in.text("note");
  j.annotator = in.has("annotator") ? in.text("annotator") : j.annotator;
  j.seconds = in.number("seconds");
  j.shown = in.wholes("shown");
  if (in.has("score")) j.score = in.number("score");
  j.purpose = in.text("purpose");
  j.context = in.conversation("context");
  j.id = in.text("id");
  j.session = in.text("session");
  j.time = in.number("time");
  in.finish();
  try {
    validate(j);
  } catch (const ValueError& e) { detail::fail<IoError>("parse_judgement", where + " is incomplete", e.what(), "a whole judgement"); }
  return j;
}

TUTELAGE_INLINE void JudgementLog::append(const Judgement& judgement) { io::append_line(path_, to_json_line(judgement)); }

TUTELAGE_INLINE void JudgementLog::each(const std::function<void(Judgement)>& f) const {
  std::int64_t number = 0;
  io::for_each_line(path_, [&](const std::string& line) { f(parse_judgement(line, path_ + ", judgement " + detail::str(++number))); });
}

TUTELAGE_INLINE std::vector<Judgement> JudgementLog::read() const {
  std::vector<Judgement> all;
  each([&](Judgement j) { all.push_back(std::move(j)); });
  return all;
}

}  // namespace prefs

TUTELAGE_END
