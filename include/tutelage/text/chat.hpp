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
  bool operator==(const Message&) const = default;
};
using Conversation = std::vector<Message>;

/// A conversation as tokens, with the assistant's tokens marked.
struct Example {
  std::vector<std::int32_t> ids;
  std::vector<std::uint8_t> mask;  // 1: part of an assistant's answer, its end token included
};

/// A conversation as text, before it is cut into tokens.
struct RenderedChat {
  std::string text;
  std::vector<Span> plain;    // what the turns say: nothing there is a special token
  std::vector<Span> answers;  // what the assistant writes, its end token included
};

/// The special tokens a chat tokenizer needs, in order.
std::vector<std::string> chat_special_tokens();

/// The conversation by the tokenizer's template, config.chat_template:
///   chatml  <|im_start|>role\ncontent<|im_end|>\n a turn
///   llama2  <s>[INST] <<SYS>>\nsystem\n<</SYS>>\n\nuser [/INST] answer </s>; turns alternate
///   llama3  <|begin_of_text|>, then <|start_header_id|>role<|end_header_id|>\n\ncontent<|eot_id|> a turn
///   zephyr  <|role|>\ncontent</s>\n a turn
/// @throws ValueError for an unknown role, no message, a template in Jinja, or turns that the template cannot hold
RenderedChat render_chat(const Tokenizer& tokenizer, std::span<const Message> messages, bool add_generation_prompt = false);

/// Its tokens. What a turn's text says can never become a special token, and an answer begins with a token of its own.
std::vector<std::int32_t> apply_chat_template(const Tokenizer& tokenizer, std::span<const Message> messages, bool add_generation_prompt = false);

/// The same tokens, with the answers marked for training.
Example render_example(const Tokenizer& tokenizer, std::span<const Message> messages);

/// The token that ends an answer. @throws ValueError where the tokenizer lacks it
std::int32_t end_of_answer(const Tokenizer& tokenizer);

/// A tokenizer for chat: trained on the conversations, with the special tokens.
Tokenizer train_chat_tokenizer(std::span<const Conversation> conversations, std::int64_t vocab_size);

}  // namespace text

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/text/chat.ipp"
#endif
