#pragma once
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "tutelage/text/chat.hpp"

TUTELAGE_BEGIN

namespace io {

/// A flat JSON object: one line of a JSON lines file.
using Value = std::variant<std::nullptr_t, bool, double, std::string>;
using Record = std::map<std::string, Value>;

/// One line, keys in alphabetical order, no line break. Bytes that are not UTF-8 are replaced.
std::string to_json_line(const Record& record);
/// @throws IoError naming `where` for anything but a flat object
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
