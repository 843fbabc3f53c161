#pragma once
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>
#include <vector>

#include "tutelage/base/fail.hpp"
#include "tutelage/io/file.hpp"

TUTELAGE_BEGIN

namespace io {

namespace detail_ {

[[noreturn]] inline void io_fail(const char* function, const std::string& what, const std::string& path) {
  detail::fail<IoError>(function, what, path + " (" + std::strerror(errno) + ")", "a path that can be used");
}

struct Descriptor {
  int fd;
  explicit Descriptor(int f) : fd(f) {}
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
};

inline bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

inline std::string folder_of(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

/// So that a new name in it is kept.
inline void sync_folder(const std::string& folder) {
  Descriptor d(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some file systems cannot, and a folder that may be written need not be readable.
  if (d.fd < 0 ? errno != EACCES : ::fsync(d.fd) != 0 && errno != EINVAL) io_fail("sync_folder", "cannot sync the folder", folder);
}

}  // namespace detail_

TUTELAGE_INLINE bool exists(const std::string& path) {
  struct stat s;
  return ::stat(path.c_str(), &s) == 0;
}

TUTELAGE_INLINE std::string read_file(const std::string& path) {
  detail_::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0) detail_::io_fail("read_file", "cannot open the file", path);
  std::string bytes;
  char part[1 << 16];
  while (true) {
    const ssize_t n = ::read(file.fd, part, sizeof part);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) detail_::io_fail("read_file", "cannot read the file", path);
    if (n == 0) return bytes;
    bytes.append(part, static_cast<std::size_t>(n));
  }
}

namespace detail_ {
/// A file in parts, whole or not at all, as write_file does it. `produce` is given a function that takes the next part.
inline void write_parts(const std::string& path, const std::function<void(const std::function<void(std::string_view)>&)>& produce) {
  const std::string temporary = path + ".tmp" + std::to_string(::getpid());
  const auto give_up = [&](const char* what, const std::string& name) {
    const int error = errno;
    ::unlink(temporary.c_str());
    errno = error;
    io_fail("write_file", what, name);
  };
  {
    Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (file.fd < 0) io_fail("write_file", "cannot create the file", temporary);
    const auto write = [&](std::string_view bytes) {
      if (!write_all(file.fd, bytes)) give_up("cannot write the file, the old one is kept", path);
    };
    try {
      produce(write);
    } catch (...) {
      ::unlink(temporary.c_str());
      throw;
    }
    if (::fsync(file.fd) != 0) give_up("cannot write the file, the old one is kept", path);
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) give_up("cannot replace the file, the old one is kept", path);
  sync_folder(folder_of(path));
}
}  // namespace detail_

TUTELAGE_INLINE void write_file(const std::string& path, std::string_view bytes) {
  detail_::write_parts(path, [&](const auto& write) { write(bytes); });
}

TUTELAGE_INLINE void write_file(const std::string& path, const std::function<void(const std::function<void(std::string_view)>&)>& produce) {
  detail_::write_parts(path, produce);
}

TUTELAGE_INLINE void make_folder(const std::string& path) {
  std::error_code error;
  std::vector<std::string> missing;  // whose names are new in the folders above them
  for (auto at = std::filesystem::path(path); !at.empty() && !std::filesystem::exists(at, error); at = at.parent_path())
    missing.push_back(at.string());
  std::filesystem::create_directories(path, error);
  if (error || !std::filesystem::is_directory(path)) {
    errno = error ? error.value() : ENOTDIR;
    detail_::io_fail("make_folder", "cannot make the folder", path);
  }
  for (const auto& made : missing) detail_::sync_folder(detail_::folder_of(made));
}

TUTELAGE_INLINE void append_line(const std::string& path, std::string_view line) {
  if (line.find('\n') != std::string_view::npos) detail::fail<ValueError>("append_line", "line holds a line break", "two lines", "one line of JSON");
  detail_::Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (file.fd < 0) detail_::io_fail("append_line", "cannot open the file", path);
  struct flock whole {};
  whole.l_type = F_WRLCK;
  while (::fcntl(file.fd, F_OFD_SETLKW, &whole) != 0)  // given back with the descriptor
    if (errno != EINTR) detail_::io_fail("append_line", "cannot lock the file", path);
  const off_t size = ::lseek(file.fd, 0, SEEK_END);
  off_t end = size;  // after the last whole line
  for (char c = 0; end > 0; --end) {
    if (::pread(file.fd, &c, 1, end - 1) != 1) detail_::io_fail("append_line", "cannot read the file", path);
    if (c == '\n') break;
  }
  if (end != size && ::ftruncate(file.fd, end) != 0) detail_::io_fail("append_line", "cannot cut the torn last line", path);
  ::lseek(file.fd, end, SEEK_SET);
  if (!detail_::write_all(file.fd, std::string(line) + "\n") || ::fdatasync(file.fd) != 0) {
    const int error = errno;
    if (::ftruncate(file.fd, end) != 0) {}  // what was there stays whole; a torn tail is cut by the next append
    errno = error;
    detail_::io_fail("append_line", "cannot append, nothing was added", path);
  }
  if (size == 0) detail_::sync_folder(detail_::folder_of(path));
}

TUTELAGE_INLINE void for_each_line(const std::string& path, const std::function<void(const std::string&)>& f) {
  if (!exists(path)) return;
  detail_::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0) detail_::io_fail("for_each_line", "cannot open the file", path);
  std::vector<char> part(1 << 16);
  std::string line;
  while (true) {
    const ssize_t n = ::read(file.fd, part.data(), part.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) detail_::io_fail("for_each_line", "cannot read the file", path);
    if (n == 0) return;
    std::string_view rest(part.data(), static_cast<std::size_t>(n));
    for (std::size_t end; (end = rest.find('\n')) != std::string_view::npos; rest.remove_prefix(end + 1)) {
      line.append(rest.substr(0, end));
      if (!line.empty()) f(line);
      line.clear();
    }
    line.append(rest);
  }
}

TUTELAGE_INLINE std::vector<std::string> read_lines(const std::string& path) {
  std::vector<std::string> lines;
  for_each_line(path, [&](const std::string& line) { lines.push_back(line); });
  return lines;
}

}  // namespace io

TUTELAGE_END
