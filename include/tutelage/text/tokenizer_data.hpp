#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tutelage/config.hpp"

TUTELAGE_BEGIN

namespace text {

/// A tokenizer as plain lists, as GGUF and llama2.c files carry it; Tokenizer::from_data makes one of it.
struct TokenizerData {
  std::string kind;                 // "gpt2": byte-level BPE by merges; "llama": SentencePiece's BPE, the pair of the best score merges first
  std::string pre = "default";      // of "gpt2", how words are cut: "gpt-2", "default" (GPT-2's), "llama-bpe", "qwen2", "smollm"
  std::vector<std::string> tokens;  // by id; "gpt2": in GPT-2's printable form; "llama": a space is U+2581 or a space, bytes are "<0x0A>"
  std::vector<float> scores;        // of "llama", one a token
  std::vector<std::int32_t> types;  // GGUF's: 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte; empty: by bos, eos, unk and name
  std::vector<std::string> merges;  // of "gpt2": "left right", the first goes first
  std::int32_t bos = -1, eos = -1, unk = -1, pad = -1;  // -1: none
  bool add_bos = false, add_eos = false;                // around a text, where special tokens are added
  bool add_space_prefix = true;                         // of "llama": a text begins with a space of its own
  std::string chat_template;                            // Jinja, or empty
  std::string name = "tokenizer";                       // the file, for errors
};

}  // namespace text

TUTELAGE_END
