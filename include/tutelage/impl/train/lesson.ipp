#pragma once
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "tutelage/prefs/training_data.hpp"
#include "tutelage/text/chat.hpp"

TUTELAGE_BEGIN

namespace train::detail_ {

/// What an update learns from, sorted out of the judgements and the exchanges to rehearse. A question's matter is what the model answered
/// to it before it was taught: questions of one matter are taken for one question in other words.
struct Lesson {
  prefs::TrainingData data;
  std::vector<prefs::Demonstration> good;     // corrections and answers called right
  std::vector<prefs::Demonstration> carried;  // exchanges of the same matter and answer that was objected to, with the best answer of that matter
  std::vector<text::Conversation> rehearsal;  // exchanges that nobody objected to, and whose answer was not objected to time and again
  std::vector<std::string> questions;         // asked, and those of carried exchanges
};

inline const std::string& last_content(const text::Conversation& c, const char* role) {
  static const std::string none;
  for (auto it = c.rbegin(); it != c.rend(); ++it)
    if (it->role == role) return it->content;
  return none;
}

/// The places of the exchanges of each different question, in order of appearance.
inline std::vector<std::vector<std::size_t>> by_question(std::span<const text::Conversation> conversations) {
  std::vector<std::vector<std::size_t>> groups;
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < conversations.size(); ++i) {
    const auto [it, fresh] = places.insert({last_content(conversations[i], "user"), groups.size()});
    if (fresh) groups.emplace_back();
    groups[it->second].push_back(i);
  }
  return groups;
}

/// An answer that was wrong on so many questions is rehearsed nowhere: it would work against the lesson.
constexpr std::int64_t kObjections = 3;

/// `matter` gives the matter of a question.
template <class Matter>
Lesson make_lesson(std::span<const prefs::Judgement> judgements, std::span<const text::Conversation> conversations, const Matter& matter) {
  Lesson lesson;
  lesson.data = prefs::training_data(judgements);
  std::map<std::pair<std::string, std::string>, std::int64_t> net;  // right minus wrong, by (matter, answer)
  for (const auto& v : lesson.data.verdicts) net[{matter(v.prompt), v.answer}] += v.right ? 1 : -1;
  for (const auto& p : lesson.data.preferences)
    if (p.probability == 1.0) {
      net[{matter(p.prompt), p.rejected}] -= 1;
      net[{matter(p.prompt), p.chosen}] += 1;
    }
  std::map<std::pair<std::string, std::string>, std::int64_t> said;  // right minus wrong, by (question, answer)
  for (const auto& v : lesson.data.verdicts) said[{v.prompt, v.answer}] += v.right ? 1 : -1;
  std::map<std::string, std::int64_t> objections;  // by answer: questions on which it was objected to, minus those on which it was not
  for (const auto& [key, n] : said) objections[key.second] += (n < 0) - (n > 0);
  std::map<std::string, std::pair<std::int64_t, std::string>> best;  // by matter: the answer with the most approval
  for (const auto& [key, n] : net)
    if (n > 0 && n > best[key.first].first) best[key.first] = {n, key.second};

  std::set<std::pair<std::string, std::string>> seen;
  const auto good = [&](const std::string& prompt, const std::string& answer) {
    if (net[{matter(prompt), answer}] > 0 && seen.insert({prompt, answer}).second) lesson.good.push_back({prompt, answer});
  };
  for (const auto& d : lesson.data.demonstrations) good(d.prompt, d.answer);
  for (const auto& v : lesson.data.verdicts)
    if (v.right) good(v.prompt, v.answer);
  for (const auto& p : lesson.data.preferences)
    if (p.probability == 1.0) good(p.prompt, p.chosen);

  std::set<std::string> asked;
  const auto ask = [&](const std::string& q) { return asked.insert(q).second && (lesson.questions.push_back(q), true); };
  for (const auto& j : judgements) ask(j.prompt);
  for (const auto& c : conversations) {
    const std::string &question = last_content(c, "user"), &subject = matter(question);
    const auto it = net.find({subject, last_content(c, "assistant")});
    if (it == net.end() || it->second >= 0) {
      if (!asked.count(question) && objections[last_content(c, "assistant")] < kObjections) lesson.rehearsal.push_back(c);
    } else if (ask(question) && best[subject].first > 0) {
      lesson.carried.push_back({question, best[subject].second});
    }
  }
  return lesson;
}

}  // namespace train::detail_

TUTELAGE_END
