#pragma once
#include <algorithm>
#include <cstring>
#include <vector>

#include "tutelage/impl/io/json.hpp"
#include "tutelage/io/file.hpp"
#include "tutelage/io/safetensors.hpp"

TUTELAGE_BEGIN

namespace io {

TUTELAGE_INLINE void write_safetensors(const std::string& path, const SafeTensors& content) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!content.metadata.empty()) header["__metadata__"] = content.metadata;
  std::uint64_t at = 0;
  for (const auto& [name, t] : content.tensors) {
    const std::uint64_t end = at + static_cast<std::uint64_t>(t.size()) * 4;
    header[name] = {
        {"dtype", "F32"}, {"shape", std::vector<std::int64_t>(t.shape().dims().begin(), t.shape().dims().end())}, {"data_offsets", {at, end}}};
    at = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  std::string bytes;
  bytes.reserve(8 + text.size() + at);
  for (std::uint64_t n = text.size(), i = 0; i < 8; ++i) bytes += static_cast<char>(n >> (8 * i) & 255);
  bytes += text;
  for (const auto& [name, t] : content.tensors) bytes.append(reinterpret_cast<const char*>(t.data()), static_cast<std::size_t>(t.size()) * 4);
  write_file(path, bytes);
}

TUTELAGE_INLINE SafeTensors read_safetensors(const std::string& path) {
  const std::string bytes = read_file(path);
  const auto wrong = [&](const std::string& what, const std::string& got, const std::string& expected) {
    detail::fail<IoError>("read_safetensors", path + ": " + what, got, expected);
  };
  if (bytes.size() < 8) wrong("file is too short for its header", detail::str(bytes.size()) + " bytes", "at least 8");
  std::uint64_t length = 0;
  for (int i = 7; i >= 0; --i) length = length << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
  if (length > bytes.size() - 8)
    wrong("header is longer than the file", std::to_string(length) + " bytes", "at most " + detail::str(bytes.size() - 8));
  const auto header = detail_::parse_json(bytes.substr(8, length), path + " (header)");
  if (!header.is_object()) wrong("header is not an object", header.type_name(), "an object");
  const std::uint64_t data = bytes.size() - 8 - length;

  SafeTensors content;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  for (const auto& [name, entry] : header.items()) {
    try {
      if (name == "__metadata__") {
        content.metadata = entry.get<std::map<std::string, std::string>>();
        continue;
      }
      if (entry.at("dtype") != "F32") wrong("tensor " + name + " has another dtype", entry.at("dtype").dump(), "F32");
      const auto dims = entry.at("shape").get<std::vector<std::int64_t>>();
      const auto offsets = entry.at("data_offsets").get<std::vector<std::uint64_t>>();
      if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > data)
        wrong("tensor " + name + " lies outside the file", entry.at("data_offsets").dump(), "within 0 to " + std::to_string(data));
      const Shape shape{std::span<const std::int64_t>(dims)};
      if (static_cast<std::uint64_t>(shape.size()) > data / 4 || static_cast<std::uint64_t>(shape.size()) * 4 != offsets[1] - offsets[0])
        wrong("tensor " + name + " has a size that its shape denies", std::to_string(offsets[1] - offsets[0]) + " bytes", "4 times " + shape.str());
      auto t = Tensor::uninitialized(shape);
      if (t.size() > 0) std::memcpy(t.mutable_data(), bytes.data() + 8 + length + offsets[0], offsets[1] - offsets[0]);
      content.tensors.emplace(name, std::move(t));
      if (offsets[0] < offsets[1]) ranges.emplace_back(offsets[0], offsets[1]);
    } catch (const nlohmann::ordered_json::exception& e) {
      wrong("entry of " + name + " is damaged", e.what(), "dtype, shape and data_offsets");
    } catch (const ShapeError& e) { wrong("tensor " + name + " has an impossible shape", e.what(), "up to 6 dimensions"); }
  }
  std::sort(ranges.begin(), ranges.end());
  std::uint64_t at = 0;
  for (const auto& [begin, end] : ranges) {
    if (begin != at) wrong("tensors overlap or leave a gap", "byte " + std::to_string(begin), "byte " + std::to_string(at));
    at = end;
  }
  if (at != data) wrong("file has bytes that belong to no tensor, or lacks some", std::to_string(data) + " bytes of data", std::to_string(at));
  return content;
}

}  // namespace io

TUTELAGE_END
