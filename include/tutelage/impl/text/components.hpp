#pragma once
#include <nlohmann/json.hpp>
#include <set>

#include "tutelage/base/fail.hpp"
#include "tutelage/impl/text/pipeline.hpp"

// The components of a tokenizer.json, read into the steps of a pipeline. What is not known is refused by its name.

TUTELAGE_BEGIN

namespace text::detail_ {

using Json = nlohmann::json;

[[noreturn]] inline void refuse(const std::string& name, const std::string& what, const std::string& got, const std::string& expected) {
  detail::fail<IoError>("Tokenizer::load", name + ": " + lossy_utf8(what), lossy_utf8(got), lossy_utf8(expected));  // a file may hold any bytes
}

/// Parses JSON and refuses a key given twice. @throws IoError naming `name`
inline Json parse_strict(const std::string& text, const std::string& name) {
  std::vector<std::set<std::string, std::less<>>> open;
  std::string twice;
  const auto watch = [&](int, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) open.emplace_back();
    if (event == Json::parse_event_t::object_end) open.pop_back();
    if (event == Json::parse_event_t::key && !open.back().insert(value.get_ref<const std::string&>()).second) twice = value.get<std::string>();
    return true;
  };
  Json parsed = Json::parse(text, watch);
  if (!twice.empty()) refuse(name, "key is given twice", twice, "each once");
  return parsed;
}

class Components {
 public:
  Components(Pipeline& p, const std::string& name) : p_(p), name_(name) {}

  void read() {
    each(p_.normalizer, "normalizer", "normalizers", [&](const Json& c, const std::string& type) { normalizer(c, type); });
    each(p_.pre_tokenizer, "pre_tokenizer", "pretokenizers", [&](const Json& c, const std::string& type) { pre_tokenizer(c, type); });
    each(p_.post_processor, "post_processor", "processors", [&](const Json& c, const std::string& type) { post_processor(c, type); });
    each(p_.decoder, "decoder", "decoders", [&](const Json& c, const std::string& type) { decoder(c, type); });
    for (std::size_t i = 0; i < p_.cut.size(); ++i)
      if (p_.cut[i].kind == CutStep::Kind::kByteLevel) {
        if (i + 1 != p_.cut.size()) refuse(name_, "pre_tokenizer has a step after ByteLevel", "step " + detail::str(i + 2), "ByteLevel as the last");
        p_.byte_level = true;
      }
  }

 private:
  template <class F> void each(const std::string& json, const char* key, const char* list, F&& f) { each(Json::parse(json), key, list, f, 0); }
  template <class F> void each(const Json& c, const char* key, const char* list, F& f, int depth) {
    if (c.is_null()) return;
    if (depth > 8) refuse(name_, std::string(key) + " is nested too deep", "9 sequences", "at most 8");
    if (!c.is_object() || !c.contains("type") || !c.at("type").is_string())
      refuse(name_, std::string(key) + " has no type", shortened(c), "an object");
    const std::string type = c.at("type");
    if (type != "Sequence") return f(c, type);
    only(c, key, {list});
    for (const auto& part : c.at(list)) each(part, key, list, f, depth + 1);
  }

  void only(const Json& c, const char* key, std::initializer_list<std::string_view> known) const {
    for (const auto& [k, value] : c.items())
      if (k != "type" && std::find(known.begin(), known.end(), k) == known.end())
        refuse(name_, std::string(key) + ": unknown key of " + c.at("type").get<std::string>(), k, "the keys of that component");
  }
  static std::string shortened(const Json& c) {
    const std::string s = c.dump(-1, ' ', false, Json::error_handler_t::replace);
    return s.size() > 200 ? s.substr(0, 200) + "..." : s;
  }
  [[noreturn]] void unknown(const char* key, const std::string& type, const char* known) const {
    refuse(name_, std::string("unknown ") + key, type, known);
  }
  std::string plain_pattern(const Json& c, const char* key) const {
    const Json& pattern = c.at("pattern");
    if (!pattern.contains("String")) refuse(name_, std::string(key) + ": unknown pattern of Replace", shortened(pattern), "a String");
    const std::string s = pattern.at("String");
    if (s.empty()) refuse(name_, std::string(key) + ": pattern of Replace is empty", "\"\"", "some text");
    return s;
  }

  void normalizer(const Json& c, const std::string& type) {
    only(c, "normalizer", {"prepend", "pattern", "content"});
    if (type == "NFC")
      p_.normal.push_back({NormalStep::Kind::kNfc, "", ""});
    else if (type == "Prepend")
      p_.normal.push_back({NormalStep::Kind::kPrepend, "", c.at("prepend").get<std::string>()});
    else if (type == "Replace")
      p_.normal.push_back({NormalStep::Kind::kReplace, plain_pattern(c, "normalizer"), c.at("content").get<std::string>()});
    else
      unknown("normalizer", type, "NFC, Prepend, Replace or Sequence");
  }

  /// prepend_scheme, with what files before 0.15 say instead.
  std::string scheme(const Json& c, const char* key) const {
    const bool prefix = c.value("add_prefix_space", true);
    const std::string s = c.value("prepend_scheme", prefix ? "always" : "never");
    if (s != "always" && s != "first" && s != "never")
      refuse(name_, std::string(key) + ": unknown prepend_scheme of Metaspace", s, "always, first or never");
    if (!prefix && s != "never") refuse(name_, std::string(key) + ": Metaspace says add_prefix_space and prepend_scheme", "false and " + s, "never");
    return s;
  }
  std::string mark(const Json& c, const char* key) const {
    const std::string s = c.at("replacement");
    if (s.empty() || code_at(s, 0).size != s.size()) refuse(name_, std::string(key) + ": replacement of Metaspace", s, "one character");
    return s;
  }

  void pre_tokenizer(const Json& c, const std::string& type) {
    CutStep step{};
    if (type == "ByteLevel") {
      step.kind = CutStep::Kind::kByteLevel;
      only(c, "pre_tokenizer", {"add_prefix_space", "trim_offsets", "use_regex"});
      step.prefix = c.at("add_prefix_space");
      step.cut = c.value("use_regex", true);
    } else if (type == "Digits") {
      step.kind = CutStep::Kind::kDigits;
      only(c, "pre_tokenizer", {"individual_digits"});
      step.cut = c.at("individual_digits");
    } else if (type == "Split") {
      step.kind = CutStep::Kind::kSplit;
      only(c, "pre_tokenizer", {"pattern", "behavior", "invert"});
      const Json& pattern = c.at("pattern");
      const std::string regex = pattern.value("Regex", "");
      if (regex == kGpt2Pattern)
        step.words = Words::kGpt2;
      else if (regex == kLlama3Pattern)
        step.words = Words::kLlama3;
      else if (regex == kQwen2Pattern)
        step.words = Words::kQwen2;
      else
        refuse(name_, "pre_tokenizer: unknown pattern of Split", shortened(pattern), "the pattern of GPT-2, Llama 3 or Qwen 2");
      const std::string behavior = c.at("behavior");
      if (behavior != "Isolated" || c.value("invert", false))
        refuse(name_, "pre_tokenizer: unknown behavior of Split", behavior + (c.value("invert", false) ? ", inverted" : ""), "Isolated");
    } else if (type == "Metaspace") {
      step.kind = CutStep::Kind::kMetaspace;
      only(c, "pre_tokenizer", {"replacement", "prepend_scheme", "split", "add_prefix_space", "str_rep"});
      const std::string s = scheme(c, "pre_tokenizer");
      step.prefix = s == "always";
      step.prefix_first = s == "first";
      step.cut = c.value("split", true);
      step.mark = mark(c, "pre_tokenizer");
    } else {
      unknown("pre_tokenizer", type, "ByteLevel, Digits, Metaspace, Split or Sequence");
    }
    p_.cut.push_back(std::move(step));
  }

  void post_processor(const Json& c, const std::string& type) {
    if (type == "ByteLevel") return;  // moves places only
    if (type != "TemplateProcessing") unknown("post_processor", type, "ByteLevel, TemplateProcessing or Sequence");
    if (text_seen_) refuse(name_, "post_processor has two templates", type, "one");
    for (const auto& item : c.at("single")) {
      if (item.contains("Sequence")) {
        if (text_seen_) refuse(name_, "post_processor: template has the text twice", shortened(c.at("single")), "once");
        text_seen_ = true;
        continue;
      }
      const std::string token = item.at("SpecialToken").at("id");
      for (const auto& id : c.at("special_tokens").at(token).at("ids")) {
        const auto n = id.get<std::int64_t>();
        if (!id.is_number_integer() || n < 0 || n >= static_cast<std::int64_t>(p_.pieces.size()))
          refuse(name_, "post_processor: id of " + token, id.dump(), "below " + detail::str(p_.pieces.size()));
        (text_seen_ ? p_.after : p_.before).push_back(static_cast<std::int32_t>(n));
      }
    }
    if (!text_seen_) refuse(name_, "post_processor: template lacks the text", shortened(c.at("single")), "a Sequence");
  }

  void decoder(const Json& c, const std::string& type) {
    DecodeStep step{};
    if (type == "ByteLevel") {
      step.kind = DecodeStep::Kind::kByteLevel;
      only(c, "decoder", {"add_prefix_space", "trim_offsets", "use_regex"});
    } else if (type == "Replace") {
      step.kind = DecodeStep::Kind::kReplace;
      only(c, "decoder", {"pattern", "content"});
      step.from = plain_pattern(c, "decoder");
      step.to = c.at("content");
    } else if (type == "ByteFallback") {
      step.kind = DecodeStep::Kind::kByteFallback;
    } else if (type == "Fuse") {
      step.kind = DecodeStep::Kind::kFuse;
    } else if (type == "Strip") {
      step.kind = DecodeStep::Kind::kStrip;
      only(c, "decoder", {"content", "start", "stop"});
      step.from = c.at("content");
      step.start = c.at("start");
      step.stop = c.at("stop");
      if (step.from.empty() || code_at(step.from, 0).size != step.from.size()) refuse(name_, "decoder: content of Strip", step.from, "one character");
    } else if (type == "Metaspace") {
      step.kind = DecodeStep::Kind::kMetaspace;
      only(c, "decoder", {"replacement", "prepend_scheme", "split", "add_prefix_space", "str_rep"});
      step.from = mark(c, "decoder");
      step.first = scheme(c, "decoder") != "never";
    } else {
      unknown("decoder", type, "ByteFallback, ByteLevel, Fuse, Metaspace, Replace, Strip or Sequence");
    }
    p_.decode.push_back(std::move(step));
  }

  Pipeline& p_;
  const std::string& name_;
  bool text_seen_ = false;
};

}  // namespace text::detail_

TUTELAGE_END
