#pragma once
#include "tutelage/impl/text/characters.hpp"
#include "tutelage/text/tokenizer.hpp"

TUTELAGE_BEGIN

namespace text {

namespace detail_ {

/// How words are cut: by GPT-2's pattern, or by Llama 3's and Qwen 2's, which differ in how many digits go together.
enum class Words { kGpt2, kLlama3, kQwen2 };

inline constexpr std::string_view kGpt2Pattern = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view kLlama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

class WordCutter {
 public:
  WordCutter(std::string_view s, Words words) : s_(s), words_(words) {}
  /// Where the word that begins at `at` ends.
  std::size_t end(std::size_t at) const {
    if (s_[at] == '\'')
      if (const std::size_t e = contraction(at); e > at) return e;
    return words_ == Words::kGpt2 ? gpt2(at) : llama3(at);
  }

 private:
  struct Next {
    Kind kind;
    std::size_t size;
  };
  Next next(std::size_t at) const {
    const Code c = code_at(s_, at);
    return {kind_of(c.code), c.size};
  }
  bool is(std::size_t at, Kind kind) const { return at < s_.size() && next(at).kind == kind; }
  bool is_break(std::size_t at) const { return at < s_.size() && (s_[at] == '\n' || s_[at] == '\r'); }
  std::size_t run(std::size_t at, Kind kind, std::size_t most = static_cast<std::size_t>(-1)) const {
    for (std::size_t n = 0; at < s_.size() && n < most; ++n) {
      const Next c = next(at);
      if (c.kind != kind) break;
      at += c.size;
    }
    return at;
  }
  /// 's|'t|'re|'ve|'m|'ll|'d; in the newer patterns of either case, a long s too.
  std::size_t contraction(std::size_t at) const {
    for (std::string_view tail : {"s", "t", "re", "ve", "m", "ll", "d"}) {
      std::size_t i = at + 1, k = 0;
      for (; k < tail.size() && i < s_.size(); ++k) {
        const char c = s_[i];
        if (c == tail[k] || (words_ != Words::kGpt2 && c == tail[k] - 32))
          i += 1;
        else if (words_ != Words::kGpt2 && tail[k] == 's' && s_.substr(i, 2) == "\xC5\xBF")
          i += 2;
        else
          break;
      }
      if (k == tail.size()) return i;
    }
    return at;
  }
  /// \s+(?!\S)|\s+: the last space is left to the word that follows.
  std::size_t spaces(std::size_t at) const {
    const std::size_t end = run(at, Kind::kSpace);
    if (end == s_.size()) return end;
    const std::size_t last = before(s_, end);
    return last > at ? last : end;
  }
  //  ?letters+| ?numbers+| ?others+|spaces
  std::size_t gpt2(std::size_t at) const {
    const std::size_t start = s_[at] == ' ' && at + 1 < s_.size() && !is(at + 1, Kind::kSpace) ? at + 1 : at;
    const Kind kind = next(start).kind;
    return kind == Kind::kSpace ? spaces(at) : run(start, kind);
  }
  // (neither break, letter nor number)?letters+|number{1,3}| ?others+breaks*|spaces*breaks+|spaces
  std::size_t llama3(std::size_t at) const {
    const Next c = next(at);
    if (c.kind == Kind::kLetter) return run(at, Kind::kLetter);
    if (c.kind == Kind::kNumber) return run(at, Kind::kNumber, words_ == Words::kLlama3 ? 3 : 1);
    if (!is_break(at) && is(at + c.size, Kind::kLetter)) return run(at + c.size, Kind::kLetter);
    const std::size_t start = s_[at] == ' ' ? at + 1 : at;
    if (is(start, Kind::kOther)) {
      std::size_t end = run(start, Kind::kOther);
      while (is_break(end)) ++end;
      return end;
    }
    const std::size_t end = run(at, Kind::kSpace);
    for (std::size_t i = end; i > at; --i)
      if (is_break(i - 1)) return i;
    return spaces(at);
  }

  std::string_view s_;
  Words words_;
};

}  // namespace detail_

TUTELAGE_INLINE std::vector<std::string_view> split_words(std::string_view s) {
  std::vector<std::string_view> words;
  const detail_::WordCutter cutter(s, detail_::Words::kGpt2);
  for (std::size_t i = 0, end; i < s.size(); i = end) {
    end = cutter.end(i);
    words.push_back(s.substr(i, end - i));
  }
  return words;
}

}  // namespace text

TUTELAGE_END
