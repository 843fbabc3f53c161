#pragma once
#include <array>
#include <set>

#include "tutelage/impl/text/ascii.hpp"
#include "tutelage/text/augment.hpp"

TUTELAGE_BEGIN

namespace text {

namespace detail_ {

inline std::vector<std::string> split_spaces(const std::string& s) {
  std::vector<std::string> words;
  std::string word;
  for (char c : s + " ") {
    if (c != ' ')
      word += c;
    else if (!word.empty())
      words.push_back(word), word.clear();
  }
  return words;
}

inline constexpr std::array<const char*, 14> kFillers{"please", "now",  "then",   "so",     "hey",   "well",        "tell me",
                                                      "and",    "okay", "friend", "really", "today", "can you say", "I wonder"};

}  // namespace detail_

TUTELAGE_INLINE Augmenter::Augmenter(std::span<const Conversation> conversations) {
  std::set<std::string> seen;
  for (const auto& c : conversations)
    for (const auto& m : c)
      if (m.role == "user")
        for (std::string w : detail_::split_spaces(detail_::lower_ascii(m.content))) {
          while (!w.empty() && (w.back() == '?' || w.back() == '.' || w.back() == '!' || w.back() == ',')) w.pop_back();
          if (!w.empty()) seen.insert(w);
        }
  words_.assign(seen.begin(), seen.end());
}

TUTELAGE_INLINE std::string Augmenter::operator()(const std::string& question, Rng& rng) const {
  if (rng.uniform() < 0.2) return question;
  std::vector<std::string> words;
  const auto given = detail_::split_spaces(question);
  for (const auto& w : given)
    if (rng.uniform() >= 0.1) words.push_back(w);
  if (words.empty()) words = given;
  if (words.empty()) return question;
  const auto put = [&](std::size_t at, const std::string& w) { words.insert(words.begin() + static_cast<std::ptrdiff_t>(at), w); };
  if (rng.uniform() < 0.2 && !words_.empty()) put(rng.below(words.size() + 1), words_[rng.below(words_.size())]);
  if (rng.uniform() < 0.2) {
    const std::string filler = detail_::kFillers[rng.below(detail_::kFillers.size())];
    put(rng.uniform() < 0.5 ? 0 : words.size(), filler);
  }
  if (rng.uniform() < 0.1 && words.size() > 1) {
    const std::size_t at = rng.below(words.size() - 1);
    std::swap(words[at], words[at + 1]);
  }
  std::string s;
  for (const auto& w : words) s += (s.empty() ? "" : " ") + w;
  if (rng.uniform() < 0.5) {
    while (!s.empty() && (s.back() == '?' || s.back() == '.' || s.back() == '!')) s.pop_back();
    static constexpr std::array<const char*, 5> kMarks{"", "", "?", ".", "!"};
    s += kMarks[rng.below(kMarks.size())];
  }
  const double form = rng.uniform();
  if (form < 0.35)
    s = detail_::lower_ascii(s);
  else if (form < 0.6 && !s.empty() && s[0] >= 'a' && s[0] <= 'z')
    s[0] = static_cast<char>(s[0] - 32);
  return s.empty() ? question : s;
}

TUTELAGE_INLINE Conversation Augmenter::operator()(Conversation conversation, Rng& rng) const {
  for (auto& m : conversation)
    if (m.role == "user") m.content = (*this)(m.content, rng);
  return conversation;
}

}  // namespace text

TUTELAGE_END
