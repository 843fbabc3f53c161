#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tutelage/text/tokenizer.hpp"

TUTELAGE_BEGIN

namespace text {

/// One turn of a conversation; role is "system", "user" or "assistant".
struct Message {
  std::string role, content;
};
using Conversation = std::vector<Message>;

/// A conversation as tokens, with the assistant's tokens marked.
struct Example {
  std::vector<std::int32_t> ids;
  std::vector<std::uint8_t> mask;  // 1: part of an assistant's answer, its end token included
};

/// The special tokens a chat tokenizer needs, in order.
std::vector<std::string> chat_special_tokens();

/// ChatML: <|im_start|>role\ncontent<|im_end|>\n a turn. What a turn's text says can never become a special token.
/// @throws ValueError for an unknown role or no message
std::vector<std::int32_t> apply_chat_template(const Tokenizer& tokenizer, std::span<const Message> messages, bool add_generation_prompt = false);

/// The same tokens, with the answers marked for training.
Example render_example(const Tokenizer& tokenizer, std::span<const Message> messages);

/// A tokenizer for chat: trained on the conversations, with the special tokens.
Tokenizer train_chat_tokenizer(std::span<const Conversation> conversations, std::int64_t vocab_size);

}  // namespace text

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/text/chat.ipp"
#endif
