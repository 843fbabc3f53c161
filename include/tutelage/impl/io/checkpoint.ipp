#pragma once
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <utility>

#include "tutelage/impl/io/file.ipp"
#include "tutelage/impl/io/json.hpp"
#include "tutelage/impl/io/safetensors.ipp"
#include "tutelage/impl/io/sha256.hpp"
#include "tutelage/io/checkpoint.hpp"
#include "tutelage/version.hpp"

TUTELAGE_BEGIN

namespace io {

namespace detail_ {

inline constexpr std::int64_t kCheckpointFormat = 1;
inline constexpr const char* kStateFile = "state.safetensors";
inline constexpr const char* kManifestFile = "manifest.json";

/// Of the same tensor: its place in memory and its shape.
using Place = std::pair<const float*, std::string>;

/// The file's size and SHA-256.
inline std::pair<std::uint64_t, std::string> digest_of(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0) io_fail("load_checkpoint", "cannot open the file", path);
  Sha256 hash;
  std::uint64_t size = 0;
  std::vector<char> part(1 << 20);
  while (true) {
    const ssize_t n = ::read(file.fd, part.data(), part.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) io_fail("load_checkpoint", "cannot read the file", path);
    if (n == 0) return {size, hash.hex()};
    hash.add(part.data(), static_cast<std::size_t>(n));
    size += static_cast<std::uint64_t>(n);
  }
}

/// Puts the finished folder in place. What was there before is then at `temporary`, to be removed.
inline void put_in_place(const std::string& temporary, const std::string& folder) {
  if (!exists(folder)) {
    if (::rename(temporary.c_str(), folder.c_str()) != 0) io_fail("save_checkpoint", "cannot rename the finished checkpoint", folder);
  } else if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, folder.c_str(), RENAME_EXCHANGE) != 0) {
    io_fail("save_checkpoint", "this file system cannot exchange two folders, the old checkpoint is kept: save under another name", folder);
  }
}

}  // namespace detail_

TUTELAGE_INLINE void save_checkpoint(const std::string& folder, const Checkpoint& checkpoint) {
  namespace fs = std::filesystem;
  auto target = fs::path(folder).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();
  if (!target.has_filename() || target.filename() == "." || target.filename() == "..")
    detail::fail<IoError>("save_checkpoint", "the folder has no name", folder, "a path that ends in a name");
  const std::string path = target.string(), parent = detail_::folder_of(path);
  if (exists(path) && !exists(path + "/" + detail_::kManifestFile))
    detail::fail<IoError>("save_checkpoint", "the folder is there and is no checkpoint", path, "a new name, or a checkpoint to replace");
  make_folder(parent);
  const std::string temporary = parent + "/." + target.filename().string() + ".tmp";
  std::error_code error;
  fs::remove_all(temporary, error);  // of a save that was killed
  if (::mkdir(temporary.c_str(), 0755) != 0) detail_::io_fail("save_checkpoint", "cannot make the folder", temporary);
  try {
    std::map<std::string, detail_::TensorToWrite> tensors;
    std::map<std::string, std::string> notes;
    std::map<detail_::Place, std::string> written;
    for (const auto& [name, t] : checkpoint.tensors) {
      const auto [first, fresh] = written.emplace(detail_::Place{t.data(), t.shape().str()}, name);
      if (fresh || t.size() == 0)
        tensors[name] = {t.shape(), [&t = t] { return t; }};
      else
        notes["same." + name] = first->second;
    }
    for (const auto& [name, text] : checkpoint.notes) notes["note." + name] = text;
    const std::string state = temporary + "/" + detail_::kStateFile;
    detail_::Sha256 hash;
    std::uint64_t size = 0;
    detail_::write_tensors(state, tensors, notes, [&](std::string_view bytes) {
      hash.add(bytes.data(), bytes.size());
      size += bytes.size();
    });
    const detail_::Json manifest = {{"format", detail_::kCheckpointFormat},
                                    {"tutelage", TUTELAGE_VERSION},
                                    {"files", {{detail_::kStateFile, {{"size", size}, {"sha256", hash.hex()}}}}}};
    write_file(temporary + "/" + detail_::kManifestFile, manifest.dump(2) + "\n");
    detail_::sync_folder(temporary);
    detail_::put_in_place(temporary, path);
  } catch (...) {
    fs::remove_all(temporary, error);
    throw;
  }
  detail_::sync_folder(parent);      // the new name
  fs::remove_all(temporary, error);  // the checkpoint that was replaced
}

TUTELAGE_INLINE Checkpoint load_checkpoint(const std::string& folder) {
  const char* function = "load_checkpoint";
  const std::string manifest_path = folder + "/" + detail_::kManifestFile, state_path = folder + "/" + detail_::kStateFile;
  if (!exists(manifest_path)) detail::fail<IoError>(function, "no checkpoint here", folder, "a folder that save_checkpoint wrote");
  const auto manifest = detail_::parse_json(read_file(manifest_path), manifest_path);
  try {
    const auto format = manifest.at("format").get<std::int64_t>();
    if (format != detail_::kCheckpointFormat)
      detail::fail<IoError>(function, manifest_path + " has another format", detail::str(format), detail::str(detail_::kCheckpointFormat),
                            "It was written by tutelage " + manifest.value("tutelage", std::string("of another version")) + ".");
    const auto& file = manifest.at("files").at(detail_::kStateFile);
    const auto [size, digest] = detail_::digest_of(state_path);
    if (size != file.at("size").get<std::uint64_t>())
      detail::fail<IoError>(function, state_path + " has another size than the manifest says", detail::str(static_cast<std::int64_t>(size)),
                            file.at("size").dump());
    if (digest != file.at("sha256").get<std::string>())
      detail::fail<IoError>(function, state_path + " was changed: its SHA-256", digest, file.at("sha256").dump());
  } catch (const detail_::Json::exception& e) {
    detail::fail<IoError>(function, manifest_path + " is no manifest", e.what(), "what save_checkpoint wrote");
  }
  auto content = read_safetensors(state_path);
  Checkpoint checkpoint;
  checkpoint.tensors = std::move(content.tensors);
  for (const auto& [key, value] : content.metadata) {
    if (key.rfind("note.", 0) == 0) checkpoint.notes[key.substr(5)] = value;
    if (key.rfind("same.", 0) == 0) {
      const auto found = checkpoint.tensors.find(value);
      if (found == checkpoint.tensors.end()) detail::fail<IoError>(function, state_path + " lacks a tensor", value, "each tensor that a note names");
      checkpoint.tensors[key.substr(5)] = found->second;
    }
  }
  return checkpoint;
}

}  // namespace io

TUTELAGE_END
