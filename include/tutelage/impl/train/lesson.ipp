#pragma once
#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "tutelage/base/math.hpp"
#include "tutelage/prefs/judgement.hpp"
#include "tutelage/prefs/strengths.hpp"
#include "tutelage/prefs/training_data.hpp"
#include "tutelage/text/chat.hpp"

TUTELAGE_BEGIN

namespace train::detail_ {

/// Something read out of a judgement, and how much it counts: 1, or by who made it.
template <class What> struct Weighed {
  What what;
  double weight = 1.0;
};

/// So many different answers tell who is reliable; more cost the cube of their number.
constexpr std::size_t kMostItems = 256;

/// The chance that each annotator's word is honest, by prefs::fit_annotators on all judgements together. The items are answers within their matter,
/// those that were judged most often, at least twice; a verdict compares an answer with the bar that an answer has to pass, which is an item of its
/// own. Empty for fewer than two annotators.
template <class Matter> std::map<std::string, double> reliabilities(std::span<const prefs::Judgement> judgements, const Matter& matter) {
  using Item = std::pair<std::string, std::string>;  // matter and answer; the bar is empty
  struct Said {
    Item winner, loser;
    std::int64_t by;
  };
  const Item bar;
  std::map<std::string, std::int64_t> people;
  std::map<Item, std::int64_t> times;
  std::vector<Said> all;
  for (const auto& j : judgements) {
    const auto by = people.insert({j.annotator, static_cast<std::int64_t>(people.size())}).first->second;
    const auto data = prefs::training_data(std::span(&j, 1));
    const auto say = [&](const Item& winner, const Item& loser) {
      if (winner == loser) return;
      all.push_back({winner, loser, by});
      for (const Item* item : {&winner, &loser}) ++times[*item];
    };
    for (const auto& v : data.verdicts) {
      const Item answer{matter(v.prompt), v.answer};
      v.right ? say(answer, bar) : say(bar, answer);
    }
    if (data.verdicts.empty())  // the pair of a correction says no more than its verdicts
      for (const auto& p : data.preferences)
        if (p.probability == 1.0) say({matter(p.prompt), p.chosen}, {matter(p.prompt), p.rejected});
  }
  std::map<std::string, double> found;
  if (people.size() < 2) return found;

  std::vector<std::pair<std::int64_t, Item>> order;
  for (const auto& [item, n] : times)
    if (n >= 2 && item != bar) order.push_back({-n, item});
  std::sort(order.begin(), order.end());
  if (order.size() > kMostItems) order.resize(kMostItems);
  std::map<Item, std::int64_t> number{{bar, 0}};
  for (const auto& [n, item] : order) number.insert({item, static_cast<std::int64_t>(number.size())});
  std::vector<prefs::Comparison> comparisons;
  std::vector<std::int64_t> by;
  for (const auto& said : all) {
    const auto winner = number.find(said.winner), loser = number.find(said.loser);
    if (winner == number.end() || loser == number.end()) continue;
    comparisons.push_back({winner->second, loser->second});
    by.push_back(said.by);
  }
  prefs::AnnotatorFitConfig config;
  config.l2 = 0.03;  // answers are good or bad, hardly in between
  config.tolerance = 1e-6;
  for (const auto& [name, k] : people) found[name] = config.start;  // of whom nothing is known
  const auto fit = prefs::fit_annotators(comparisons, by, static_cast<std::int64_t>(number.size()), config);
  for (const auto& [name, k] : people)
    if (k < fit.reliability.dim(0)) found[name] = fit.reliability.data()[k];
  return found;
}

/// What one word of each annotator counts, the most reliable one's being 1: log-odds of his reliability, by which independent votes add up. Below 0:
/// he says the contrary of what is so. All 0 where nobody is better than a coin.
inline std::map<std::string, double> weights_of(const std::map<std::string, double>& reliability) {
  double most = 0;
  std::map<std::string, double> weights;
  for (const auto& [name, eta] : reliability) most = std::max(most, weights[name] = math::log(eta / (1.0 - eta)));
  for (auto& [name, w] : weights) w = most > 0 ? std::max(w / most, -1.0) : 0.0;
  return weights;
}

/// What an update learns from, sorted out of the judgements and the exchanges to rehearse. A question's matter is what the model answered
/// to it before it was taught: questions of one matter are taken for one question in other words.
struct Lesson {
  std::vector<Weighed<prefs::Preference>> preferences;
  std::vector<Weighed<prefs::Verdict>> verdicts;
  std::map<std::string, double> reliability;  // of each annotator; empty where all count alike
  std::vector<prefs::Demonstration> good;     // corrections and answers called right
  std::vector<prefs::Demonstration> carried;  // exchanges of the same matter and answer that was objected to, with the best answer of that matter
  std::vector<text::Conversation> rehearsal;  // exchanges that nobody objected to, and whose answer was not objected to time and again
  std::vector<std::string> questions;         // asked, and those of carried exchanges
  bool own_right = false;                     // an answer of the model's own was called right
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

/// `matter` gives the matter of a question; `weigh`: each judgement counts by who made it, where there are several annotators.
template <class Matter>
Lesson make_lesson(std::span<const prefs::Judgement> judgements, std::span<const text::Conversation> conversations, bool weigh,
                   const Matter& matter) {
  Lesson lesson;
  if (weigh) lesson.reliability = reliabilities(judgements, matter);
  const auto weights = weights_of(lesson.reliability);
  for (const auto& j : judgements) lesson.own_right = lesson.own_right || j.kind == prefs::Kind::kRight;
  std::vector<prefs::Demonstration> demonstrations;
  for (const auto& j : judgements) {
    const auto data = prefs::training_data(std::span(&j, 1));
    const auto it = weights.find(j.annotator);
    const double w = it == weights.end() ? 1.0 : it->second;
    for (const auto& p : data.preferences) lesson.preferences.push_back({p, w});
    for (const auto& v : data.verdicts) lesson.verdicts.push_back({v, w});
    demonstrations.insert(demonstrations.end(), data.demonstrations.begin(), data.demonstrations.end());
  }
  std::map<std::pair<std::string, std::string>, double> net;  // right minus wrong, by (matter, answer)
  for (const auto& [v, w] : lesson.verdicts) net[{matter(v.prompt), v.answer}] += v.right ? w : -w;
  std::map<std::pair<std::string, std::string>, std::map<std::string, double>> over;  // by (matter, answer): won minus lost against each other answer
  for (const auto& [p, w] : lesson.preferences)
    if (p.probability == 1.0) {
      const std::pair chosen(matter(p.prompt), p.chosen), rejected(matter(p.prompt), p.rejected);
      net[rejected] -= w;
      net[chosen] += w;
      over[chosen][p.rejected] += w;
      over[rejected][p.chosen] -= w;
    }
  // Better than most, but worse than one that is approved too: nothing to be learnt by heart.
  const auto beaten = [&](const std::string& subject, const std::string& answer) {
    const auto it = over.find({subject, answer});
    return it != over.end() && std::any_of(it->second.begin(), it->second.end(), [&](const auto& other) {
             return other.second < 0 && net[{subject, other.first}] > 0;
           });
  };
  std::map<std::pair<std::string, std::string>, double> said;  // right minus wrong, by (question, answer)
  for (const auto& [v, w] : lesson.verdicts) said[{v.prompt, v.answer}] += v.right ? w : -w;
  std::map<std::string, std::int64_t> objections;  // by answer: questions on which it was objected to, minus those on which it was not
  for (const auto& [key, n] : said) objections[key.second] += (n < 0) - (n > 0);
  std::map<std::string, std::pair<double, std::string>> best;  // by matter: the answer with the most approval
  for (const auto& [key, n] : net)
    if (n > 0 && n > best[key.first].first && !beaten(key.first, key.second)) best[key.first] = {n, key.second};

  std::set<std::pair<std::string, std::string>> seen;
  const auto good = [&](const std::string& prompt, const std::string& answer) {
    if (net[{matter(prompt), answer}] > 0 && seen.insert({prompt, answer}).second) lesson.good.push_back({prompt, answer});
  };
  for (const auto& d : demonstrations) good(d.prompt, d.answer);
  for (const auto& [v, w] : lesson.verdicts)
    if (v.right) good(v.prompt, v.answer);
  for (const auto& [p, w] : lesson.preferences)
    if (p.probability == 1.0 && !beaten(matter(p.prompt), p.chosen)) good(p.prompt, p.chosen);

  std::set<std::string> asked;
  const auto ask = [&](const std::string& q) { return asked.insert(q).second && (lesson.questions.push_back(q), true); };
  for (const auto& j : judgements) ask(j.prompt);
  for (const auto& c : conversations) {
    const std::string &question = last_content(c, "user"), &subject = matter(question);
    const auto it = net.find({subject, last_content(c, "assistant")});
    if (it == net.end() || !(it->second < 0 || beaten(subject, it->first.second))) {
      if (!asked.count(question) && objections[last_content(c, "assistant")] < kObjections) lesson.rehearsal.push_back(c);
    } else if (ask(question) && best[subject].first > 0) {
      lesson.carried.push_back({question, best[subject].second});
    }
  }
  return lesson;
}

}  // namespace train::detail_

TUTELAGE_END
