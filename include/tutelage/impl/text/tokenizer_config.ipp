#pragma once
#include <filesystem>

#include "tutelage/impl/text/chat_jinja.ipp"
#include "tutelage/impl/text/components.hpp"
#include "tutelage/io/file.hpp"
#include "tutelage/text/tokenizer.hpp"

// tokenizer_config.json and chat_template.jinja beside tokenizer.json.

TUTELAGE_BEGIN

namespace text {

namespace detail_ {

inline constexpr const char* kOwnKey = "tutelage_chat_template";  // which built-in template the Jinja text is, and its default system turn

inline std::string token_named(const Json& object, const char* key) {
  if (!object.contains(key)) return "";
  const Json& t = object.at(key);
  if (t.is_object()) return t.at("content");
  return t.is_null() ? "" : t.get<std::string>();
}

/// A template's text: one, or the default of several.
inline std::string template_of(const Json& c, const std::string& name) {
  if (!c.contains("chat_template") || c.at("chat_template").is_null()) return "";
  const Json& t = c.at("chat_template");
  if (t.is_string()) return t;
  if (!t.is_array()) refuse(name, "chat_template", t.type_name(), "a text, or a list of named ones");
  for (const auto& one : t)
    if (one.at("name") == "default") return one.at("template");
  refuse(name, "chat_template: none of them is the default", detail::str(t.size()) + " templates", "one named default");
}

inline TokenizerConfig read_config(const std::string& text, const std::string& jinja, const std::string& name, const Tokenizer& tokenizer) {
  TokenizerConfig out;
  try {
    const Json c = parse_strict(text, name);
    if (!c.is_object()) refuse(name, "file", c.type_name(), "an object");
    out.bos_token = token_named(c, "bos_token");
    out.eos_token = token_named(c, "eos_token");
    out.unk_token = token_named(c, "unk_token");
    out.pad_token = token_named(c, "pad_token");
    if (c.contains("added_tokens_decoder"))
      for (const auto& [id, t] : c.at("added_tokens_decoder").items()) {
        const std::string content = t.at("content");
        if (!tokenizer.has_special(content) || std::to_string(tokenizer.special_id(content)) != id)
          refuse(name, "added_tokens_decoder: token " + id, content, "the added tokens of tokenizer.json");
      }
    out.jinja = jinja.empty() ? template_of(c, name) : jinja;
    if (!out.jinja.empty()) out.chat_template = "jinja";
    if (c.contains(kOwnKey)) {
      const std::string own = c.at(kOwnKey).at("name"), system = c.at(kOwnKey).value("default_system", "");
      const auto& names = chat_template_names();
      if (std::find(names.begin(), names.end(), own) != names.end() && chat_template_jinja(own, system) == out.jinja)
        out.chat_template = own, out.default_system = system, out.jinja.clear();
    }
    Json rest = c;
    for (const char* key : {"bos_token", "eos_token", "unk_token", "pad_token", "added_tokens_decoder", "chat_template", kOwnKey}) rest.erase(key);
    out.other = rest.dump();
  } catch (const nlohmann::json::exception& e) { refuse(name, "file is damaged", e.what(), "a tokenizer_config.json"); }
  return out;
}

/// The template's text, "" where the tokenizer lacks its tokens.
inline std::string jinja_of(const Tokenizer& t) {
  const auto& c = t.config;
  if (c.chat_template == "jinja") return c.jinja;
  const auto needs = [&](std::initializer_list<const char*> tokens) {
    return std::all_of(tokens.begin(), tokens.end(), [&](const char* s) { return t.has_special(s); });
  };
  const bool usable = c.chat_template == "chatml"   ? needs({"<|im_start|>", "<|im_end|>"})
                      : c.chat_template == "llama3" ? needs({"<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"})
                                                    : !c.eos_token.empty();
  return usable ? chat_template_jinja(c.chat_template, c.default_system) : "";
}

}  // namespace detail_

TUTELAGE_INLINE Tokenizer Tokenizer::load(const std::string& folder) {
  const std::string path = folder + "/tokenizer.json", settings = folder + "/tokenizer_config.json", jinja = folder + "/chat_template.jinja";
  Tokenizer t = from_json(io::read_file(path), path);
  if (io::exists(settings)) {
    t.config = detail_::read_config(io::read_file(settings), io::exists(jinja) ? io::read_file(jinja) : "", settings, t);
  } else if (io::exists(jinja)) {
    t.config.chat_template = "jinja";
    t.config.jinja = io::read_file(jinja);
  }
  return t;
}

TUTELAGE_INLINE void Tokenizer::save(const std::string& folder) const {
  nlohmann::ordered_json c = nlohmann::ordered_json::object();
  const auto others = nlohmann::ordered_json::parse(config.other);
  for (const auto& [key, value] : others.items()) c[key] = value;
  if (!c.contains("tokenizer_class")) c["tokenizer_class"] = "PreTrainedTokenizerFast";
  if (!c.contains("clean_up_tokenization_spaces")) c["clean_up_tokenization_spaces"] = false;
  for (const auto& [key, token] : {std::pair("bos_token", &config.bos_token), std::pair("eos_token", &config.eos_token),
                                   std::pair("unk_token", &config.unk_token), std::pair("pad_token", &config.pad_token)})
    if (!token->empty()) c[key] = *token;
  nlohmann::ordered_json added = nlohmann::ordered_json::object();
  for (const auto& t : pipeline_->added)
    added[std::to_string(t.id)] = {{"content", t.content}, {"lstrip", t.lstrip},           {"normalized", t.normalized},
                                   {"rstrip", t.rstrip},   {"single_word", t.single_word}, {"special", t.special}};
  if (!added.empty()) c["added_tokens_decoder"] = std::move(added);
  const std::string jinja = detail_::jinja_of(*this);
  if (!jinja.empty() && config.chat_template != "jinja")
    c[detail_::kOwnKey] = {{"name", config.chat_template}, {"default_system", config.default_system}};
  io::make_folder(folder);
  io::write_file(folder + "/tokenizer.json", to_json());
  io::write_file(folder + "/tokenizer_config.json", c.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
  if (jinja.empty()) {
    std::error_code none;
    std::filesystem::remove(folder + "/chat_template.jinja", none);
  } else {
    io::write_file(folder + "/chat_template.jinja", jinja);
  }
}

}  // namespace text

TUTELAGE_END
