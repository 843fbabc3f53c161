#pragma once
#include <string>

#include "tutelage/text/tokenizer_data.hpp"

TUTELAGE_BEGIN

namespace io {

/// Reads the tokenizer that a GGUF file carries, and none of its tensors; text::Tokenizer::from_data makes one of it.
/// @throws IoError naming the file, key or offset; lists of other lengths than tokens', ids outside them, strings that are not UTF-8
/// Source: the GGUF specification (ggml/docs/gguf.md). Checked by: test_gguf.cpp, compare/test_gguf.py
text::TokenizerData read_gguf_tokenizer(const std::string& path);

/// Reads a tokenizer of llama2.c (longest length; then score, length and bytes of each token) as GGUF would have it: kind "llama", spaces as
/// U+2581, tokens 0 to 2 unknown, <s> and </s>, <0xXX> bytes. The file does not say how many there are: it is read to its end.
/// @throws IoError naming the file and the offset. Checked by: test_llama2c.cpp
text::TokenizerData read_llama2c_tokenizer(const std::string& path);

}  // namespace io

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/io/gguf.ipp"
#include "tutelage/impl/io/llama2c.ipp"
#endif
