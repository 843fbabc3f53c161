#pragma once
#include "tutelage/base/fail.hpp"
#include "tutelage/impl/text/chat_templates.hpp"
#include "tutelage/text/chat.hpp"

TUTELAGE_BEGIN

namespace text {

TUTELAGE_INLINE std::vector<std::string> chat_special_tokens() { return {"<|endoftext|>", "<|im_start|>", "<|im_end|>"}; }

TUTELAGE_INLINE const std::vector<std::string>& chat_template_names() {
  static const std::vector<std::string> names{"chatml", "llama2", "llama3", "zephyr"};
  return names;
}

TUTELAGE_INLINE std::string chat_template_jinja(const std::string& name, const std::string& default_system) {
  using detail_::literal, detail_::turns_jinja;
  std::string first;
  if (!default_system.empty())
    first = "{% if messages[0]['role'] != 'system' %}{% set messages = [{'role': 'system', 'content': " + literal(default_system) +
            "}] + messages %}{% endif %}";
  if (name == "chatml") return turns_jinja(first, "'<|im_start|>'", "'\\n'", "message['content']", "'<|im_end|>'", "{{ '\\n' }}");
  if (name == "zephyr") return turns_jinja(first, "'<|'", "'|>\\n'", "message['content']", "eos_token", "{{ '\\n' }}");
  if (name == "llama3")
    return turns_jinja(first + "{{ bos_token }}", "'<|start_header_id|>'", "'<|end_header_id|>\\n\\n'", "message['content'] | trim", "'<|eot_id|>'",
                       "");
  if (name != "llama2") {
    const auto& names = chat_template_names();
    detail::fail<ValueError>("chat_template_jinja", "unknown template", name, "chatml, llama2, llama3 or zephyr",
                             detail::nearest(name, names.data(), 4));
  }
  return first +
         "{% set ns = namespace(system='', count=0) %}{% for message in messages %}"
         "{% if loop.first and message['role'] == 'system' %}{% set ns.system = '<<SYS>>\\n' + message['content'] + '\\n<</SYS>>\\n\\n' %}{% else %}"
         "{% if message['role'] != ('user' if ns.count % 2 == 0 else 'assistant') %}{{ raise_exception('turns do not alternate') }}{% endif %}"
         "{% if ns.count % 2 == 0 %}{{ bos_token + '[INST] ' + ((ns.system if ns.count == 0 else '') + message['content']).strip() + ' [/INST]' }}"
         "{% else %}{% generation %}{{ ' ' + message['content'].strip() + ' ' + eos_token }}{% endgeneration %}{% endif %}"
         "{% set ns.count = ns.count + 1 %}{% endif %}{% endfor %}";
}

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
  return detail_::tokens_of(tokenizer, render_chat(tokenizer, messages));
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
