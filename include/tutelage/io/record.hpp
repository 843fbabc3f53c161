#pragma once
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "tutelage/text/chat.hpp"

TUTELAGE_BEGIN

namespace io {

/// A JSON value. An object's keys are in alphabetical order.
struct Value;
using List = std::vector<Value>;
using Record = std::map<std::string, Value>;
struct Value : std::variant<std::nullptr_t, bool, double, std::string, List, Record> {
  using variant::variant;
};

/// One line of a JSON lines file, no line break. Bytes that are not UTF-8 are replaced.
std::string to_json_line(const Record& record);
/// @throws IoError naming `where` for anything but an object
Record parse_record(const std::string& line, const std::string& where);

/// Conversations from JSON lines in TRL's columns: `messages`, or `prompt` and `completion` (each a string or a list of {role, content}).
/// @throws IoError naming the line
std::vector<text::Conversation> read_conversations(const std::string& path);
void write_conversations(const std::string& path, const std::vector<text::Conversation>& conversations);

}  // namespace io

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/io/record.ipp"
#endif
