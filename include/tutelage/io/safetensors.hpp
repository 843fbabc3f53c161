#pragma once
#include <map>
#include <string>

#include "tutelage/tensor/tensor.hpp"

TUTELAGE_BEGIN

namespace io {

/// Named float32 tensors and the file's own notes.
struct SafeTensors {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// The safetensors format, float32, tensors by name; written whole or not at all. @throws IoError
void write_safetensors(const std::string& path, const SafeTensors& content);

/// @throws IoError naming the file, the key and what is wrong: truncated, overlapping or missing bytes, duplicate keys, other dtypes.
/// Nothing is allocated from a declared size before it is checked against the file.
SafeTensors read_safetensors(const std::string& path);

}  // namespace io

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/io/safetensors.ipp"
#endif
