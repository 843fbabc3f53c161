#pragma once
#include <string>
#include <vector>

#include "tutelage/config.hpp"

TUTELAGE_BEGIN

namespace text {

/// What tokenizer_config.json holds besides tokenizer.json.
struct TokenizerConfig {
  std::string chat_template = "chatml";  // "chatml", "llama2", "llama3", "zephyr"; "jinja": the text below, which Python renders
  std::string default_system;            // of the built-in templates: the system turn of a conversation that has none; empty: no such turn
  std::string jinja;                     // the template's text
  std::string bos_token, eos_token, unk_token, pad_token;  // empty: none
  std::string other = "{}";                                // the file's other keys, an object in JSON: kept as they are
};

/// The names of the built-in templates: chatml, llama2, llama3, zephyr.
const std::vector<std::string>& chat_template_names();

/// A built-in template in Jinja, as Hugging Face's tools read it, its answers between {% generation %} and {% endgeneration %}.
/// @throws ValueError for an unknown name. Checked by: compare/test_chat_templates.py
std::string chat_template_jinja(const std::string& name, const std::string& default_system = "");

}  // namespace text

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/text/chat_jinja.ipp"
#endif
