#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tutelage/config.hpp"

TUTELAGE_BEGIN

namespace prefs {

/// What a person said. A, B, tie and skip are of two answers; right, wrong and correction of answer_a alone.
enum class Kind { kA, kB, kTie, kSkip, kRight, kWrong, kCorrection };

/// One judgement, as it is kept in JSON lines.
struct Judgement {
  Kind kind = Kind::kSkip;
  std::string prompt;
  std::string answer_a{}, answer_b{};
  std::string correction{};  // the better answer in the person's words
  std::string annotator = "anonymous";
  double seconds = 0;                  // how long it took
  std::string source_a{}, source_b{};  // where the answers came from (a model, a sample's number), if known
};

/// The name of a kind in files: "a", "b", "tie", "skip", "right", "wrong", "correction".
std::string name(Kind kind);
/// The kind of that name, if there is one.
std::optional<Kind> kind_named(const std::string& name);
/// @throws ValueError for an empty prompt or answer, or a correction without text
void validate(const Judgement& judgement);
std::string to_json_line(const Judgement& judgement);
/// @throws IoError naming `where` for an unknown key (the nearest is suggested), kind or type
Judgement parse_judgement(const std::string& line, const std::string& where);

/// Judgements in a file, one a line; only ever added to. Each is on disk before append returns.
class JudgementLog {
 public:
  explicit JudgementLog(std::string path) : path_(std::move(path)) {}
  void append(const Judgement& judgement);
  /// All of them; a torn last line is left out. @throws IoError naming a damaged line
  std::vector<Judgement> read() const;

 private:
  std::string path_;
};

struct Demonstration {
  std::string prompt, answer;
};
struct Preference {
  std::string prompt, chosen, rejected;
  double probability = 1.0;  // 0.5: a tie
};
struct Verdict {
  std::string prompt, answer;
  bool right = false;
};

/// What training reads out of judgements: a correction makes a demonstration and a pair (corrected > original), and a verdict on each;
/// A, B and ties make pairs; skips make nothing.
struct TrainingData {
  std::vector<Demonstration> demonstrations;
  std::vector<Preference> preferences;
  std::vector<Verdict> verdicts;
};
TrainingData training_data(std::span<const Judgement> judgements);

}  // namespace prefs

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/prefs/judgement.ipp"
#endif
