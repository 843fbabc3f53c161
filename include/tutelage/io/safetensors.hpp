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

/// The safetensors format, float32, tensors and notes by name, byte for byte as Hugging Face's `safetensors` 0.8 writes them (which leaves the order
/// of several notes open); written whole or not at all.
/// @throws IoError; ValueError for a name or note that is not UTF-8, or a tensor named __metadata__
/// Memory: beside the tensors none. Checked by: test_safetensors.cpp, compare/test_safetensors.py
void write_safetensors(const std::string& path, const SafeTensors& content);

/// F32, F16 and BF16 tensors as float32; the file is mapped and converted by all threads.
/// @throws IoError naming the file, the key and what is wrong: a header that is longer than the file or 100,000,000 bytes, does not begin with `{`,
/// is not JSON or has a key twice; a dtype, shape and offsets that disagree; bytes that belong to two tensors or to none; other dtypes.
/// Nothing is allocated from a declared size before it is checked against the file.
/// Source: the format's description in huggingface/safetensors. Checked by: test_safetensors.cpp, compare/test_safetensors.py
SafeTensors read_safetensors(const std::string& path);

}  // namespace io

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/io/safetensors.ipp"
#endif
