#pragma once
#include "tutelage/base/fail.hpp"
#include "tutelage/impl/text/characters.hpp"
#include "tutelage/text/chat.hpp"

TUTELAGE_BEGIN

namespace text::detail_ {

/// The part that Python's str.strip keeps.
inline Span stripped(std::string_view s) {
  const auto blank = [&](std::size_t at) {
    const std::uint32_t c = code_at(s, at).code;
    return kind_of(c) == Kind::kSpace || (c >= 0x1C && c <= 0x1F);
  };
  Span span{0, s.size()};
  while (span.begin < span.end && blank(span.begin)) span.begin += code_at(s, span.begin).size;
  while (span.end > span.begin && blank(before(s, span.end))) span.end = before(s, span.end);
  return span;
}

/// Writes the turns of one template.
class ChatWriter {
 public:
  ChatWriter(const Tokenizer& tokenizer, RenderedChat& out) : t_(tokenizer), out_(out) {}

  void write(std::span<const Message> messages, bool prompt) {
    const std::string& name = t_.config.chat_template;
    if (name == "chatml") {
      for (const char* s : {"<|im_start|>", "<|im_end|>"}) t_.special_id(s);
      turns(messages, prompt, "<|im_start|>", "\n", "<|im_end|>", "\n", false);
    } else if (name == "llama3") {
      for (const char* s : {"<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"}) t_.special_id(s);
      out_.text += special(t_.config.bos_token, "<|begin_of_text|>");
      turns(messages, prompt, "<|start_header_id|>", "<|end_header_id|>\n\n", "<|eot_id|>", "", true);
    } else if (name == "zephyr") {
      turns(messages, prompt, "<|", "|>\n", special(t_.config.eos_token, "</s>"), "\n", false);
    } else {
      llama2(messages);
    }
  }

  const std::string& special(const std::string& configured, const std::string& usual) const {
    const std::string& s = configured.empty() ? usual : configured;
    t_.special_id(s);
    return s;
  }

 private:
  void say(std::string_view content) {
    out_.plain.push_back({out_.text.size(), out_.text.size() + content.size()});
    out_.text += content;
  }
  static std::string_view cut(std::string_view s, Span span) { return s.substr(span.begin, span.end - span.begin); }

  void turns(std::span<const Message> messages, bool prompt, const std::string& start, const std::string& head, const std::string& end,
             const std::string& tail, bool strip) {
    for (const auto& m : messages) {
      out_.text += start + m.role + head;
      const std::size_t begin = out_.text.size();
      say(strip ? cut(m.content, stripped(m.content)) : std::string_view(m.content));
      out_.text += end;
      if (m.role == "assistant") out_.answers.push_back({begin, out_.text.size()});
      out_.text += tail;
    }
    if (prompt) out_.text += start + "assistant" + head;
  }

  void llama2(std::span<const Message> messages) {
    const std::string &bos = special(t_.config.bos_token, "<s>"), &eos = special(t_.config.eos_token, "</s>");
    std::string system;
    const bool has_system = messages[0].role == "system";
    if (has_system) system = messages[0].content, messages = messages.subspan(1);
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const std::string &role = messages[i].role, &content = messages[i].content;
      if (role != (i % 2 ? "assistant" : "user"))
        detail::fail<ValueError>("apply_chat_template", "turns of llama2 do not alternate", role, i % 2 ? "assistant" : "user");
      if (i % 2) {
        const std::size_t begin = out_.text.size();
        out_.text += " ";
        say(cut(content, stripped(content)));
        out_.text += " " + eos;
        out_.answers.push_back({begin, out_.text.size()});
        continue;
      }
      out_.text += bos + "[INST] ";
      const std::string_view said = cut(content, stripped(content));
      if (i == 0 && has_system) {  // the two are one text, and stripped as one
        out_.text += "<<SYS>>\n";
        say(system);
        out_.text += "\n<</SYS>>";
        if (!said.empty()) {
          out_.text += "\n\n";
          say(std::string_view(content).substr(0, stripped(content).end));
        }
      } else {
        say(said);
      }
      out_.text += " [/INST]";
    }
  }

  const Tokenizer& t_;
  RenderedChat& out_;
};

}  // namespace text::detail_

TUTELAGE_END
