#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tutelage/config.hpp"

TUTELAGE_BEGIN

namespace io {

/// The tokenizer that a GGUF file carries, as it stands there: lists run over the ids; those that a file lacks are empty.
struct GgufTokenizer {
  std::string model;                                               // "gpt2": byte-level BPE with merges; "llama": SentencePiece's BPE with scores
  std::string pre;                                                 // name of the pattern that cuts words, as "smollm", "llama-bpe", "qwen2"
  std::vector<std::string> tokens;                                 // UTF-8
  std::vector<float> scores;                                       // "llama": log probabilities, higher ones merge first
  std::vector<std::int32_t> token_types;                           // 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte
  std::vector<std::string> merges;                                 // "gpt2": "left right", first ones first
  std::int32_t bos = -1, eos = -1, unk = -1, pad = -1;             // -1: none
  bool add_bos = false, add_eos = false, add_space_prefix = true;  // as the file says; add_bos: by default where model is "llama"
  std::string chat_template;                                       // Jinja; empty: none
};

/// Reads the tokenizer of a GGUF file and none of its tensors.
/// @throws IoError naming the file, key or offset; lists of other lengths than tokens', ids outside them, strings that are not UTF-8
/// Source: the GGUF specification (ggml/docs/gguf.md). Checked by: test_gguf.cpp, compare/test_gguf.py
GgufTokenizer read_gguf_tokenizer(const std::string& path);

/// Reads a tokenizer of llama2.c (longest length; then score, length and bytes of each token) as GGUF would have it: model "llama", spaces as
/// U+2581, tokens 0 to 2 unknown, <s> and </s>, <0xXX> bytes. The file does not say how many there are: it is read to its end.
/// @throws IoError naming the file and the offset. Checked by: test_llama2c.cpp
GgufTokenizer read_llama2c_tokenizer(const std::string& path);

}  // namespace io

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/io/gguf.ipp"
#include "tutelage/impl/io/llama2c.ipp"
#endif
