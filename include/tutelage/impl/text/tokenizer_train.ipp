#pragma once
#include <map>

#include "tutelage/base/fail.hpp"
#include "tutelage/impl/text/tokenizer_json.ipp"
#include "tutelage/text/tokenizer.hpp"

TUTELAGE_BEGIN

namespace text {

namespace detail_ {

inline constexpr const char* kByteLevel = R"({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true})";

/// The special tokens and the bytes.
inline std::shared_ptr<Pipeline> byte_pipeline(std::span<const std::string> special_tokens) {
  auto p = std::make_shared<Pipeline>();
  for (const auto& s : special_tokens) {
    if (s.empty()) detail::fail<ValueError>("Tokenizer", "special token is empty", "\"\"", "some text");
    if (!is_utf8(s)) detail::fail<ValueError>("Tokenizer", "special token is not UTF-8", printable(s), "UTF-8");
    if (std::find(p->pieces.begin(), p->pieces.end(), s) != p->pieces.end())
      detail::fail<ValueError>("Tokenizer", "special token is given twice", s, "each once");
    p->added.push_back({static_cast<std::int32_t>(p->pieces.size()), s, false, false, false, false, true});
    p->pieces.push_back(s);
  }
  p->pre_tokenizer = p->decoder = kByteLevel;
  return p;
}

}  // namespace detail_

TUTELAGE_INLINE Tokenizer Tokenizer::train(std::span<const std::string> texts, std::int64_t vocab_size, std::span<const std::string> special_tokens) {
  if (texts.empty()) detail::fail<ValueError>("Tokenizer::train", "no text", "0 texts", "at least one");
  const auto least = static_cast<std::int64_t>(special_tokens.size()) + 256;
  if (vocab_size < least)
    detail::fail<ConfigError>("Tokenizer::train", "vocab_size is too small", detail::str(vocab_size),
                              "at least " + detail::str(least) + " (special tokens and bytes)");
  const auto pipeline = detail_::byte_pipeline(special_tokens);
  const auto first_byte = static_cast<std::int32_t>(special_tokens.size());
  std::vector<std::string> tokens(special_tokens.begin(), special_tokens.end());  // bytes of each id
  for (int b = 0; b < 256; ++b) tokens.emplace_back(1, static_cast<char>(b));

  std::map<std::string, std::int64_t, std::less<>> counted;
  for (const auto& s : texts)
    for (auto w : split_words(s)) {
      const auto it = counted.find(w);
      if (it == counted.end())
        counted.emplace(w, 1);
      else
        ++it->second;
    }
  struct Word {
    std::vector<std::int32_t> ids;
    std::int64_t count;
  };
  std::vector<Word> words;
  struct Pair {
    std::int64_t count = 0;
    std::vector<std::size_t> words;  // where it occurs, or did
  };
  std::map<std::pair<std::int32_t, std::int32_t>, Pair> pairs;
  const auto count = [&](std::size_t w, std::int64_t sign) {
    const auto& ids = words[w].ids;
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
      Pair& p = pairs[{ids[i], ids[i + 1]}];
      p.count += sign * words[w].count;
      if (sign > 0 && (p.words.empty() || p.words.back() != w)) p.words.push_back(w);
    }
  };
  for (const auto& [text, n] : counted) {
    Word w{{}, n};
    for (unsigned char b : text) w.ids.push_back(first_byte + b);
    words.push_back(std::move(w));
    count(words.size() - 1, 1);
  }

  while (static_cast<std::int64_t>(tokens.size()) < vocab_size) {
    const std::pair<const std::pair<std::int32_t, std::int32_t>, Pair>* best = nullptr;
    const auto bytes = [&](std::int32_t id) -> const std::string& { return tokens[static_cast<std::size_t>(id)]; };
    for (const auto& p : pairs) {
      if (p.second.count < 2 || (best && p.second.count < best->second.count)) continue;
      if (!best || p.second.count > best->second.count ||
          std::pair(bytes(p.first.first), bytes(p.first.second)) < std::pair(bytes(best->first.first), bytes(best->first.second)))
        best = &p;
    }
    if (!best) break;
    const auto [left, right] = best->first;
    auto where = best->second.words;
    std::sort(where.begin(), where.end());
    where.erase(std::unique(where.begin(), where.end()), where.end());
    const auto id = static_cast<std::int32_t>(tokens.size());
    tokens.push_back(bytes(left) + bytes(right));
    pipeline->merges.emplace_back(left, right);
    for (std::size_t w : where) {
      count(w, -1);
      auto& ids = words[w].ids;
      std::size_t kept = 0;
      for (std::size_t i = 0; i < ids.size(); ++i) {
        const bool here = i + 1 < ids.size() && ids[i] == left && ids[i + 1] == right;
        ids[kept++] = here ? id : ids[i];
        i += here;
      }
      ids.resize(kept);
      count(w, 1);
    }
    pairs.erase({left, right});
  }
  for (std::size_t i = special_tokens.size(); i < tokens.size(); ++i) {  // a file names tokens by their text
    pipeline->pieces.push_back(detail_::printable(tokens[i]));
    if (std::find(special_tokens.begin(), special_tokens.end(), pipeline->pieces.back()) != special_tokens.end())
      detail::fail<ValueError>("Tokenizer::train", "special token is a piece of the texts", pipeline->pieces.back(),
                               "a name that no text holds, such as <|name|>");
  }
  pipeline->model_size = pipeline->pieces.size();
  pipeline->complete("Tokenizer::train");
  return Tokenizer(pipeline);
}

}  // namespace text

TUTELAGE_END
