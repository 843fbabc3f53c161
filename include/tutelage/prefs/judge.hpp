#pragma once
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>

#include "tutelage/prefs/judgement.hpp"

TUTELAGE_BEGIN

namespace prefs {

/// Who judges: given a question (its prompt, answers, shown), returns it with the kind and what else was said filled in.
using Judge = std::function<Judgement(const Judgement& question)>;

/// Asks, and keeps the answer in `log` if there is one before it returns. Where the question does not say in which order answers are shown, a coin
/// decides by (seed, number), the number of the question. @throws ValueError naming the question where the judge's answer is not valid or is of another
/// question
Judgement ask(const Judge& judge, Judgement question, JudgementLog* log = nullptr, std::uint64_t seed = 0, std::uint32_t number = 0);

struct TerminalJudgeConfig {
  std::string annotator = "anonymous";
  std::string guidelines{};  // shown with each question
  bool strength = false;     // ask how much better, 1 to 3, after a choice
};

/// A person at a terminal, or any two streams: shows the question, reads lines. Of what a model wrote only printable characters are shown as they are.
///   two answers: a, b (as shown), t as good, x both bad      one: y right, x not right      more: numbers, best first, = between equals (3=1 2)
///   always: c cannot judge, s skip, e a better one in words (of two or more: the number of the answer is asked), n a note, kept with the answer
/// Copies share nothing. @throws StateError where the input ends before the answer
class TerminalJudge {
 public:
  /// The streams must outlive it.
  TerminalJudge(std::istream& in, std::ostream& out, TerminalJudgeConfig config = {}) : in_(&in), out_(&out), config_(std::move(config)) {}
  Judgement operator()(const Judgement& question) const;

 private:
  std::istream* in_;
  std::ostream* out_;
  TerminalJudgeConfig config_;
};

/// Text that may go to a terminal: control characters, what turns the direction of writing, and bytes that are not UTF-8 become \xNN; line ends stay.
std::string printable(const std::string& text);

}  // namespace prefs

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/prefs/judge.ipp"
#endif
