#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tutelage/env/trajectory.hpp"
#include "tutelage/text/chat.hpp"

TUTELAGE_BEGIN

namespace prefs {

/// What a person said. A, B, tie and both bad are of two answers; ranking of two or more; right, wrong and correction of one of them. Who skips does
/// not want to answer, who cannot judge has tried. A comment is words alone, its note.
enum class Kind { kA, kB, kTie, kBothBad, kCannotJudge, kSkip, kRanking, kRight, kWrong, kCorrection, kComment };

/// What is judged: a text, or a trajectory, given here or by reference (a file's name, an episode's number: the library does not open it).
struct Behaviour {
  std::string text{};
  std::optional<env::Trajectory> trajectory{};
  std::string reference{};
  std::string source{};  // what produced it: a model and its checkpoint, a sample's number
  Behaviour() = default;
  Behaviour(std::string words) : text(std::move(words)) {}
  Behaviour(const char* words) : text(words) {}
  Behaviour(env::Trajectory steps) : trajectory(std::move(steps)) {}
  bool operator==(const Behaviour&) const = default;
};

/// One judgement, from the front end to training. A question is one whose kind nobody filled in yet. What refers to answers counts them from 0 as they
/// stand here, not as they were shown.
struct Judgement {
  Kind kind = Kind::kSkip;
  std::string prompt{};              // may be empty where the answers are trajectories
  std::vector<Behaviour> answers{};  // one, two or more
  std::int64_t answer = 0;           // the one that right, wrong or correction is of
  std::string correction{};          // the better answer in the person's words
  std::vector<std::int64_t> ranking{};  // the rank of each answer, 1 the best; equal ranks are a tie
  double strength = 0;               // of A or B: how much better, 1 to 3 from the front ends; 0: not said
  std::string note{};                // what else was said
  std::string annotator = "anonymous";
  double seconds = 0;                 // how long it took
  std::vector<std::int64_t> shown{};  // answers in the order in which they were shown; empty: not known
  std::optional<double> score{};      // with which the question was chosen
  std::string purpose{};              // why it was asked: the acquisition's name, "random", "champion", "gold"
  text::Conversation context{};       // turns before the prompt
  std::string id{}, session{};        // so that a judgement sent twice is kept once, and one sitting can be told from another
  double time = 0;                    // when, in seconds since 1970; 0: not known
  bool operator==(const Judgement&) const = default;
};

/// The name of a kind in files: "a", "b", "tie", "both_bad", "cannot_judge", "skip", "ranking", "right", "wrong", "correction", "comment".
std::string name(Kind kind);
/// The kind of that name, if there is one.
std::optional<Kind> kind_named(const std::string& name);
/// @throws ValueError for fields that do not fit the kind: an empty prompt or answer, a correction without text, a ranking of other answers, a
/// strength that is no number, a trajectory without steps or with a number that is not finite
void validate(const Judgement& judgement);
/// Whether the answer shown first is answers[0] (1) or another (0); empty: not known.
std::optional<bool> first_shown_first(const Judgement& judgement);

/// One line, fields that say nothing left out. An answer is a string, or an object of text, trajectory, reference and source.
std::string to_json_line(const Judgement& judgement);
/// @throws IoError naming `where` for an unknown key (the nearest is suggested), kind or type
Judgement parse_judgement(const std::string& line, const std::string& where);

/// Judgements in a file, one a line; only ever added to. Each is on disk before append returns: one write and fdatasync. A line that a crash tore is
/// cut by the first append. Several threads and processes may append at once.
class JudgementLog {
 public:
  explicit JudgementLog(std::string path) : path_(std::move(path)) {}
  void append(const Judgement& judgement);
  /// Calls f with each, in memory for one; a torn last line is left out. @throws IoError naming a damaged line
  void each(const std::function<void(Judgement)>& f) const;
  /// All of them.
  std::vector<Judgement> read() const;

 private:
  std::string path_;
};

}  // namespace prefs

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/prefs/judgement.ipp"
#endif
