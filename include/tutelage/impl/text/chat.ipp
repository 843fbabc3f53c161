#pragma once
#include "tutelage/base/fail.hpp"
#include "tutelage/impl/text/chat_jinja.ipp"
#include "tutelage/impl/text/chat_templates.hpp"
#include "tutelage/text/chat.hpp"

TUTELAGE_BEGIN

namespace text {

TUTELAGE_INLINE std::vector<std::string> chat_special_tokens() { return {"<|endoftext|>", "<|im_start|>", "<|im_end|>"}; }

TUTELAGE_INLINE RenderedChat render_chat(const Tokenizer& tokenizer, std::span<const Message> messages, bool add_generation_prompt) {
  const auto& config = tokenizer.config;
  const auto& names = chat_template_names();
  if (messages.empty()) detail::fail<ValueError>("apply_chat_template", "no message", "0", "at least one");
  if (std::find(names.begin(), names.end(), config.chat_template) == names.end())
    detail::fail<ValueError>("apply_chat_template", "template is not built in", config.chat_template, "chatml, llama2, llama3 or zephyr",
                             "Python renders templates in Jinja.");
  for (const auto& m : messages)
    if (m.role != "system" && m.role != "user" && m.role != "assistant")
      detail::fail<ValueError>("apply_chat_template", "unknown role", m.role, "system, user or assistant");
  Conversation all;
  if (!config.default_system.empty() && messages[0].role != "system") {
    all.push_back({"system", config.default_system});
    all.insert(all.end(), messages.begin(), messages.end());
    messages = all;
  }
  RenderedChat out;
  detail_::ChatWriter(tokenizer, out).write(messages, add_generation_prompt);
  return out;
}

namespace detail_ {
inline Example tokens_of(const Tokenizer& tokenizer, const RenderedChat& chat) {
  std::vector<std::size_t> cuts;
  for (const Span& a : chat.answers) cuts.push_back(a.begin);
  EncodeOptions options;
  options.allow_special = true;
  options.plain = chat.plain;
  options.cuts = cuts;
  const Encoding e = tokenizer.encode_marked(chat.text, options);
  Example example{e.ids, std::vector<std::uint8_t>(e.ids.size())};
  std::size_t answer = 0;
  for (std::size_t i = 0; i < e.ids.size(); ++i) {
    while (answer < chat.answers.size() && chat.answers[answer].end <= e.first[i]) ++answer;
    example.mask[i] = answer < chat.answers.size() && e.last[i] >= chat.answers[answer].begin;
  }
  return example;
}
}  // namespace detail_

TUTELAGE_INLINE Example render_example(const Tokenizer& tokenizer, std::span<const Message> messages) {
  auto chat = render_chat(tokenizer, messages);
  if (messages.back().cut) chat.text.resize(chat.plain.back().end);
  return detail_::tokens_of(tokenizer, chat);
}

TUTELAGE_INLINE std::vector<std::int32_t> apply_chat_template(const Tokenizer& tokenizer, std::span<const Message> messages,
                                                              bool add_generation_prompt) {
  return detail_::tokens_of(tokenizer, render_chat(tokenizer, messages, add_generation_prompt)).ids;
}

TUTELAGE_INLINE std::int32_t end_of_answer(const Tokenizer& tokenizer) {
  const std::string& name = tokenizer.config.chat_template;
  if (name == "chatml") return tokenizer.special_id("<|im_end|>");
  if (name == "llama3") return tokenizer.special_id("<|eot_id|>");
  return tokenizer.special_id(tokenizer.config.eos_token.empty() ? "</s>" : tokenizer.config.eos_token);
}

TUTELAGE_INLINE Tokenizer train_chat_tokenizer(std::span<const Conversation> conversations, std::int64_t vocab_size) {
  std::vector<std::string> texts;
  for (const auto& c : conversations)
    for (const auto& m : c) texts.push_back(m.role + "\n"), texts.push_back(m.content);
  Tokenizer t = Tokenizer::train(texts, vocab_size, chat_special_tokens());
  t.config.eos_token = "<|im_end|>";
  t.config.pad_token = "<|endoftext|>";
  return t;
}

}  // namespace text

TUTELAGE_END
