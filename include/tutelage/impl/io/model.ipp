#pragma once
#include "tutelage/impl/io/hf_folder.hpp"
#include "tutelage/io/file.hpp"
#include "tutelage/io/model.hpp"
#include "tutelage/io/record.hpp"

TUTELAGE_BEGIN

namespace io {

namespace detail_ {
/// What a chatbot's generation stops at, where it was not read from a file.
inline TokenIds chat_ids(const ChatModel& model) {
  if (!model.ids.eos.empty()) return model.ids;
  TokenIds ids = model.ids;
  for (const auto& token : model.tokenizer.special_tokens()) {
    if (token == "<|im_end|>") ids.eos = {model.tokenizer.special_id(token)};
    if (token == "<|endoftext|>" && ids.pad < 0) ids.pad = model.tokenizer.special_id(token);
  }
  return ids;
}
}  // namespace detail_

TUTELAGE_INLINE void save_model(const std::string& folder, const ChatModel& model) {
  make_folder(folder);
  const std::string tokenizer = model.tokenizer.to_json();
  model.tokenizer.save(folder);
  write_conversations(folder + "/conversations.jsonl", model.conversations);
  detail_::write_folder("save_model", folder, {model.transformer, {}, detail_::chat_ids(model), ""}, {}, {{"tokenizer", detail_::digest(tokenizer)}});
}

TUTELAGE_INLINE ChatModel load_model(const std::string& folder) {
  detail_::StoredTensors stored;
  ChatModel model;
  auto read = detail_::read_folder("load_model", folder, stored);
  if (read.head) detail::fail<ConfigError>("load_model", folder + " holds a classifier", "a head", "a language model");
  model.transformer = std::move(read.transformer);
  model.ids = std::move(read.ids);
  const std::string tokenizer_text = read_file(folder + "/tokenizer.json");
  model.tokenizer = text::Tokenizer::load(folder);
  detail_::belongs("load_model", stored, "tokenizer", detail_::digest(tokenizer_text));
  if (model.tokenizer.vocab_size() > model.transformer.config.vocab_size)
    detail::fail<IoError>("load_model", folder + ": tokenizer and model do not fit", detail::str(model.tokenizer.vocab_size()) + " tokens",
                          "at most " + detail::str(model.transformer.config.vocab_size));
  if (exists(folder + "/conversations.jsonl")) model.conversations = read_conversations(folder + "/conversations.jsonl");
  return model;
}

}  // namespace io

TUTELAGE_END
