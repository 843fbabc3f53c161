#pragma once
#include <algorithm>
#include <array>
#include <cmath>

#include "tutelage/base/fail.hpp"
#include "tutelage/io/file.hpp"
#include "tutelage/io/record.hpp"
#include "tutelage/prefs/judgement.hpp"

TUTELAGE_BEGIN

namespace prefs {

namespace detail_ {
inline constexpr std::array<const char*, 7> kNames{"a", "b", "tie", "skip", "right", "wrong", "correction"};
inline bool of_two(Kind k) { return k == Kind::kA || k == Kind::kB || k == Kind::kTie || k == Kind::kSkip; }
}  // namespace detail_

TUTELAGE_INLINE std::string name(Kind kind) { return detail_::kNames[static_cast<std::size_t>(kind)]; }

TUTELAGE_INLINE std::optional<Kind> kind_named(const std::string& name) {
  const auto at = std::find(detail_::kNames.begin(), detail_::kNames.end(), name);
  if (at == detail_::kNames.end()) return std::nullopt;
  return static_cast<Kind>(at - detail_::kNames.begin());
}

TUTELAGE_INLINE void validate(const Judgement& j) {
  const auto need = [](bool ok, const char* what, const std::string& got, const char* expected) {
    if (!ok) detail::fail<ValueError>("Judgement", what, got, expected);
  };
  need(!j.prompt.empty(), "prompt is empty", "\"\"", "a question");
  const bool objected = j.kind == Kind::kWrong || j.kind == Kind::kCorrection;  // saying nothing may be objected to
  need(objected || !j.answer_a.empty(), "answer_a is empty", "\"\"", "an answer");
  need(!detail_::of_two(j.kind) || !j.answer_b.empty(), "answer_b is empty", "\"\"", "a second answer");
  need(j.kind != Kind::kCorrection || !j.correction.empty(), "correction is empty", "\"\"", "the better answer");
  need(std::isfinite(j.seconds) && j.seconds >= 0, "seconds is out of range", detail::str(j.seconds), "0 or more");
}

TUTELAGE_INLINE std::string to_json_line(const Judgement& j) {
  validate(j);
  io::Record r{{"kind", name(j.kind)}, {"prompt", j.prompt}, {"answer_a", j.answer_a}, {"annotator", j.annotator}, {"seconds", j.seconds}};
  if (detail_::of_two(j.kind)) r["answer_b"] = j.answer_b;
  if (j.kind == Kind::kCorrection) r["correction"] = j.correction;
  if (!j.source_a.empty()) r["source_a"] = j.source_a;
  if (!j.source_b.empty()) r["source_b"] = j.source_b;
  return io::to_json_line(r);
}

TUTELAGE_INLINE Judgement parse_judgement(const std::string& line, const std::string& where) {
  Judgement j;
  static const std::array<std::string, 9> known{"kind",      "prompt",  "answer_a", "answer_b", "correction",
                                                "annotator", "seconds", "source_a", "source_b"};
  const auto record = io::parse_record(line, where);
  if (!record.count("kind"))
    detail::fail<IoError>("parse_judgement", where + " is incomplete", "no kind", "a, b, tie, skip, right, wrong or correction");
  for (const auto& [key, value] : record) {
    const auto wrong = [&, k = key](const std::string& what, const std::string& expected, const std::string& hint = "") {
      detail::fail<IoError>("parse_judgement", where + ": " + what, k, expected, hint);
    };
    const auto text = [&]() -> const std::string& {
      if (!std::holds_alternative<std::string>(value)) wrong("value is not a string", "a string");
      return std::get<std::string>(value);
    };
    if (key == "kind") {
      const auto kind = kind_named(text());
      if (!kind) wrong("unknown kind " + text(), "a, b, tie, skip, right, wrong or correction");
      j.kind = *kind;
    } else if (key == "prompt")
      j.prompt = text();
    else if (key == "answer_a")
      j.answer_a = text();
    else if (key == "answer_b")
      j.answer_b = text();
    else if (key == "correction")
      j.correction = text();
    else if (key == "annotator")
      j.annotator = text();
    else if (key == "source_a")
      j.source_a = text();
    else if (key == "source_b")
      j.source_b = text();
    else if (key == "seconds") {
      if (!std::holds_alternative<double>(value)) wrong("value is not a number", "seconds");
      j.seconds = std::get<double>(value);
    } else {
      const std::string near = detail::nearest(key, known.data(), known.size());
      wrong("unknown key", "a field of a judgement", near.empty() ? "" : "Did you mean " + near + "?");
    }
  }
  try {
    validate(j);
  } catch (const ValueError& e) { detail::fail<IoError>("parse_judgement", where + " is incomplete", e.what(), "a whole judgement"); }
  return j;
}

TUTELAGE_INLINE void JudgementLog::append(const Judgement& judgement) { io::append_line(path_, to_json_line(judgement)); }

TUTELAGE_INLINE std::vector<Judgement> JudgementLog::read() const {
  std::vector<Judgement> all;
  for (const auto& line : io::read_lines(path_)) all.push_back(parse_judgement(line, path_ + ", judgement " + detail::str(all.size() + 1)));
  return all;
}

TUTELAGE_INLINE TrainingData training_data(std::span<const Judgement> judgements) {
  TrainingData data;
  for (const auto& j : judgements) switch (j.kind) {
      case Kind::kA:
        data.preferences.push_back({j.prompt, j.answer_a, j.answer_b, 1.0});
        break;
      case Kind::kB:
        data.preferences.push_back({j.prompt, j.answer_b, j.answer_a, 1.0});
        break;
      case Kind::kTie:
        data.preferences.push_back({j.prompt, j.answer_a, j.answer_b, 0.5});
        break;
      case Kind::kSkip:
        break;
      case Kind::kRight:
      case Kind::kWrong:
        data.verdicts.push_back({j.prompt, j.answer_a, j.kind == Kind::kRight});
        break;
      case Kind::kCorrection:
        data.demonstrations.push_back({j.prompt, j.correction});
        if (j.correction != j.answer_a) {
          data.preferences.push_back({j.prompt, j.correction, j.answer_a, 1.0});
          data.verdicts.push_back({j.prompt, j.answer_a, false});
        }
        data.verdicts.push_back({j.prompt, j.correction, true});
    }
  return data;
}

}  // namespace prefs

TUTELAGE_END
