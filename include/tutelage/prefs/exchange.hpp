#pragma once
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "tutelage/prefs/judgement.hpp"

TUTELAGE_BEGIN

namespace prefs {

/// Calls f with the judgements of a file of JSON lines, in memory for one. A line may be
///   our own record (it has `kind`)
///   `prompt`, `chosen`, `rejected`: A, of these two; `margin` is its strength           (TRL's preference rows)
///   `prompt`, `completion`, `label`: right or wrong; without label: right               (unpaired; prompt and completion)
///   `chosen`, `rejected` alone: HH-RLHF's transcripts, or lists of messages, that begin alike
/// A prompt, and what answers it, is a string or a list of {role, content}: turns before the last become the context. Where transcripts part before the
/// last turn, the answer keeps the later turns in it. Of other columns `annotator` is read. @throws IoError naming the line
void each_judgement(const std::string& path, const std::function<void(Judgement)>& f);
/// All of them.
std::vector<Judgement> read_judgements(const std::string& path);

/// The rows of judgements in a format, as JSON lines:
///   judgements  our own record: nothing is lost            preference  prompt, chosen, rejected; margin where a strength was said
///   hh          chosen and rejected, as transcripts        unpaired    prompt, completion, label              completion  prompt, completion
/// Preferences are made of A, B, corrections and the strict pairs of rankings; labels of right, wrong, both bad and corrections; completions of what was
/// called right or said in words. Ties have no row in these columns. With a context, prompt and answers are lists of messages. `annotator` is a column of
/// all but hh. @throws ConfigError for another format; ValueError for a trajectory in any but the first
std::vector<std::string> judgement_rows(const Judgement& judgement, const std::string& format);
/// Whole or not at all. @throws as judgement_rows, IoError
void write_judgements(const std::string& path, std::span<const Judgement> judgements, const std::string& format = "judgements");

}  // namespace prefs

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/prefs/exchange.ipp"
#endif
