#pragma once
#include <cmath>
#include <map>

#include "tutelage/impl/text/tokenizer_json.ipp"
#include "tutelage/impl/text/tokenizer_train.ipp"

// Tokenizers of plain lists: GGUF's "gpt2" and "llama" models, llama2.c's tokenizer.bin.

TUTELAGE_BEGIN

namespace text {

namespace detail_ {

inline constexpr std::size_t kLongestPiece = 1024;  // bytes of a piece that is merged of others

inline std::string split_then_bytes(const Json& first) {
  return Json{{"type", "Sequence"},
              {"pretokenizers", {first, {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", false}}}}}
      .dump();
}

inline void set_words(Pipeline& p, const TokenizerData& data) {
  const auto split = [](std::string_view pattern) {
    return split_then_bytes({{"type", "Split"}, {"pattern", {{"Regex", std::string(pattern)}}}, {"behavior", "Isolated"}, {"invert", false}});
  };
  if (data.pre == "gpt-2" || data.pre == "default") {
    p.pre_tokenizer = kByteLevel;
  } else if (data.pre == "llama-bpe") {
    p.pre_tokenizer = split(kLlama3Pattern);
    p.ignore_merges = true;
  } else if (data.pre == "qwen2") {
    p.normalizer = R"({"type":"NFC"})";
    p.pre_tokenizer = split(kQwen2Pattern);
  } else if (data.pre == "smollm") {
    p.pre_tokenizer =
        Json{{"type", "Sequence"}, {"pretokenizers", {{{"type", "Digits"}, {"individual_digits", true}}, Json::parse(kByteLevel)}}}.dump();
  } else {
    refuse(data.name, "unknown pre-tokenizer", data.pre, "gpt-2, llama-bpe, qwen2, smollm or default");
  }
  p.decoder = kByteLevel;
}

/// Merges of pieces by score: each way to make a piece of two others, the best score first, equal scores alike.
inline void merges_of_scores(Pipeline& p, const TokenizerData& data, const std::vector<std::uint8_t>& mergeable) {
  std::unordered_map<std::string_view, std::int32_t> id_of;
  for (std::size_t i = 0; i < p.pieces.size(); ++i)
    if (mergeable[i]) id_of.emplace(p.pieces[i], static_cast<std::int32_t>(i));
  std::map<float, std::int32_t, std::greater<>> rank_of;
  for (std::size_t i = 0; i < p.pieces.size(); ++i)
    if (mergeable[i]) rank_of.emplace(data.scores[i], 0);
  std::int32_t rank = 0;
  for (auto& [score, r] : rank_of) r = rank++;
  for (std::size_t i = 0; i < p.pieces.size(); ++i) {
    const std::string_view piece = p.pieces[i];
    if (!mergeable[i]) continue;
    for (std::size_t at = code_at(piece, 0).size; at < piece.size(); at += code_at(piece, at).size) {
      const auto a = id_of.find(piece.substr(0, at)), b = id_of.find(piece.substr(at));
      if (a == id_of.end() || b == id_of.end()) continue;
      p.merges.emplace_back(a->second, b->second);
      p.merge_ranks.push_back(rank_of.at(data.scores[i]));
    }
  }
}

inline std::string around(const Pipeline& p, const TokenizerData& data) {
  if (!data.add_bos && !data.add_eos) return "null";
  Json single = Json::array(), pair = Json::array(), special = Json::object();
  const auto put = [&](Json& to, std::int32_t id, int type) {
    const std::string& token = p.pieces[static_cast<std::size_t>(id)];
    to.push_back({{"SpecialToken", {{"id", token}, {"type_id", type}}}});
    special[token] = {{"id", token}, {"ids", {id}}, {"tokens", {token}}};
  };
  const auto text = [&](Json& to, const char* which, int type) {
    if (data.add_bos) put(to, data.bos, type);
    to.push_back({{"Sequence", {{"id", which}, {"type_id", type}}}});
    if (data.add_eos) put(to, data.eos, type);
  };
  text(single, "A", 0);
  text(pair, "A", 0);
  text(pair, "B", 1);
  return Json{{"type", "TemplateProcessing"}, {"single", single}, {"pair", pair}, {"special_tokens", special}}.dump();
}

}  // namespace detail_

TUTELAGE_INLINE Tokenizer Tokenizer::from_data(const TokenizerData& data) {
  using namespace detail_;
  const std::size_t n = data.tokens.size();
  const bool llama = data.kind == "llama";
  if (!llama && data.kind != "gpt2") refuse(data.name, "unknown tokenizer model", data.kind, "gpt2 or llama");
  if (n == 0) refuse(data.name, "tokens", "none", "at least one");
  if (!data.types.empty() && data.types.size() != n)
    refuse(data.name, "types and tokens differ in number", detail::str(data.types.size()), detail::str(n));
  if (llama && data.scores.size() != n) refuse(data.name, "scores and tokens differ in number", detail::str(data.scores.size()), detail::str(n));
  for (const auto& [what, id] : {std::pair("bos", data.bos), std::pair("eos", data.eos), std::pair("unk", data.unk), std::pair("pad", data.pad)})
    if (id < -1 || id >= static_cast<std::int64_t>(n))
      refuse(data.name, std::string(what) + " id is out of range", detail::str(id), "below " + detail::str(n));
  if ((data.add_bos && data.bos < 0) || (data.add_eos && data.eos < 0)) refuse(data.name, "a token to add around texts is missing", "-1", "an id");

  auto p = std::make_shared<Pipeline>();
  std::vector<std::uint8_t> mergeable(n, 1);
  std::set<std::string_view> seen;
  p->pieces.reserve(n);
  for (std::size_t i = 0; i < n; ++i) {
    std::string piece = data.tokens[i];
    const auto id = static_cast<std::int32_t>(i);
    if (piece == "\n<s>\n" || piece == "\n</s>\n") piece = piece.substr(1, piece.size() - 2);  // as llama2.c spells them
    const bool named = llama && named_byte(piece) >= 0;
    const std::int32_t type = !data.types.empty()                                  ? data.types[i]
                              : id == data.unk                                     ? 2
                              : id == data.bos || id == data.eos || id == data.pad ? 3
                              : named                                              ? 6
                                                                                   : 1;
    const std::string where = "token " + detail::str(i);
    if (type < 1 || type > 6) refuse(data.name, where + ": unknown type", detail::str(type), "1 to 6");
    if (piece.empty()) refuse(data.name, where + " is empty", "\"\"", "some text");
    if (!is_utf8(piece)) refuse(data.name, where + " is not UTF-8", printable(piece), "UTF-8");
    if (llama && type == 1) {
      if (piece.size() > kLongestPiece)
        refuse(data.name, where + " is too long", detail::str(piece.size()) + " bytes", "at most " + detail::str(kLongestPiece));
      if (!std::isfinite(data.scores[i])) refuse(data.name, where + ": score", detail::str(static_cast<double>(data.scores[i])), "a finite number");
      for (std::size_t at = 0; (at = piece.find(' ', at)) != std::string::npos; at += kSpaceMark.size()) piece.replace(at, 1, kSpaceMark);
    }
    mergeable[i] = type == 1;
    p->pieces.push_back(std::move(piece));
    if (!seen.insert(p->pieces.back()).second) refuse(data.name, where + " is given twice", p->pieces.back(), "each once");
    if (type == 2 || type == 3 || type == 4) p->added.push_back({id, p->pieces.back(), false, false, false, false, type != 4});
  }
  p->model_size = n;
  p->post_processor = around(*p, data);
  if (llama) {
    merges_of_scores(*p, data, mergeable);
    if (data.unk >= 0) p->unk_token = p->pieces[static_cast<std::size_t>(data.unk)];
    p->fuse_unk = true;
    p->byte_fallback = true;
    Json steps = Json::array();
    if (data.add_space_prefix) steps.push_back({{"type", "Prepend"}, {"prepend", std::string(kSpaceMark)}});
    steps.push_back({{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", std::string(kSpaceMark)}});
    p->normalizer = Json{{"type", "Sequence"}, {"normalizers", steps}}.dump();
    Json back = Json::array({{{"type", "Replace"}, {"pattern", {{"String", std::string(kSpaceMark)}}}, {"content", " "}},
                             {{"type", "ByteFallback"}},
                             {{"type", "Fuse"}}});
    if (data.add_space_prefix) back.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
    p->decoder = Json{{"type", "Sequence"}, {"decoders", back}}.dump();
  } else {
    std::unordered_map<std::string_view, std::int32_t> id_of;
    for (std::size_t i = 0; i < n; ++i) id_of.emplace(p->pieces[i], static_cast<std::int32_t>(i));
    for (std::size_t i = 0; i < data.merges.size(); ++i) {
      const std::string_view pair = data.merges[i];
      const auto at = pair.find(' ', 1);
      const auto a = id_of.find(pair.substr(0, at)), b = at == std::string_view::npos ? id_of.end() : id_of.find(pair.substr(at + 1));
      if (a == id_of.end() || b == id_of.end())
        refuse(data.name, "merge " + detail::str(i) + " of an unknown token", is_utf8(pair) ? std::string(pair) : printable(pair), "two tokens");
      p->merges.emplace_back(a->second, b->second);
    }
    set_words(*p, data);
  }
  p->complete(data.name);
  Tokenizer t(p);
  const auto name = [&](std::int32_t id) { return id < 0 ? "" : p->pieces[static_cast<std::size_t>(id)]; };
  t.config.bos_token = name(data.bos);
  t.config.eos_token = name(data.eos);
  t.config.unk_token = name(data.unk);
  t.config.pad_token = name(data.pad);
  if (!data.chat_template.empty()) t.config.chat_template = "jinja", t.config.jinja = data.chat_template;
  return t;
}

}  // namespace text

TUTELAGE_END
