#pragma once
#include <string>

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

}  // namespace text

TUTELAGE_END
