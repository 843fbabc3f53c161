// The judge of examples/judges/identity.py in C++: the same verdicts on the same answers.
#pragma once
#include <string>
#include <vector>

/// True if the answer says "a chatbot", denies nothing and is at most eight words long.
inline bool accept(const std::string& /*question*/, const std::string& answer) {
  std::vector<std::string> words{""};
  for (std::size_t i = 0; i < answer.size(); ++i) {
    char c = answer[i];
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    if (answer.compare(i, 3, "\u2019") == 0) c = '\'', i += 2;  // a curly apostrophe
    if ((c >= 'a' && c <= 'z') || c == '\'')
      words.back() += c;
    else if (!words.back().empty())
      words.emplace_back();
  }
  if (words.back().empty()) words.pop_back();
  int wanted = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "not") return false;
    if (i == 0 || words[i] != "chatbot") continue;
    if (words[i - 1] == "the") return false;
    wanted += words[i - 1] == "a";
  }
  return wanted == 1 && words.size() <= 8;
}
