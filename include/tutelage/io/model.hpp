#pragma once
#include <string>
#include <vector>

#include "tutelage/io/pretrained.hpp"
#include "tutelage/text/chat.hpp"

TUTELAGE_BEGIN

namespace io {

/// A chatbot in a folder: config.json, generation_config.json and model.safetensors as transformers has them, tokenizer.json, and
/// conversations.jsonl, the exchanges it rehearses while it is taught.
struct ChatModel {
  nn::Transformer transformer;
  text::Tokenizer tokenizer;
  std::vector<text::Conversation> conversations;
  TokenIds ids;  // no eos: those of <|im_end|> and <|endoftext|> are written
};

/// Writes the folder; the weights come last and name the configuration and the tokenizer they belong to, so that a folder is whole or refused.
/// @throws IoError
void save_model(const std::string& folder, const ChatModel& model);

/// Reads such a folder, any folder of Hugging Face's with a tokenizer.json, a .gguf file with the tokenizer it carries, or llama2.c's .bin with the
/// tokenizer.bin, or the one tok*.bin, beside it.
/// @throws IoError naming the file and what is wrong, ConfigError for what is not supported, by name. Checked by: test_model.cpp, test_files.py
ChatModel load_model(const std::string& path);

}  // namespace io

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/io/model.ipp"
#endif
