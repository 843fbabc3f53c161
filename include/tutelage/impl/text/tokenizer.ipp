#pragma once
#include "tutelage/impl/text/tokenizer_config.ipp"
#include "tutelage/impl/text/tokenizer_data.ipp"
#include "tutelage/impl/text/tokenizer_json.ipp"
#include "tutelage/impl/text/tokenizer_train.ipp"
#include "tutelage/text/tokenizer.hpp"

TUTELAGE_BEGIN

namespace text {

namespace detail_ {

inline std::string replaced(const std::string& s, const std::string& from, const std::string& to) {
  std::string out;
  std::size_t at = 0;
  for (std::size_t found; (found = s.find(from, at)) != std::string::npos; at = found + from.size()) out.append(s, at, found - at).append(to);
  return out.append(s, at, std::string::npos);
}

/// Runs of named bytes as what they spell; where that is no UTF-8, `lossy` puts U+FFFD for each byte.
inline std::vector<std::string> join_bytes(const std::vector<std::string>& parts, bool lossy) {
  std::vector<std::string> out;
  std::string bytes;
  const auto flush = [&] {
    if (!lossy || is_utf8(bytes)) {
      if (!bytes.empty()) out.push_back(bytes);
    } else {
      for (std::size_t i = 0; i < bytes.size(); ++i) out.push_back("\xEF\xBF\xBD");
    }
    bytes.clear();
  };
  for (const auto& part : parts) {
    if (const int b = named_byte(part); b >= 0) {
      bytes += static_cast<char>(b);
    } else {
      flush();
      out.push_back(part);
    }
  }
  flush();
  return out;
}

inline void strip(std::string& s, const DecodeStep& step) {
  const std::size_t size = step.from.size();
  std::size_t begin = 0, end = s.size();
  for (std::size_t i = 0; i < step.start && s.compare(begin, size, step.from) == 0; ++i) begin += size;
  for (std::size_t i = 0; i < step.stop && end >= begin + size && s.compare(end - size, size, step.from) == 0; ++i) end -= size;
  s = s.substr(begin, end - begin);
}

inline std::string joined(const std::vector<std::string>& parts, const char* between) {
  std::string s;
  for (std::size_t i = 0; i < parts.size(); ++i) s.append(i ? between : "").append(parts[i]);
  return s;
}

inline std::string decoded(const Pipeline& p, std::span<const std::int32_t> ids, bool skip_special, bool lossy) {
  const auto kept = [&](std::int32_t id) {
    if (id < 0 || id >= static_cast<std::int64_t>(p.pieces.size()))
      detail::fail<IndexError>("Tokenizer::decode", "id is out of range", detail::str(id), "0 to " + detail::str(p.pieces.size() - 1));
    const std::int32_t at = p.added_at[static_cast<std::size_t>(id)];
    return !skip_special || at < 0 || !p.added[static_cast<std::size_t>(at)].special;
  };
  if (p.decode.size() == 1 && p.decode[0].kind == DecodeStep::Kind::kByteLevel) {
    std::string bytes;
    for (auto id : ids)
      if (kept(id)) bytes += p.tokens[static_cast<std::size_t>(id)];
    return lossy ? lossy_utf8(bytes) : bytes;
  }
  std::vector<std::string> parts;
  for (auto id : ids)
    if (kept(id)) parts.push_back(p.tokens[static_cast<std::size_t>(id)]);
  if (p.decode.empty()) return joined(parts, " ");
  for (const auto& step : p.decode) {
    switch (step.kind) {
      case DecodeStep::Kind::kByteLevel:
        break;  // stands alone
      case DecodeStep::Kind::kReplace:
        for (auto& part : parts) part = replaced(part, step.from, step.to);
        break;
      case DecodeStep::Kind::kByteFallback:
        parts = join_bytes(parts, lossy);
        break;
      case DecodeStep::Kind::kFuse:
        parts = {joined(parts, "")};
        break;
      case DecodeStep::Kind::kStrip:
        for (auto& part : parts) strip(part, step);
        break;
      case DecodeStep::Kind::kMetaspace:
        for (std::size_t i = 0; i < parts.size(); ++i) parts[i] = replaced(parts[i], step.from, i == 0 && step.first ? "" : " ");
        break;
    }
  }
  return joined(parts, "");
}

inline Encoding encoded(const Pipeline& p, std::string_view text, const EncodeOptions& options, bool places) {
  if (text.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()) / 4)
    detail::fail<ValueError>("Tokenizer::encode", "text is too long", detail::str(text.size()) + " bytes", "under 512 MB");
  Encoding out;
  Reader(p, options, out, places).read(text);
  return out;
}

}  // namespace detail_

TUTELAGE_INLINE Tokenizer::Tokenizer() : pipeline_(std::make_shared<detail_::Pipeline>()) {}
TUTELAGE_INLINE Tokenizer::Tokenizer(std::shared_ptr<const detail_::Pipeline> pipeline) : pipeline_(std::move(pipeline)) {}

TUTELAGE_INLINE std::vector<std::int32_t> Tokenizer::encode(std::string_view text, bool allow_special, bool add_special) const {
  EncodeOptions options;
  options.allow_special = allow_special;
  auto ids = detail_::encoded(*pipeline_, text, options, false).ids;
  if (add_special) {
    ids.insert(ids.begin(), pipeline_->before.begin(), pipeline_->before.end());
    ids.insert(ids.end(), pipeline_->after.begin(), pipeline_->after.end());
  }
  return ids;
}

TUTELAGE_INLINE Encoding Tokenizer::encode_marked(std::string_view text, const EncodeOptions& options) const {
  std::size_t at = 0;
  for (const Span& s : options.plain) {
    if (s.begin < at || s.end < s.begin || s.end > text.size())
      detail::fail<ValueError>("Tokenizer::encode_marked", "plain spans are out of order", detail::str(s.begin) + " to " + detail::str(s.end),
                               "spans of the text, one after another");
    at = s.end;
  }
  at = 0;
  for (const std::size_t cut : options.cuts) {
    if (cut < at || cut > text.size())
      detail::fail<ValueError>("Tokenizer::encode_marked", "cuts are out of order", detail::str(cut), "places of the text, one after another");
    at = cut;
  }
  return detail_::encoded(*pipeline_, text, options, true);
}

TUTELAGE_INLINE std::string Tokenizer::decode(std::span<const std::int32_t> ids, bool skip_special) const {
  return detail_::decoded(*pipeline_, ids, skip_special, false);
}

TUTELAGE_INLINE std::string Tokenizer::decode_text(std::span<const std::int32_t> ids, bool skip_special) const {
  return detail_::decoded(*pipeline_, ids, skip_special, true);
}

TUTELAGE_INLINE std::int64_t Tokenizer::vocab_size() const { return static_cast<std::int64_t>(pipeline_->pieces.size()); }

TUTELAGE_INLINE const std::string& Tokenizer::token(std::int32_t id) const {
  if (id < 0 || id >= vocab_size())
    detail::fail<IndexError>("Tokenizer::token", "id is out of range", detail::str(id), "0 to " + detail::str(vocab_size() - 1));
  return pipeline_->tokens[static_cast<std::size_t>(id)];
}

TUTELAGE_INLINE const std::vector<std::string>& Tokenizer::special_tokens() const { return pipeline_->special; }

TUTELAGE_INLINE bool Tokenizer::has_special(const std::string& token) const {
  return std::any_of(pipeline_->added.begin(), pipeline_->added.end(), [&](const auto& t) { return t.content == token; });
}

TUTELAGE_INLINE std::int32_t Tokenizer::special_id(const std::string& token) const {
  for (const auto& t : pipeline_->added)
    if (t.content == token) return t.id;
  detail::fail<ValueError>("Tokenizer::special_id", "no such special token", token, "one of the tokenizer's special or added tokens");
}

}  // namespace text

TUTELAGE_END
