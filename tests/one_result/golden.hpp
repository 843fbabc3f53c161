#pragma once
// tests/golden/one_result.json: {"run": {"what": "SHA-256", ...}, ...}. Written and read here alone, so that the program needs no JSON library.
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace one_result {

using Golden = std::map<std::string, std::vector<std::pair<std::string, std::string>>>;

inline Golden read_golden(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + " cannot be read");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  Golden golden;
  std::string name, key;
  for (std::size_t at = 0; (at = text.find('"', at)) != std::string::npos;) {
    const std::size_t end = text.find('"', at + 1);
    const std::string word = text.substr(at + 1, end - at - 1);
    const std::size_t next = text.find_first_of(":,}", end);
    at = end + 1;
    if (next == std::string::npos || end == std::string::npos) throw std::runtime_error(path + " is cut");
    if (text[next] != ':')
      golden[name].emplace_back(key, word);
    else if (text.find_first_not_of(": \n", next) == text.find('{', next))
      name = word;
    else
      key = word;
  }
  return golden;
}

inline void write_golden(const std::string& path, const Golden& golden) {
  std::ofstream file(path);
  const char* between_runs = "{\n";
  for (const auto& [name, digests] : golden) {
    file << between_runs << "  \"" << name << "\": {";
    const char* between = "\n";
    for (const auto& [what, digest] : digests) {
      file << between << "    \"" << what << "\": \"" << digest << '"';
      between = ",\n";
    }
    file << "\n  }";
    between_runs = ",\n";
  }
  file << "\n}\n";
  if (!file.flush()) throw std::runtime_error(path + " cannot be written");
}

/// Names of what differs; empty where all is equal.
inline std::string differences(const std::vector<std::pair<std::string, std::string>>& got,
                               const std::vector<std::pair<std::string, std::string>>& expected) {
  if (got.size() != expected.size()) return "number of digests: " + std::to_string(got.size()) + " and " + std::to_string(expected.size());
  std::string names;
  for (std::size_t i = 0; i < got.size(); ++i)
    if (got[i] != expected[i]) names += (names.empty() ? "" : ", ") + got[i].first;
  return names;
}

}  // namespace one_result
