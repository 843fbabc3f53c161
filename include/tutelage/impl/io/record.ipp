#pragma once
#include "tutelage/impl/io/json.hpp"
#include "tutelage/io/file.hpp"
#include "tutelage/io/record.hpp"

TUTELAGE_BEGIN

namespace io {

namespace detail_ {
inline std::string dump_line(const nlohmann::ordered_json& value) {
  return value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

inline void add_messages(text::Conversation& to, const nlohmann::ordered_json& value, const std::string& role) {
  if (value.is_string()) {
    to.push_back({role, value.get<std::string>()});
    return;
  }
  for (const auto& m : value.get_ref<const nlohmann::ordered_json::array_t&>())  // throws for anything but a list
    to.push_back({m.at("role").get<std::string>(), m.at("content").get<std::string>()});
}
}  // namespace detail_

namespace detail_ {
inline nlohmann::ordered_json to_json(const Value& value) {
  nlohmann::ordered_json out;
  if (const auto* list = std::get_if<List>(&value)) {
    out = nlohmann::ordered_json::array();
    for (const auto& v : *list) out.push_back(to_json(v));
  } else if (const auto* record = std::get_if<Record>(&value)) {
    out = nlohmann::ordered_json::object();
    for (const auto& [key, v] : *record) out.emplace(key, to_json(v));
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    out = *text;
  } else if (const auto* number = std::get_if<double>(&value)) {
    out = *number;
  } else if (const auto* yes = std::get_if<bool>(&value)) {
    out = *yes;
  }
  return out;
}

inline Value from_json(nlohmann::ordered_json& json) {
  if (json.is_null()) return nullptr;
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number()) return json.get<double>();
  if (json.is_string()) return std::move(json.get_ref<std::string&>());
  if (json.is_array()) {
    List list;
    for (auto& v : json) list.push_back(from_json(v));
    return list;
  }
  Record record;
  for (auto& [key, v] : json.get_ref<nlohmann::ordered_json::object_t&>()) record.emplace(key, from_json(v));
  return record;
}
}  // namespace detail_

TUTELAGE_INLINE std::string to_json_line(const Record& record) { return detail_::dump_line(detail_::to_json(record)); }

TUTELAGE_INLINE Record parse_record(const std::string& line, const std::string& where) {
  auto object = detail_::parse_json(line, where);
  if (!object.is_object()) detail::fail<IoError>("parse_record", where + " is not an object", object.type_name(), "one JSON object");
  return std::get<Record>(detail_::from_json(object));
}

TUTELAGE_INLINE std::vector<text::Conversation> read_conversations(const std::string& path) {
  if (!exists(path)) detail::fail<IoError>("read_conversations", "no such file", path, "JSON lines with `messages`, or `prompt` and `completion`");
  std::vector<text::Conversation> all;
  const std::string bytes = read_file(path);
  std::size_t number = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t end = std::min(bytes.find('\n', at), bytes.size());
    const std::string line = bytes.substr(at, end - at), where = path + ", line " + detail::str(++number);
    at = end + 1;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const auto row = detail_::parse_json(line, where);
    try {
      text::Conversation c;
      if (row.contains("messages")) {
        detail_::add_messages(c, row.at("messages"), "user");
      } else {
        detail_::add_messages(c, row.at("prompt"), "user");
        detail_::add_messages(c, row.at("completion"), "assistant");
      }
      all.push_back(std::move(c));
    } catch (const nlohmann::ordered_json::exception& e) {
      detail::fail<IoError>("read_conversations", where + " has the wrong columns", e.what(), "`messages`, or `prompt` and `completion`");
    }
  }
  return all;
}

TUTELAGE_INLINE void write_conversations(const std::string& path, const std::vector<text::Conversation>& conversations) {
  std::string bytes;
  for (const auto& c : conversations) {
    nlohmann::ordered_json messages = nlohmann::ordered_json::array();
    for (const auto& m : c) messages.push_back({{"role", m.role}, {"content", m.content}});
    bytes += detail_::dump_line({{"messages", messages}}) + "\n";
  }
  write_file(path, bytes);
}

}  // namespace io

TUTELAGE_END
