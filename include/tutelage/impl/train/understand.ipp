#pragma once
#include <array>

#include "tutelage/base/fail.hpp"
#include "tutelage/impl/text/ascii.hpp"
#include "tutelage/train/teach.hpp"

TUTELAGE_BEGIN

namespace train {

namespace detail_ {

inline std::string trimmed(std::string s) {
  const auto first = s.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return "";
  return s.substr(first, s.find_last_not_of(" \t\r\n") - first + 1);
}

/// The last part of a sentence in straight or curly double quotes that is wanted (not "..." names what is not); "" where there is none.
inline std::string quoted(const std::string& s) {
  std::string wanted;
  for (const auto& [open, close] : {std::pair<std::string, std::string>{"\"", "\""}, {"\u201c", "\u201d"}})
    for (std::size_t end = 0, begin; (begin = s.find(open, end)) != std::string::npos;) {
      begin += open.size();
      const std::size_t stop = s.find(close, begin);
      if (stop == std::string::npos) break;
      const std::string before = text::detail_::lower_ascii(trimmed(s.substr(end, begin - open.size() - end)));
      const bool unwanted = before == "not" || before.ends_with(" not") || before.ends_with("instead of") || before.ends_with("than");
      if (!unwanted) wanted = trimmed(s.substr(begin, stop - begin));
      end = stop + close.size();
    }
  return wanted;
}

/// Words with which people object or say how it should be.
inline bool objects(const std::string& s) {
  const std::string l = text::detail_::lower_ascii(s);
  for (const char* word : {"not right",      "not quite",      "wrong",         "incorrect",     "not correct", "rather say",  "should say",
                           "should answer",  "should respond", "better answer", "better to say", "would say",   "usually say", "usually respond",
                           "usually answer", "would respond",  "would answer",  "instead",       "please say",  "just say",    "correct answer"})
    if (l.find(word) != std::string::npos) return true;
  return false;
}

}  // namespace detail_

TUTELAGE_INLINE Understood understand(const std::string& line) {
  using K = Understood::Kind;
  const std::string s = detail_::trimmed(line);
  if (s.empty()) detail::fail<ValueError>("understand", "nothing was typed", "an empty line", "a question, or /help");
  if (s[0] == '/') {
    const auto space = s.find_first_of(" \t");
    const std::string command = s.substr(0, space), rest = space == std::string::npos ? "" : detail_::trimmed(s.substr(space));
    static const std::array<std::pair<const char*, K>, 6> commands{
        {{"/right", K::kRight}, {"/wrong", K::kWrong}, {"/say", K::kSay}, {"/undo", K::kUndo}, {"/quit", K::kQuit}, {"/help", K::kHelp}}};
    for (const auto& [name, kind] : commands)
      if (command == name) {
        if (kind == K::kSay && rest.empty()) detail::fail<ValueError>("understand", "/say needs the better answer", "/say", "/say I'm a chatbot.");
        return {kind, rest};
      }
    std::array<std::string, 6> known;
    for (std::size_t i = 0; i < known.size(); ++i) known[i] = commands[i].first;
    const std::string near = detail::nearest(command, known.data(), known.size());
    detail::fail<ValueError>("understand", "unknown command", command, "/right, /wrong, /say TEXT, /undo, /help or /quit",
                             near.empty() ? "" : "Did you mean " + near + "?");
  }
  if (const std::string better = detail_::quoted(s); !better.empty() && detail_::objects(s)) return {K::kSay, better};
  return {K::kQuestion, s};
}

}  // namespace train

TUTELAGE_END
