#pragma once
#include "tutelage/base/fail.hpp"
#include "tutelage/text/tokenizer_config.hpp"

// The built-in chat templates in Jinja.

TUTELAGE_BEGIN

namespace text {

namespace detail_ {

/// A text as a literal of Jinja.
inline std::string literal(const std::string& s) {
  std::string out = "'";
  for (char c : s) {
    if (c == '\\' || c == '\'') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out + "'";
}

inline std::string turns_jinja(const std::string& first, const std::string& start, const std::string& head, const std::string& content,
                               const std::string& end, const std::string& tail) {
  const std::string answer = "{% generation %}{{ " + content + " + " + end + " }}{% endgeneration %}";
  return first + "{% for message in messages %}{% if message['role'] not in ['system', 'user', 'assistant'] %}" +
         "{{ raise_exception('unknown role') }}{% endif %}{{ " + start + " + message['role'] + " + head +
         " }}{% if message['role'] == 'assistant' %}" + answer + "{% else %}{{ " + content + " + " + end + " }}{% endif %}" + tail +
         "{% endfor %}{% if add_generation_prompt %}{{ " + start + " + 'assistant' + " + head + " }}{% endif %}";
}

}  // namespace detail_

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

}  // namespace text

TUTELAGE_END
