#pragma once
#include "tutelage/base/fail.hpp"
#include "tutelage/text/chat.hpp"

TUTELAGE_BEGIN

namespace text {

TUTELAGE_INLINE std::vector<std::string> chat_special_tokens() { return {"<|endoftext|>", "<|im_start|>", "<|im_end|>"}; }

TUTELAGE_INLINE Example render_example(const Tokenizer& tokenizer, std::span<const Message> messages) {
  if (messages.empty()) detail::fail<ValueError>("apply_chat_template", "no message", "0", "at least one");
  Example e;
  const std::int32_t start = tokenizer.special_id("<|im_start|>"), end = tokenizer.special_id("<|im_end|>");
  const auto put = [&](std::span<const std::int32_t> ids, bool answer) {
    e.ids.insert(e.ids.end(), ids.begin(), ids.end());
    e.mask.insert(e.mask.end(), ids.size(), answer);
  };
  for (const auto& m : messages) {
    if (m.role != "system" && m.role != "user" && m.role != "assistant")
      detail::fail<ValueError>("apply_chat_template", "unknown role", m.role, "system, user or assistant");
    const bool answer = m.role == "assistant";
    put(std::span(&start, 1), false);
    put(tokenizer.encode(m.role + "\n"), false);
    put(tokenizer.encode(m.content), answer);
    put(std::span(&end, 1), answer);
    put(tokenizer.encode("\n"), false);
  }
  return e;
}

TUTELAGE_INLINE std::vector<std::int32_t> apply_chat_template(const Tokenizer& tokenizer, std::span<const Message> messages,
                                                              bool add_generation_prompt) {
  auto ids = render_example(tokenizer, messages).ids;
  if (add_generation_prompt) {
    ids.push_back(tokenizer.special_id("<|im_start|>"));
    const auto role = tokenizer.encode("assistant\n");
    ids.insert(ids.end(), role.begin(), role.end());
  }
  return ids;
}

TUTELAGE_INLINE Tokenizer train_chat_tokenizer(std::span<const Conversation> conversations, std::int64_t vocab_size) {
  std::vector<std::string> texts;
  for (const auto& c : conversations)
    for (const auto& m : c) texts.push_back(m.role + "\n"), texts.push_back(m.content);
  return Tokenizer::train(texts, vocab_size, chat_special_tokens());
}

}  // namespace text

TUTELAGE_END
