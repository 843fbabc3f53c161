#pragma once
#include <filesystem>

#include "tutelage/impl/io/hf_folder.hpp"
#include "tutelage/io/file.hpp"
#include "tutelage/io/gguf.hpp"
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

/// tokenizer.bin in the file's folder, or else the one tok*.bin there.
inline std::string llama2c_tokenizer_of(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path();
  const auto folder = parent.empty() ? std::filesystem::path(".") : parent;
  if (exists((folder / "tokenizer.bin").string())) return (folder / "tokenizer.bin").string();
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("tok") && name.ends_with(".bin")) found.push_back(entry.path().string());
  }
  if (found.size() != 1)
    detail::fail<IoError>("load_model", path + " carries no tokenizer", detail::str(found.size()) + " files tok*.bin beside it",
                          "tokenizer.bin, or one of them");
  return found[0];
}

/// A model in one file.
inline ChatModel load_file(const std::string& path, bool gguf) {
  auto read = load_pretrained(path);
  if (read.head) detail::fail<ConfigError>("load_model", path + " holds a classifier", "a head", "a language model");
  const auto tokenizer = text::Tokenizer::from_data(gguf ? read_gguf_tokenizer(path) : read_llama2c_tokenizer(llama2c_tokenizer_of(path)));
  return {std::move(read.transformer), tokenizer, {}, std::move(read.ids)};
}

inline void check_fit(const std::string& path, const ChatModel& model) {
  if (model.tokenizer.vocab_size() > model.transformer.config.vocab_size)
    detail::fail<IoError>("load_model", path + ": tokenizer and model do not fit", detail::str(model.tokenizer.vocab_size()) + " tokens",
                          "at most " + detail::str(model.transformer.config.vocab_size));
}
}  // namespace detail_

TUTELAGE_INLINE void save_model(const std::string& folder, const ChatModel& model) {
  make_folder(folder);
  const std::string tokenizer = model.tokenizer.to_json();
  model.tokenizer.save(folder);
  write_conversations(folder + "/conversations.jsonl", model.conversations);
  detail_::write_folder("save_model", folder, {model.transformer, {}, detail_::chat_ids(model), ""}, {}, {{"tokenizer", detail_::digest(tokenizer)}});
}

TUTELAGE_INLINE ChatModel load_model(const std::string& path) {
  ChatModel model;
  if (const bool gguf = path.ends_with(".gguf"); gguf || path.ends_with(".bin")) {
    model = detail_::load_file(path, gguf);
    detail_::check_fit(path, model);
    return model;
  }
  detail_::StoredTensors stored;
  auto read = detail_::read_folder("load_model", path, stored);
  if (read.head) detail::fail<ConfigError>("load_model", path + " holds a classifier", "a head", "a language model");
  model.transformer = std::move(read.transformer);
  model.ids = std::move(read.ids);
  const std::string tokenizer_text = read_file(path + "/tokenizer.json");
  model.tokenizer = text::Tokenizer::load(path);
  detail_::belongs("load_model", stored, "tokenizer", detail_::digest(tokenizer_text));
  detail_::check_fit(path, model);
  if (exists(path + "/conversations.jsonl")) model.conversations = read_conversations(path + "/conversations.jsonl");
  return model;
}

}  // namespace io

TUTELAGE_END
