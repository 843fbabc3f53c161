#pragma once
#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <vector>

#include "tutelage/impl/io/json.hpp"
#include "tutelage/impl/io/stored.hpp"
#include "tutelage/io/file.hpp"
#include "tutelage/io/safetensors.hpp"

TUTELAGE_BEGIN

namespace io {

namespace detail_ {

/// Bits of each dtype of the format, 0 for another word.
inline std::uint64_t bits_of(const std::string& dtype) {
  static constexpr std::array<std::pair<const char*, int>, 21> kTypes{
      {{"F32", 32},    {"F16", 16},    {"BF16", 16},       {"F64", 64},        {"I64", 64},    {"I32", 32},    {"I16", 16},
       {"I8", 8},      {"U64", 64},    {"U32", 32},        {"U16", 16},        {"U8", 8},      {"BOOL", 8},    {"C64", 64},
       {"F8_E4M3", 8}, {"F8_E5M2", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"F8_E8M0", 8}, {"F6_E2M3", 6}, {"F6_E3M2", 6}}};
  for (const auto& [name, bits] : kTypes)
    if (dtype == name) return static_cast<std::uint64_t>(bits);
  return dtype == "F4" ? 4 : 0;
}

/// A tensor that a file will hold; its numbers are asked for when their turn to be written comes, and may be made only then.
struct TensorToWrite {
  Shape shape;
  std::function<Tensor()> make;
};

/// `seen` is given every byte that is written, in order.
inline void write_tensors(const std::string& path, const std::map<std::string, TensorToWrite>& tensors,
                          const std::map<std::string, std::string>& metadata, const std::function<void(std::string_view)>& seen = {}) {
  if (tensors.count("__metadata__"))
    detail::fail<ValueError>("write_safetensors", "tensor has the name of the notes", "__metadata__", "another name");
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  auto& entries = header.get_ref<Json::object_t&>();
  std::uint64_t at = 0;
  for (const auto& [name, t] : tensors) {
    const std::uint64_t end = at + static_cast<std::uint64_t>(t.shape.size()) * 4;
    const std::vector<std::int64_t> dims(t.shape.dims().begin(), t.shape.dims().end());
    entries.emplace_back(name, Json{{"dtype", "F32"}, {"shape", dims}, {"data_offsets", {at, end}}});
    at = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const Json::exception& e) { detail::fail<ValueError>("write_safetensors", path + ": a name or note is not UTF-8", e.what(), "UTF-8"); }
  text.resize((text.size() + 7) / 8 * 8, ' ');
  std::string length;
  for (std::uint64_t n = text.size(), i = 0; i < 8; ++i) length += static_cast<char>(n >> (8 * i) & 255);
  write_parts(path, [&](const std::function<void(std::string_view)>& to_file) {
    const auto write = [&](std::string_view bytes) {
      if (seen) seen(bytes);
      to_file(bytes);
    };
    write(length);
    write(text);
    for (const auto& [name, t] : tensors) {
      const Tensor x = t.make();
      write({reinterpret_cast<const char*>(x.data()), static_cast<std::size_t>(x.size()) * 4});
    }
  });
}

/// A whole number of JSON that is not negative; floats and words are none. @throws Json's own exception
inline std::uint64_t whole(const Json& x) {
  if (!x.is_number_unsigned()) throw std::invalid_argument(x.dump(-1, ' ', false, Json::error_handler_t::replace));
  return x.get<std::uint64_t>();
}

/// Maps a file, checks its header against it and adds its tensors. @throws IoError
inline void open_safetensors(const char* function, const std::string& path, StoredTensors& all) {
  const auto wrong = [&](const std::string& what, const std::string& got, const std::string& expected) {
    detail::fail<IoError>(function, path + ": " + what, got, expected);
  };
  auto file = std::make_shared<const MappedFile>(function, path);
  const std::string_view bytes = file->bytes();
  if (bytes.size() < 8) wrong("file is too short for its header", detail::str(bytes.size()) + " bytes", "at least 8");
  std::uint64_t length = 0;
  for (std::size_t i = 8; i-- > 0;) length = length << 8 | static_cast<unsigned char>(bytes[i]);
  if (length > bytes.size() - 8)
    wrong("header is longer than the file", std::to_string(length) + " bytes", "at most " + detail::str(bytes.size() - 8));
  if (length > 100'000'000) wrong("header is too long", std::to_string(length) + " bytes", "at most 100000000");
  const std::string_view text = bytes.substr(8, length);
  if (text.empty() || text.front() != '{') wrong("header is not an object", text.empty() ? "nothing" : std::string("\"") + text.front() + "\"", "{");
  const Json header = parse_json(text, path + " (header)");
  const std::uint64_t data = bytes.size() - 8 - length;

  struct Range {
    std::uint64_t begin, end;
    std::string name;
  };
  std::vector<Range> ranges;
  for (const auto& [name, entry] : header.items()) {
    try {
      if (name == "__metadata__") {
        for (const auto& [key, value] : entry.get_ref<const Json::object_t&>()) all.metadata[key] = value.get<std::string>();
        continue;
      }
      if (!entry.is_object()) throw std::invalid_argument(entry.type_name());
      StoredTensor t;
      t.type_name = entry.at("dtype").get<std::string>();
      const std::uint64_t bits = bits_of(t.type_name);
      if (bits == 0) wrong("tensor " + name + " has an unknown dtype", t.type_name, "a dtype of the format");
      t.type = t.type_name == "F32" ? Stored::kF32 : t.type_name == "F16" ? Stored::kF16 : t.type_name == "BF16" ? Stored::kBF16 : Stored::kOther;
      const auto& offsets = entry.at("data_offsets").get_ref<const Json::array_t&>();
      const std::uint64_t begin = offsets.size() == 2 ? whole(offsets[0]) : 1, end = offsets.size() == 2 ? whole(offsets[1]) : 0;
      if (begin > end || end > data)
        wrong("tensor " + name + " lies outside the file", entry.at("data_offsets").dump(), "two numbers within 0 to " + std::to_string(data));
      std::vector<std::int64_t> dims;
      for (const auto& d : entry.at("shape").get_ref<const Json::array_t&>()) {
        if (whole(d) > std::uint64_t{1} << 62)
          wrong("tensor " + name + " has an impossible shape", entry.at("shape").dump(), "sizes that a file can have");
        dims.push_back(static_cast<std::int64_t>(whole(d)));
      }
      t.shape = Shape{std::span<const std::int64_t>(dims)};
      const auto size = static_cast<std::uint64_t>(t.shape.size());
      if (size > data * 8 / bits || size * bits % 8 != 0 || size * bits / 8 != end - begin)
        wrong("tensor " + name + " has a size that its shape denies", std::to_string(end - begin) + " bytes", t.shape.str() + " of " + t.type_name);
      t.data = bytes.data() + 8 + length + begin;
      if (!all.tensors.emplace(name, std::move(t)).second) wrong("tensor is in another file too", name, "each tensor once");
      ranges.push_back({begin, end, name});
    } catch (const Json::exception& e) {
      wrong("entry of " + name + " is damaged", e.what(), "dtype, shape and data_offsets");
    } catch (const std::invalid_argument& e) {
      wrong("entry of " + name + " is damaged", e.what(), "dtype, shape and data_offsets, of whole numbers");
    } catch (const ShapeError& e) { wrong("tensor " + name + " has an impossible shape", e.what(), "up to 6 dimensions"); }
  }
  std::sort(ranges.begin(), ranges.end(),
            [](const Range& a, const Range& b) { return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name); });
  std::uint64_t at = 0;
  for (const auto& r : ranges) {
    if (r.begin != at) wrong("tensors overlap or leave a gap", r.name + " at byte " + std::to_string(r.begin), "byte " + std::to_string(at));
    at = r.end;
  }
  if (at != data) wrong("file has bytes that belong to no tensor, or lacks some", std::to_string(data) + " bytes of data", std::to_string(at));
  all.files.push_back(std::move(file));
}

/// The weights of a folder: model.safetensors, or the shards that model.safetensors.index.json names. @throws IoError
inline StoredTensors open_weights(const char* function, const std::string& folder) {
  StoredTensors all;
  const std::string single = folder + "/model.safetensors", index = single + ".index.json";
  all.where = exists(single) || !exists(index) ? single : index;
  if (all.where == single) {
    open_safetensors(function, single, all);
    return all;
  }
  const Json object = parse_json(read_file(index), index);
  std::map<std::string, std::map<std::string, const StoredTensor*>> shards;  // the tensors each is said to hold
  const auto map = object.is_object() ? object.find("weight_map") : object.end();
  if (map == object.end() || !map->is_object()) detail::fail<IoError>(function, index + " is no index", "no weight_map", "tensors and their files");
  for (const auto& [name, file] : map->items()) {
    const std::string shard = file.is_string() ? file.template get<std::string>() : "";
    if (shard.empty() || shard.find('/') != std::string::npos || shard == "." || shard == "..")
      detail::fail<IoError>(function, index + ": file of " + name + " has no name in the folder",
                            file.dump(-1, ' ', false, Json::error_handler_t::replace), "a file's name");
    shards[shard][name] = nullptr;
  }
  for (auto& [shard, names] : shards) {
    const std::string path = folder + "/" + shard;
    if (!exists(path)) detail::fail<IoError>(function, index + ": a shard is missing", "no " + path, "every file of the index");
    StoredTensors part;
    open_safetensors(function, path, part);
    for (auto& [name, t] : part.tensors) {
      if (!names.erase(name)) {
        const auto other = map->find(name);
        detail::fail<IoError>(function, path + " has a tensor that the index does not place there", name,
                              other == map->end() ? "no such tensor" : "it in " + other->get<std::string>());
      }
      all.tensors.emplace(name, std::move(t));
    }
    if (!names.empty())
      detail::fail<IoError>(function, path + " lacks a tensor of the index", "no " + names.begin()->first, "every tensor of the index");
    all.files.insert(all.files.end(), part.files.begin(), part.files.end());
    all.metadata.merge(part.metadata);
  }
  return all;
}

}  // namespace detail_

TUTELAGE_INLINE void write_safetensors(const std::string& path, const SafeTensors& content) {
  std::map<std::string, detail_::TensorToWrite> tensors;
  for (const auto& [name, t] : content.tensors) tensors[name] = {t.shape(), [&x = t] { return x; }};
  detail_::write_tensors(path, tensors, content.metadata);
}

TUTELAGE_INLINE SafeTensors read_safetensors(const std::string& path) {
  detail_::StoredTensors stored;
  detail_::open_safetensors("read_safetensors", path, stored);
  SafeTensors content;
  content.metadata = std::move(stored.metadata);
  for (const auto& [name, t] : stored.tensors) detail_::must_be_weight("read_safetensors", path, name, t);
  for (const auto& [name, t] : stored.tensors) content.tensors.emplace(name, detail_::to_tensor(t));
  return content;
}

}  // namespace io

TUTELAGE_END
