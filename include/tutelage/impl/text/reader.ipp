#pragma once
#include <queue>

#include "tutelage/impl/text/normalize.ipp"
#include "tutelage/impl/text/pipeline.hpp"

// From text to ids: added tokens, normalizer, pre-tokenizer, merges, in the order of Hugging Face's `tokenizers`.

TUTELAGE_BEGIN

namespace text::detail_ {

/// The normalizer's steps on a text.
inline Placed normalized(const Pipeline& p, std::string_view s, const std::uint32_t* from) {
  Placed text{std::string(s), from ? std::vector<std::uint32_t>(from, from + s.size()) : std::vector<std::uint32_t>()};
  for (const auto& step : p.normal) {
    if (text.bytes.empty()) break;
    if (step.kind == NormalStep::Kind::kNfc) {
      if (std::any_of(text.bytes.begin(), text.bytes.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }))
        text = NormalForms::get().compose(text.bytes, from ? text.from.data() : nullptr);
    } else if (step.kind == NormalStep::Kind::kPrepend) {
      text.bytes.insert(0, step.to);
      if (from) text.from.insert(text.from.begin(), step.to.size(), text.from[0]);
    } else {
      Placed out;
      for (std::size_t at = 0; at < text.bytes.size();) {
        const bool here = text.bytes.compare(at, step.from.size(), step.from) == 0;
        if (here)
          out.bytes += step.to;
        else
          out.bytes += text.bytes[at];
        if (from) out.from.resize(out.bytes.size(), text.from[at]);
        at += here ? step.from.size() : 1;
      }
      text = std::move(out);
    }
  }
  return text;
}

class Reader {
 public:
  /// Writes ids and, where `places` is given, where they stand.
  Reader(const Pipeline& p, const EncodeOptions& options, Encoding& out, bool places) : p_(p), options_(options), out_(out), places_(places) {}

  void read(std::string_view text) {
    std::vector<std::uint32_t> from;
    if (places_) {
      from.resize(text.size());
      for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<std::uint32_t>(i);
    }
    const Part whole{text, places_ ? from.data() : nullptr, true, false};
    each(p_.raw, whole, [&](const Part& part) {
      if (p_.normal.empty()) return section(part);
      const Placed text_of = normalized(p_, part.bytes, part.from);
      section({text_of.bytes, places_ ? text_of.from.data() : nullptr, part.first, part.goes_on});
    });
  }

 private:
  struct Part {
    std::string_view bytes;
    const std::uint32_t* from;
    bool first;    // begins where the text begins
    bool goes_on;  // begins at a cut: nothing is put before it
    Part sub(std::size_t at, std::size_t n) const { return {bytes.substr(at, n), from ? from + at : nullptr, first && at == 0, goes_on && at == 0}; }
  };

  void put(std::int32_t id, const Part& part, std::size_t begin, std::size_t end) {
    out_.ids.push_back(id);
    if (places_) out_.first.push_back(part.from[begin]), out_.last.push_back(part.from[end - 1]);
  }

  const AddedToken& added(std::int32_t id) const { return p_.added[static_cast<std::size_t>(p_.added_at[static_cast<std::size_t>(id)])]; }

  /// Whether an added token may stand in these bytes of the part.
  bool open(const Part& part, std::int32_t id, std::size_t begin, std::size_t end) const {
    if (added(id).blank) return true;
    const std::size_t a = part.from[begin], b = part.from[end - 1];
    const auto it = std::upper_bound(options_.plain.begin(), options_.plain.end(), b, [](std::size_t x, const Span& s) { return x < s.begin; });
    return it == options_.plain.begin() || std::prev(it)->end <= a;
  }

  /// Added tokens go out, what is between them to `f`.
  template <class F> void each(const Trie& trie, const Part& part, F&& f) {
    const std::string_view s = part.bytes;
    std::size_t done = 0;
    if (!trie.empty())
      for (std::size_t at = 0; at < s.size();) {
        std::size_t end = 0;
        const std::int32_t id =
            trie.longest(s, at, end, [&](std::int32_t i, std::size_t e) { return options_.plain.empty() || open(part, i, at, e); });
        if (id < 0) {
          ++at;
          continue;
        }
        std::size_t start = at, stop = end;
        at = end;
        const AddedToken& token = added(id);
        if (token.special && !options_.allow_special) continue;
        if (token.single_word && ((start > 0 && is_word(code_at(s, before(s, start)).code)) || (stop < s.size() && is_word(code_at(s, stop).code))))
          continue;
        if (token.lstrip) {
          while (start > done && kind_of(code_at(s, before(s, start)).code) == Kind::kSpace) start = before(s, start);
          start = std::max(start, done);
        }
        if (token.rstrip)
          while (stop < s.size() && kind_of(code_at(s, stop).code) == Kind::kSpace) stop += code_at(s, stop).size;
        if (done < start) f(part.sub(done, start - done));
        put(id, part, start, stop);
        done = stop;
      }
    if (done < s.size()) f(part.sub(done, s.size() - done));
  }

  void section(const Part& part) {
    each(p_.normalized, part, [&](const Part& piece) {
      Part rest = piece;
      for (const std::size_t cut : options_.cuts) {
        const auto at = static_cast<std::size_t>(std::lower_bound(rest.from, rest.from + rest.bytes.size(), cut) - rest.from);
        if (at == 0 || at == rest.bytes.size()) continue;
        split(rest.sub(0, at), 0);
        rest = rest.sub(at, rest.bytes.size() - at);
        rest.goes_on = true;
      }
      split(rest, 0);
    });
  }

  void split(const Part& part, std::size_t step) {
    const std::string_view s = part.bytes;
    if (s.empty()) return;
    if (step == p_.cut.size()) return word(part);
    const CutStep& cut = p_.cut[step];
    switch (cut.kind) {
      case CutStep::Kind::kDigits:
        for (std::size_t at = 0, end; at < s.size(); at = end) {
          Code c = code_at(s, at);
          const bool digit = is_numeric(c.code);
          for (end = at + c.size; end < s.size() && !(digit && cut.cut); end += c.size)
            if (c = code_at(s, end); is_numeric(c.code) != digit) break;
          split(part.sub(at, end - at), step + 1);
        }
        return;
      case CutStep::Kind::kSplit:
        return words(part, cut.words, step + 1);
      case CutStep::Kind::kByteLevel: {
        if (!cut.prefix || part.goes_on || s[0] == ' ') return cut.cut ? words(part, Words::kGpt2, step + 1) : split(part, step + 1);
        Placed text{" " + std::string(s), {}};
        const Part longer = with(text, part, 1);
        return cut.cut ? words(longer, Words::kGpt2, step + 1) : split(longer, step + 1);
      }
      case CutStep::Kind::kMetaspace: {
        Placed text;
        for (std::size_t at = 0; at < s.size(); ++at) {
          if (s[at] == ' ')
            text.bytes += cut.mark;
          else
            text.bytes += s[at];
          if (places_) text.from.resize(text.bytes.size(), part.from[at]);
        }
        const bool wanted =
            (cut.prefix || (cut.prefix_first && part.first)) && !part.goes_on && text.bytes.compare(0, cut.mark.size(), cut.mark) != 0;
        if (wanted) {
          text.bytes.insert(0, cut.mark);
          if (places_) text.from.insert(text.from.begin(), cut.mark.size(), part.from[0]);
        }
        const Part marked{text.bytes, places_ ? text.from.data() : nullptr, part.first, part.goes_on};
        if (!cut.cut) return split(marked, step + 1);
        for (std::size_t at = 0, end; at < text.bytes.size(); at = end) {
          end = std::min(text.bytes.find(cut.mark, at + 1), text.bytes.size());
          split(marked.sub(at, end - at), step + 1);
        }
      }
    }
  }

  Part with(Placed& text, const Part& part, std::size_t before) const {
    if (places_) {
      text.from.assign(before, part.from[0]);
      text.from.insert(text.from.end(), part.from, part.from + part.bytes.size());
    }
    return {text.bytes, places_ ? text.from.data() : nullptr, part.first, part.goes_on};
  }

  void words(const Part& part, Words how, std::size_t step) {
    const WordCutter cutter(part.bytes, how);
    for (std::size_t at = 0, end; at < part.bytes.size(); at = end) {
      end = cutter.end(at);
      split(part.sub(at, end - at), step);
    }
  }

  struct Symbol {
    std::int32_t id, next, before;
    std::uint32_t begin, size;  // size 0: merged into the one before
  };
  struct Candidate {
    std::int32_t rank, at, id;
    bool operator>(const Candidate& o) const { return rank != o.rank ? rank > o.rank : at > o.at; }
  };

  void add(std::int32_t id, std::size_t begin, std::size_t size) {
    const auto n = static_cast<std::int32_t>(symbols_.size());
    symbols_.push_back({id, n + 1, n - 1, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(size)});
  }

  /// The word's characters as the model knows them; those that it does not know as bytes, or as the unknown token, which waits for the next known.
  void begin_word(std::string_view s) {
    symbols_.clear();
    std::size_t unknown = 0, unknown_at = 0;
    for (std::size_t at = 0, size; at < s.size(); at += size) {
      size = p_.byte_level ? 1 : code_at(s, at).size;
      std::int32_t id = -1;
      if (p_.byte_level) {
        id = p_.byte_id[static_cast<unsigned char>(s[at])];
      } else if (const auto it = p_.id_of.find(s.substr(at, size)); it != p_.id_of.end()) {
        id = it->second;
      }
      if (id >= 0) {
        if (unknown) add(p_.unk, unknown_at, unknown);
        unknown = 0;
        add(id, at, size);
        continue;
      }
      if (p_.byte_fallback && !p_.byte_level) {
        bool all = true;
        for (std::size_t k = 0; k < size; ++k) all = all && p_.byte_id[static_cast<unsigned char>(s[at + k])] >= 0;
        if (all) {
          for (std::size_t k = 0; k < size; ++k) add(p_.byte_id[static_cast<unsigned char>(s[at + k])], at + k, 1);
          continue;
        }
      }
      if (p_.unk < 0) continue;
      if (unknown && !p_.fuse_unk) add(p_.unk, unknown_at, unknown), unknown = 0;
      if (!unknown) unknown_at = at;
      unknown += size;
    }
    if (unknown) add(p_.unk, unknown_at, unknown);
    if (!symbols_.empty()) symbols_.back().next = -1;
  }

  void word(const Part& part) {
    if (p_.ignore_merges)
      if (const auto it = p_.id_of.find(part.bytes); it != p_.id_of.end()) return put(it->second, part, 0, part.bytes.size());
    begin_word(part.bytes);
    const auto symbol = [&](std::int32_t at) -> Symbol& { return symbols_[static_cast<std::size_t>(at)]; };
    const auto find = [&](std::int32_t left, std::int32_t right) -> const Merge* {
      const auto it = p_.merge_of.find(pair_key(symbol(left).id, symbol(right).id));
      return it == p_.merge_of.end() ? nullptr : &it->second;
    };
    queue_.clear();
    for (std::int32_t at = 0; at + 1 < static_cast<std::int32_t>(symbols_.size()); ++at)
      if (const Merge* m = find(at, at + 1)) queue_.push_back({m->rank, at, m->id});
    std::make_heap(queue_.begin(), queue_.end(), std::greater<>());
    const auto offer = [&](std::int32_t left, std::int32_t right) {
      if (const Merge* m = find(left, right)) {
        queue_.push_back({m->rank, left, m->id});
        std::push_heap(queue_.begin(), queue_.end(), std::greater<>());
      }
    };
    while (!queue_.empty()) {
      std::pop_heap(queue_.begin(), queue_.end(), std::greater<>());
      const Candidate c = queue_.back();
      queue_.pop_back();
      Symbol& left = symbol(c.at);
      if (left.size == 0 || left.next < 0) continue;
      const Merge* m = find(c.at, left.next);
      if (!m || m->id != c.id) continue;  // the pair has changed, and makes another token
      Symbol& right = symbol(left.next);
      left.id = c.id;
      left.size += right.size;
      left.next = right.next;
      right.size = 0;
      if (left.next >= 0) symbol(left.next).before = c.at;
      if (left.before >= 0) offer(left.before, c.at);
      if (left.next >= 0) offer(c.at, left.next);
    }
    for (std::int32_t at = symbols_.empty() ? -1 : 0; at >= 0; at = symbol(at).next)
      put(symbol(at).id, part, symbol(at).begin, symbol(at).begin + symbol(at).size);
  }

  const Pipeline& p_;
  const EncodeOptions& options_;
  Encoding& out_;
  bool places_;
  std::vector<Symbol> symbols_;   // of one word, kept for its memory
  std::vector<Candidate> queue_;  // as well
};

}  // namespace text::detail_

TUTELAGE_END
