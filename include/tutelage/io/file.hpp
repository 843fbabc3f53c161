#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tutelage/config.hpp"

TUTELAGE_BEGIN

namespace io {

/// The whole file. @throws IoError naming it
std::string read_file(const std::string& path);

/// Whole or not at all: a temporary file beside it, fsync, rename, fsync of the folder. @throws IoError; the old file is then as it was
void write_file(const std::string& path, std::string_view bytes);
/// The same in parts: `produce` is given a function that takes the next one.
void write_file(const std::string& path, const std::function<void(const std::function<void(std::string_view)>&)>& produce);

/// Makes the folder and its parents. @throws IoError
void make_folder(const std::string& path);
bool exists(const std::string& path);

/// Appends one line durably: one write, then fdatasync; where the file is new, fsync of the folder. A torn last line of an earlier crash is cut first.
/// The file is locked meanwhile, so that threads and processes take turns. @throws IoError, ValueError for a line break inside
void append_line(const std::string& path, std::string_view line);

/// Calls f with each whole line that is not empty, in memory for one line; a torn last line is left out. An absent file has none. @throws IoError
void for_each_line(const std::string& path, const std::function<void(const std::string&)>& f);

/// The whole lines; a torn last line is left out. An absent file has none. @throws IoError
std::vector<std::string> read_lines(const std::string& path);

}  // namespace io

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/io/file.ipp"
#endif
