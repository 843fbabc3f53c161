#pragma once
#include <algorithm>
#include <map>
#include <queue>

#include "tutelage/base/fail.hpp"
#include "tutelage/impl/text/tokenizer_json.ipp"
#include "tutelage/impl/text/words.ipp"
#include "tutelage/text/tokenizer.hpp"

TUTELAGE_BEGIN

namespace text {

namespace detail_ {
inline std::uint64_t pair_key(std::int32_t a, std::int32_t b) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(a)) << 32 | static_cast<std::uint32_t>(b);
}
}  // namespace detail_

TUTELAGE_INLINE Tokenizer Tokenizer::base(std::span<const std::string> special_tokens) {
  Tokenizer t;
  for (const auto& s : special_tokens) {
    if (s.empty()) detail::fail<ValueError>("Tokenizer", "special token is empty", "\"\"", "some text");
    if (!detail_::is_utf8(s)) detail::fail<ValueError>("Tokenizer", "special token is not UTF-8", detail_::printable(s), "UTF-8");
    if (std::find(t.special_.begin(), t.special_.end(), s) != t.special_.end())
      detail::fail<ValueError>("Tokenizer", "special token is given twice", s, "each once");
    t.special_.push_back(s);
  }
  t.tokens_ = t.special_;
  for (int b = 0; b < 256; ++b) t.tokens_.emplace_back(1, static_cast<char>(b));
  return t;
}

TUTELAGE_INLINE void Tokenizer::add_merge(std::int32_t left, std::int32_t right) {
  merge_rank_.emplace(detail_::pair_key(left, right), static_cast<std::int32_t>(merges_.size()));
  merges_.emplace_back(left, right);
  tokens_.push_back(tokens_[static_cast<std::size_t>(left)] + tokens_[static_cast<std::size_t>(right)]);
}

TUTELAGE_INLINE Tokenizer Tokenizer::train(std::span<const std::string> texts, std::int64_t vocab_size, std::span<const std::string> special_tokens) {
  if (texts.empty()) detail::fail<ValueError>("Tokenizer::train", "no text", "0 texts", "at least one");
  const auto least = static_cast<std::int64_t>(special_tokens.size()) + 256;
  if (vocab_size < least)
    detail::fail<ConfigError>("Tokenizer::train", "vocab_size is too small", detail::str(vocab_size),
                              "at least " + detail::str(least) + " (special tokens and bytes)");
  Tokenizer t = base(special_tokens);
  const auto first_byte = static_cast<std::int32_t>(special_tokens.size());

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

  while (t.vocab_size() < vocab_size) {
    const std::pair<const std::pair<std::int32_t, std::int32_t>, Pair>* best = nullptr;
    const auto bytes = [&](std::int32_t id) -> const std::string& { return t.tokens_[static_cast<std::size_t>(id)]; };
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
    const auto id = static_cast<std::int32_t>(t.vocab_size());
    t.add_merge(left, right);
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
  for (std::size_t i = t.special_.size(); i < t.tokens_.size(); ++i)  // a file names tokens by their text
    if (std::find(t.special_.begin(), t.special_.end(), detail_::printable(t.tokens_[i])) != t.special_.end())
      detail::fail<ValueError>("Tokenizer::train", "special token is a piece of the texts", detail_::printable(t.tokens_[i]),
                               "a name that no text holds, such as <|name|>");
  return t;
}

TUTELAGE_INLINE void Tokenizer::encode_word(std::string_view word, std::vector<std::int32_t>& out) const {
  const auto n = static_cast<std::int32_t>(word.size()), first_byte = static_cast<std::int32_t>(special_.size());
  if (n == 1) {
    out.push_back(first_byte + static_cast<unsigned char>(word[0]));
    return;
  }
  std::vector<std::int32_t> ids(word.size()), next(word.size()), before(word.size());
  for (std::int32_t i = 0; i < n; ++i) {
    ids[static_cast<std::size_t>(i)] = first_byte + static_cast<unsigned char>(word[static_cast<std::size_t>(i)]);
    next[static_cast<std::size_t>(i)] = i + 1;
    before[static_cast<std::size_t>(i)] = i - 1;
  }
  struct Candidate {
    std::int32_t rank, at, left, right;
    bool operator>(const Candidate& o) const { return rank != o.rank ? rank > o.rank : at > o.at; }
  };
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  const auto offer = [&](std::int32_t at) {
    if (at < 0 || next[static_cast<std::size_t>(at)] >= n) return;
    const std::int32_t a = ids[static_cast<std::size_t>(at)], b = ids[static_cast<std::size_t>(next[static_cast<std::size_t>(at)])];
    if (const auto it = merge_rank_.find(detail_::pair_key(a, b)); it != merge_rank_.end()) queue.push({it->second, at, a, b});
  };
  for (std::int32_t i = 0; i + 1 < n; ++i) offer(i);
  const auto merged = first_byte + 256;
  while (!queue.empty()) {
    const Candidate c = queue.top();
    queue.pop();
    const auto at = static_cast<std::size_t>(c.at);
    if (ids[at] != c.left || next[at] >= n || ids[static_cast<std::size_t>(next[at])] != c.right) continue;  // merged meanwhile
    const std::int32_t gone = next[at];
    ids[at] = merged + c.rank;
    ids[static_cast<std::size_t>(gone)] = -1;
    next[at] = next[static_cast<std::size_t>(gone)];
    if (next[at] < n) before[static_cast<std::size_t>(next[at])] = c.at;
    offer(before[at]);
    offer(c.at);
  }
  for (std::int32_t i = 0; i < n; i = next[static_cast<std::size_t>(i)]) out.push_back(ids[static_cast<std::size_t>(i)]);
}

TUTELAGE_INLINE std::vector<std::int32_t> Tokenizer::encode(std::string_view text, bool allow_special) const {
  std::vector<std::int32_t> ids;
  while (!text.empty()) {
    std::size_t at = std::string_view::npos, which = 0;
    if (allow_special)
      for (std::size_t k = 0; k < special_.size(); ++k) {
        const auto found = text.find(special_[k]);
        if (found < at || (found == at && found != std::string_view::npos && special_[k].size() > special_[which].size())) at = found, which = k;
      }
    for (auto word : split_words(text.substr(0, at))) encode_word(word, ids);
    if (at == std::string_view::npos) break;
    ids.push_back(static_cast<std::int32_t>(which));
    text.remove_prefix(at + special_[which].size());
  }
  return ids;
}

TUTELAGE_INLINE const std::string& Tokenizer::token(std::int32_t id) const {
  if (id < 0 || id >= vocab_size())
    detail::fail<IndexError>("Tokenizer::token", "id is out of range", detail::str(id), "0 to " + detail::str(vocab_size() - 1));
  return tokens_[static_cast<std::size_t>(id)];
}

TUTELAGE_INLINE std::string Tokenizer::decode(std::span<const std::int32_t> ids, bool skip_special) const {
  std::string s;
  for (auto id : ids) {
    const std::string& t = token(id);
    if (!skip_special || id >= static_cast<std::int32_t>(special_.size())) s += t;
  }
  return s;
}

TUTELAGE_INLINE std::int32_t Tokenizer::special_id(const std::string& token) const {
  for (std::size_t i = 0; i < special_.size(); ++i)
    if (special_[i] == token) return static_cast<std::int32_t>(i);
  detail::fail<ValueError>("Tokenizer::special_id", "no such special token", token, "one of the tokenizer's special tokens");
}

}  // namespace text

TUTELAGE_END
