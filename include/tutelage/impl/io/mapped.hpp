#pragma once
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>

#include "tutelage/impl/io/file.ipp"

TUTELAGE_BEGIN

namespace io::detail_ {

/// A whole file in memory, read-only: pages are read when they are touched, and belong to the page cache. A file that is written in place (not
/// renamed over, as write_file does) while it is mapped changes under its reader.
class MappedFile {
 public:
  /// @throws IoError naming the file
  MappedFile(const char* function, const std::string& file) : path(file) {
    Descriptor d(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat s;
    if (d.fd < 0 || ::fstat(d.fd, &s) != 0) io_fail(function, "cannot open the file", file);
    if (!S_ISREG(s.st_mode)) detail::fail<IoError>(function, "not a file", file, "a regular file");
    size_ = static_cast<std::size_t>(s.st_size);
    if (size_ == 0) return;
    void* p = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, d.fd, 0);
    if (p == MAP_FAILED) io_fail(function, "cannot map the file", file);
    data_ = static_cast<const char*>(p);
  }
  ~MappedFile() {
    if (data_) ::munmap(const_cast<char*>(data_), size_);
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  std::string_view bytes() const { return {data_, size_}; }

  const std::string path;

 private:
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace io::detail_

TUTELAGE_END
