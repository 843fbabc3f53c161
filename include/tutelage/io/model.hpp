#pragma once
#include <string>
#include <vector>

#include "tutelage/nn/transformer.hpp"
#include "tutelage/text/chat.hpp"

TUTELAGE_BEGIN

namespace io {

/// A chatbot in a folder: config.json, tokenizer.json, model.safetensors, and conversations.jsonl, the exchanges it rehearses while it is taught.
struct ChatModel {
  nn::Transformer transformer;
  text::Tokenizer tokenizer;
  std::vector<text::Conversation> conversations;
};

/// Writes the folder; the weights come last and name the configuration and the tokenizer they belong to, so that a folder is whole or refused.
/// @throws IoError
void save_model(const std::string& folder, const ChatModel& model);

/// @throws IoError naming the file and what is wrong, ConfigError for an unknown key (the nearest is suggested)
ChatModel load_model(const std::string& folder);

/// Writes config.json and model.safetensors, the transformer without the rest of a chatbot; weights last. A tokenizer in the folder stays as it is.
/// @throws IoError. Checked by: test_model.cpp, test_module.py
void save_transformer(const std::string& folder, const nn::Transformer& model);

/// Reads what save_transformer or save_model wrote; a chatbot's tokenizer is not looked at.
/// @throws IoError naming the file and what is wrong, ConfigError for an unknown key. Checked by: test_model.cpp, test_module.py
nn::Transformer load_transformer(const std::string& folder);

}  // namespace io

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/io/model.ipp"
#endif
