#pragma once
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tutelage/base/fail.hpp"

TUTELAGE_BEGIN

namespace io::detail_ {

/// Parses JSON and refuses duplicate keys. @throws IoError naming `where`
inline nlohmann::ordered_json parse_json(const std::string& text, const std::string& where) {
  std::vector<std::set<std::string>> open;
  std::string twice;
  const auto watch = [&](int, nlohmann::ordered_json::parse_event_t event, nlohmann::ordered_json& value) {
    using E = nlohmann::ordered_json::parse_event_t;
    if (event == E::object_start) open.emplace_back();
    if (event == E::object_end) open.pop_back();
    if (event == E::key && !open.back().insert(value.get<std::string>()).second) twice = value.get<std::string>();
    return true;
  };
  try {
    auto parsed = nlohmann::ordered_json::parse(text, watch);
    if (!twice.empty()) detail::fail<IoError>("parse_json", where + " has a key twice", twice, "each key once");
    return parsed;
  } catch (const nlohmann::ordered_json::exception& e) { detail::fail<IoError>("parse_json", where + " is not valid JSON", e.what(), "JSON"); }
}

}  // namespace io::detail_

TUTELAGE_END
