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
    to.push_back({m.at("role").get<std::string>(), m.at("content").get<std::string>(), m.value("cut", false)});
}
}  // namespace detail_

TUTELAGE_INLINE std::string to_json_line(const Record& record) {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  for (const auto& [key, value] : record) std::visit([&, k = key](const auto& v) { object[k] = v; }, value);
  return detail_::dump_line(object);
}

TUTELAGE_INLINE Record parse_record(const std::string& line, const std::string& where) {
  const auto object = detail_::parse_json(line, where);
  if (!object.is_object()) detail::fail<IoError>("parse_record", where + " is not an object", object.type_name(), "one flat JSON object");
  Record record;
  for (const auto& [key, value] : object.items()) {
    if (value.is_null())
      record[key] = nullptr;
    else if (value.is_boolean())
      record[key] = value.get<bool>();
    else if (value.is_number())
      record[key] = value.get<double>();
    else if (value.is_string())
      record[key] = value.get<std::string>();
    else
      detail::fail<IoError>("parse_record", where + ": " + key + " is nested", value.type_name(), "a string, number, bool or null");
  }
  return record;
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
    for (const auto& m : c) {
      messages.push_back({{"role", m.role}, {"content", m.content}});
      if (m.cut) messages.back()["cut"] = true;
    }
    bytes += detail_::dump_line({{"messages", messages}}) + "\n";
  }
  write_file(path, bytes);
}

}  // namespace io

TUTELAGE_END
