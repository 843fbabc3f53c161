#pragma once
#include <chrono>
#include <istream>
#include <numeric>
#include <ostream>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/prefs/judge.hpp"

TUTELAGE_BEGIN

namespace prefs {

TUTELAGE_INLINE Judgement ask(const Judge& judge, Judgement question, JudgementLog* log, std::uint64_t seed, std::uint32_t number) {
  if (question.shown.empty()) {
    question.shown.resize(question.answers.size());
    std::iota(question.shown.begin(), question.shown.end(), std::int64_t{0});
    Rng(seed, Purpose::kQuery, number, 0, 2).shuffle(question.shown);
  }
  Judgement said = judge(question);
  const std::string which = "question " + detail::str(static_cast<std::int64_t>(number));
  if (said.prompt != question.prompt || said.answers != question.answers)
    detail::fail<ValueError>("ask", "the judge answered another question than " + which, "\"" + said.prompt + "\"", "\"" + question.prompt + "\"");
  try {
    validate(said);
  } catch (const ValueError& e) { detail::fail<ValueError>("ask", "the judge's answer to " + which + " is not valid", e.what(), "a judgement"); }
  if (log) log->append(said);
  return said;
}

TUTELAGE_INLINE std::string printable(const std::string& text) {
  static const char* digits = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t k) { return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0u; };
    const unsigned first = byte(0);
    const std::size_t length = first < 0x80 ? 1 : first >= 0xc2 && first < 0xe0 ? 2 : (first & 0xf0) == 0xe0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
    unsigned code = length == 1 ? first : first & (0x7fu >> length);
    bool good = length > 0;
    for (std::size_t k = 1; good && k < length; ++k) {
      good = (byte(k) & 0xc0) == 0x80;
      code = code << 6 | (byte(k) & 0x3f);
    }
    good = good && !(length == 3 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) && !(length == 4 && (code < 0x10000 || code > 0x10ffff));
    const bool control = code < 0x20 ? code != '\n' : (code >= 0x7f && code < 0xa0) || code == 0x61c || code == 0x200e || code == 0x200f ||
                                                           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
    const std::size_t taken = good ? length : 1;
    for (std::size_t k = 0; k < taken; ++k) {
      if (good && !control)
        out += text[i + k];
      else
        out += {'\\', 'x', digits[byte(k) >> 4], digits[byte(k) & 15]};
    }
    i += taken;
  }
  return out;
}

namespace detail_ {

/// "3=1 2" of K answers as shown: their ranks, or none where it is no ranking.
inline std::vector<std::int64_t> ranks_of(const std::string& line, const std::vector<std::int64_t>& shown) {
  std::vector<std::int64_t> ranks(shown.size(), 0);
  std::int64_t rank = 1, placed = 0;
  bool tied = true;
  for (char c : line) {
    if (c == '=') {
      tied = true;
    } else if (c >= '1' && c <= '9' && static_cast<std::size_t>(c - '1') < shown.size()) {
      auto& mine = ranks[static_cast<std::size_t>(shown[static_cast<std::size_t>(c - '1')])];
      if (mine != 0) return {};
      if (!tied) rank = placed + 1;
      mine = rank;
      ++placed;
      tied = false;
    } else if (c != ' ' && c != ',') {
      return {};
    }
  }
  if (placed != static_cast<std::int64_t>(shown.size())) return {};
  return ranks;
}

inline std::string shown_text(const Behaviour& b) {
  if (!b.text.empty()) return printable(b.text);
  if (!b.reference.empty()) return "[" + printable(b.reference) + "]";
  return b.trajectory ? "[" + detail::str(b.trajectory->actions.size()) + " steps]" : "[nothing]";
}

}  // namespace detail_

TUTELAGE_INLINE Judgement TerminalJudge::operator()(const Judgement& question) const {
  Judgement j = question;
  j.annotator = config_.annotator;
  if (j.shown.empty())
    for (std::size_t i = 0; i < j.answers.size(); ++i) j.shown.push_back(static_cast<std::int64_t>(i));
  const std::size_t n = j.answers.size();
  const auto began = std::chrono::steady_clock::now();
  const auto line = [&](const std::string& label) {
    *out_ << label << std::flush;
    std::string said;
    if (!std::getline(*in_, said)) detail::fail<StateError>("TerminalJudge", "the input ended", "no answer", "an answer to each question");
    while (!said.empty() && (said.back() == '\r' || said.back() == ' ')) said.pop_back();
    return said;
  };
  const auto one_of = [&](const std::string& label) {  // an answer by its number, as it was shown
    while (true) {
      const std::string said = n == 1 ? "1" : line(label);
      if (said.size() == 1 && said[0] >= '1' && static_cast<std::size_t>(said[0] - '1') < n) return j.shown[static_cast<std::size_t>(said[0] - '1')];
    }
  };
  if (!config_.guidelines.empty()) *out_ << config_.guidelines << "\n";
  for (const auto& m : j.context) *out_ << printable(m.role + ": " + m.content) << "\n";
  *out_ << printable(j.prompt) << "\n";
  for (std::size_t i = 0; i < n; ++i)
    *out_ << (n == 2 ? (i ? " B  " : " A  ") : " " + std::to_string(i + 1) + "  ") << detail_::shown_text(j.answers[static_cast<std::size_t>(j.shown[i])]) << "\n";
  const std::string keys = n == 1   ? "y right, x not right"
                           : n == 2 ? "a, b, t as good, x both bad"
                                    : "numbers, best first, = between equals (3=1 2)";
  while (true) {
    const std::string said = line(keys + "; c cannot judge, s skip, e a better one, n note > ");
    const char key = said.size() == 1 ? said[0] : 0;
    if (key == 'n') {
      j.note = line("note > ");
      continue;
    }
    if (key == 'e') {
      const auto which = one_of("of which > ");
      const auto words = line("better > ");
      if (words.empty()) continue;
      j.kind = Kind::kCorrection, j.answer = which, j.correction = words;
    } else if (key == 'c' || key == 's') {
      j.kind = key == 'c' ? Kind::kCannotJudge : Kind::kSkip;
    } else if (n == 1 && (key == 'y' || key == 'x')) {
      j.kind = key == 'y' ? Kind::kRight : Kind::kWrong;
    } else if (n == 2 && (key == 'a' || key == 'b')) {
      j.kind = (j.shown[0] == 0) == (key == 'a') ? Kind::kA : Kind::kB;
      while (config_.strength && j.strength == 0) {
        const auto much = line("how much better, 1 to 3 > ");
        if (much.size() == 1 && much[0] >= '1' && much[0] <= '3') j.strength = much[0] - '0';
      }
    } else if (n == 2 && (key == 't' || key == 'x')) {
      j.kind = key == 't' ? Kind::kTie : Kind::kBothBad;
    } else if (n > 2) {
      j.ranking = detail_::ranks_of(said, j.shown);
      if (j.ranking.empty()) continue;
      j.kind = Kind::kRanking;
    } else {
      continue;
    }
    j.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    return j;
  }
}

}  // namespace prefs

TUTELAGE_END
