#pragma once
#include <algorithm>
#include <string>
#include <string_view>

#include "tutelage/base/fail.hpp"
#include "tutelage/impl/prefs/judgement_json.hpp"
#include "tutelage/io/file.hpp"
#include "tutelage/prefs/exchange.hpp"
#include "tutelage/prefs/training_data.hpp"

TUTELAGE_BEGIN

namespace prefs {

namespace detail_ {

inline constexpr std::string_view kHuman = "\n\nHuman:", kAssistant = "\n\nAssistant:";

[[noreturn]] inline void bad_row(const std::string& where, const std::string& what, const std::string& got, const std::string& expected) {
  detail::fail<IoError>("read_judgements", where + ": " + what, got, expected);
}

/// An HH-RLHF transcript as turns; nothing of the text is lost but one space after each colon.
inline text::Conversation turns_of(std::string_view transcript, const std::string& where) {
  text::Conversation turns;
  const std::string_view whole = transcript;
  while (!transcript.empty()) {
    const bool human = transcript.starts_with(kHuman);
    if (!human && !transcript.starts_with(kAssistant)) bad_row(where, "no transcript", std::string(whole.substr(0, 60)), "Human: and Assistant: turns");
    transcript.remove_prefix(human ? kHuman.size() : kAssistant.size());
    const std::size_t end = std::min({transcript.find(kHuman), transcript.find(kAssistant), transcript.size()});
    auto said = transcript.substr(0, end);
    if (said.starts_with(' ')) said.remove_prefix(1);
    turns.push_back({human ? "user" : "assistant", std::string(said)});
    transcript.remove_prefix(end);
  }
  return turns;
}
inline std::string transcript_of(std::span<const text::Message> turns) {
  std::string out;
  for (const auto& m : turns) out += std::string(m.role == "assistant" ? kAssistant : kHuman) + " " + m.content;
  return out;
}

/// A string, or a list of messages.
inline text::Conversation messages(const io::Record& row, const std::string& key, const std::string& role, const std::string& where) {
  const auto& value = row.at(key);
  if (const auto* said = std::get_if<std::string>(&value)) return {{role, *said}};
  return Fields(row, where).conversation(key);
}

/// What answers, as one text: its first turn, later ones as in a transcript.
inline std::string answer_of(std::span<const text::Message> turns, const std::string& where) {
  if (turns.empty() || turns.front().role != "assistant") bad_row(where, "no answer", turns.empty() ? "nothing" : turns.front().role, "an assistant's turn");
  return turns.front().content + transcript_of(turns.subspan(1));
}

inline void set_prompt(Judgement& j, text::Conversation turns, const std::string& where) {
  if (turns.empty() || turns.back().role != "user") bad_row(where, "no prompt", turns.empty() ? "nothing" : turns.back().role, "a user's turn at the end");
  j.prompt = std::move(turns.back().content);
  turns.pop_back();
  j.context = std::move(turns);
}

inline void read_pair(Judgement& j, const io::Record& row, const std::string& where) {
  j.kind = Kind::kA;
  const bool has_prompt = row.count("prompt") > 0, transcripts = !has_prompt && std::holds_alternative<std::string>(row.at("chosen"));
  const auto side = [&](const char* key) {
    if (!transcripts) return messages(row, key, "assistant", where);
    const auto* said = std::get_if<std::string>(&row.at(key));
    if (!said) bad_row(where, "columns differ in type", key, "two transcripts");
    return turns_of(*said, where);
  };
  const auto chosen = side("chosen"), rejected = side("rejected");
  std::size_t alike = 0;
  if (has_prompt) {
    set_prompt(j, messages(row, "prompt", "user", where), where);
  } else {
    const std::size_t most = std::min(chosen.size(), rejected.size());
    while (alike < most && chosen[alike] == rejected[alike]) ++alike;
    alike = std::min(alike, most - std::min<std::size_t>(most, 1));  // something is left to answer
    while (alike > 0 && (chosen[alike].role != "assistant" || rejected[alike].role != "assistant")) --alike;
    set_prompt(j, {chosen.begin(), chosen.begin() + static_cast<std::ptrdiff_t>(alike)}, where);
  }
  for (const auto* turns : {&chosen, &rejected}) j.answers.emplace_back(answer_of(std::span(*turns).subspan(alike), where));
}

inline Judgement parse_row(const std::string& line, const std::string& where) {
  const auto row = io::parse_record(line, where);
  if (row.count("kind")) return parse_judgement(line, where);
  Judgement j;
  Fields in(row, where);
  if (row.count("chosen") && row.count("rejected")) {
    read_pair(j, row, where);
    j.strength = in.number("margin");
  } else if (row.count("prompt") && row.count("completion")) {
    set_prompt(j, messages(row, "prompt", "user", where), where);
    j.answers = {answer_of(messages(row, "completion", "assistant", where), where)};
    j.kind = !in.has("label") || in.yes("label") ? Kind::kRight : Kind::kWrong;
  } else {
    bad_row(where, "unknown columns", row.empty() ? "none" : row.begin()->first, "kind; or chosen and rejected; or prompt and completion");
  }
  if (in.has("annotator")) j.annotator = in.text("annotator");
  try {
    validate(j);
  } catch (const ValueError& e) { bad_row(where, "no judgement", e.what(), "a whole judgement"); }
  return j;
}

}  // namespace detail_

TUTELAGE_INLINE void each_judgement(const std::string& path, const std::function<void(Judgement)>& f) {
  if (!io::exists(path)) detail::fail<IoError>("read_judgements", "no such file", path, "JSON lines");
  std::int64_t number = 0;
  io::for_each_line(path, [&](const std::string& line) {
    ++number;
    if (line.find_first_not_of(" \t\r") != std::string::npos) f(detail_::parse_row(line, path + ", line " + detail::str(number)));
  });
}

TUTELAGE_INLINE std::vector<Judgement> read_judgements(const std::string& path) {
  std::vector<Judgement> all;
  each_judgement(path, [&](Judgement j) { all.push_back(std::move(j)); });
  return all;
}

TUTELAGE_INLINE std::vector<std::string> judgement_rows(const Judgement& j, const std::string& format) {
  if (format == "judgements") return {to_json_line(j)};
  const bool preference = format == "preference", hh = format == "hh", unpaired = format == "unpaired", completion = format == "completion";
  if (!preference && !hh && !unpaired && !completion)
    detail::fail<ConfigError>("write_judgements", "unknown format", format, "judgements, preference, hh, unpaired or completion");
  const auto data = training_data(std::span(&j, 1));
  for (const auto& a : j.answers)
    if (a.trajectory || !a.reference.empty())
      detail::fail<ValueError>("write_judgements", "answer is a trajectory", a.reference, "a text", "Only the format judgements holds trajectories.");
  auto prompt = j.context;
  prompt.push_back({"user", j.prompt});
  std::vector<std::string> rows;
  const auto put = [&](io::Record row) {
    if (!hh) row["annotator"] = j.annotator;
    if (!hh) row["prompt"] = j.context.empty() ? io::Value(j.prompt) : io::Value(detail_::to_value(prompt));
    rows.push_back(io::to_json_line(row));
  };
  const auto answer = [&](const std::string& said) -> io::Value {
    const text::Conversation turn{{"assistant", said}};
    if (hh) return detail_::transcript_of(prompt) + detail_::transcript_of(turn);
    return j.context.empty() ? io::Value(said) : io::Value(detail_::to_value(turn));
  };
  if (preference || hh)
    for (const auto& p : data.preferences) {
      if (p.probability != 1) continue;
      io::Record row{{"chosen", answer(p.chosen)}, {"rejected", answer(p.rejected)}};
      if (preference && j.strength > 0) row["margin"] = j.strength;
      put(std::move(row));
    }
  else
    for (const auto& v : data.verdicts) {
      if (completion && !v.right) continue;
      io::Record row{{"completion", answer(v.answer)}};
      if (unpaired) row["label"] = v.right;
      put(std::move(row));
    }
  return rows;
}

TUTELAGE_INLINE void write_judgements(const std::string& path, std::span<const Judgement> judgements, const std::string& format) {
  io::write_file(path, [&](const std::function<void(std::string_view)>& write) {
    std::string part;
    for (const auto& j : judgements) {
      for (const auto& row : judgement_rows(j, format)) part += row + "\n";
      if (part.size() > (std::size_t{1} << 20)) write(part), part.clear();
    }
    write(part);
  });
}

}  // namespace prefs

TUTELAGE_END
