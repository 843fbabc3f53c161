#pragma once
#include <numeric>

#include "tutelage/impl/text/components.hpp"
#include "tutelage/impl/text/reader.ipp"
#include "tutelage/io/file.hpp"
#include "tutelage/text/tokenizer.hpp"

// tokenizer.json as Hugging Face's `tokenizers` has it: on bytes, pieces are written as printable characters, by GPT-2's table.

TUTELAGE_BEGIN

namespace text {

namespace detail_ {

inline std::string upper_byte(int b) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  return std::string("<0x") + digits[static_cast<std::size_t>(b) / 16] + digits[static_cast<std::size_t>(b) % 16] + ">";
}

TUTELAGE_INLINE void Pipeline::complete(const std::string& name) {
  Components(*this, name).read();
  const bool bytes_out = std::any_of(decode.begin(), decode.end(), [](const DecodeStep& d) { return d.kind == DecodeStep::Kind::kByteLevel; });
  if (bytes_out && decode.size() > 1) refuse(name, "decoder has ByteLevel among others", detail::str(decode.size()) + " steps", "ByteLevel alone");
  added_at.assign(pieces.size(), -1);
  byte_id.fill(-1);
  tokens = pieces;
  id_of.reserve(model_size);
  std::string bytes;
  words.assign(byte_level ? model_size : 0, "");
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const bool spelt = (byte_level || bytes_out) && unprintable(pieces[i], bytes);
    if (spelt && bytes_out) tokens[i] = bytes;
    if (i >= model_size) continue;
    const auto id = static_cast<std::int32_t>(i);
    if (!byte_level) {
      id_of.emplace(pieces[i], id);
      if (const int b = named_byte(pieces[i]); b >= 0 && pieces[i] == upper_byte(b)) byte_id[static_cast<std::size_t>(b)] = id;
    } else if (spelt) {
      words[i] = bytes;
      id_of.emplace(words[i], id);
      if (bytes.size() == 1) byte_id[static_cast<unsigned char>(bytes[0])] = id;
    }
  }
  if (byte_level && byte_fallback && std::find(byte_id.begin(), byte_id.end(), -1) != byte_id.end())
    refuse(name, "model: byte_fallback beside ByteLevel", "a byte without a token", "all 256");
  if (!unk_token.empty()) {
    const auto it = std::find(pieces.begin(), pieces.begin() + static_cast<std::ptrdiff_t>(model_size), unk_token);
    if (it == pieces.begin() + static_cast<std::ptrdiff_t>(model_size))
      refuse(name, "model: unk_token is not in the vocabulary", unk_token, "a token");
    unk = static_cast<std::int32_t>(it - pieces.begin());
  }
  std::unordered_map<std::string_view, std::int32_t> id_of_piece;
  id_of_piece.reserve(model_size);
  for (std::size_t i = 0; i < model_size; ++i)
    if (!id_of_piece.emplace(pieces[i], static_cast<std::int32_t>(i)).second) refuse(name, "token is given twice", pieces[i], "each once");
  merge_of.reserve(merges.size());
  std::string whole;
  for (std::size_t i = 0; i < merges.size(); ++i) {
    const auto [a, b] = merges[i];
    whole = pieces[static_cast<std::size_t>(a)] + pieces[static_cast<std::size_t>(b)];
    const auto it = id_of_piece.find(whole);
    if (it == id_of_piece.end()) refuse(name, "model.merges: merge " + detail::str(i) + " makes an unknown token", whole, "one of the vocabulary");
    merge_of.insert_or_assign(pair_key(a, b), Merge{merge_ranks.empty() ? static_cast<std::int32_t>(i) : merge_ranks[i], it->second});
  }
  for (std::size_t i = 0; i < added.size(); ++i) {
    AddedToken& t = added[i];
    t.blank = true;
    for (std::size_t at = 0; at < t.content.size(); at += code_at(t.content, at).size)
      t.blank = t.blank && kind_of(code_at(t.content, at).code) == Kind::kSpace;
    added_at[static_cast<std::size_t>(t.id)] = static_cast<std::int32_t>(i);
    if (t.special) special.push_back(t.content);
    const std::string content = t.normalized ? detail_::normalized(*this, t.content, nullptr).bytes : t.content;
    // As the reference has it, such a token is spelt in its normal form.
    if (t.normalized) tokens[static_cast<std::size_t>(t.id)] = bytes_out && unprintable(content, bytes) ? bytes : content;
    if (!content.empty()) (t.normalized ? this->normalized : raw).add(content, t.id);
  }
}

/// The vocabulary by ids, without holes.
inline void read_vocabulary(Pipeline& p, const Json& vocab, const std::string& name) {
  if (!vocab.is_object()) refuse(name, "model.vocab", vocab.type_name(), "an object");
  std::vector<std::uint8_t> seen(vocab.size());
  p.pieces.resize(vocab.size());
  for (const auto& [token, id] : vocab.items()) {
    const auto n = id.is_number_integer() ? id.get<std::int64_t>() : -1;
    if (n < 0 || n >= static_cast<std::int64_t>(vocab.size()))
      refuse(name, "model.vocab: id of " + token, id.dump(), "0 to " + detail::str(vocab.size() - 1) + ", each once");
    if (seen[static_cast<std::size_t>(n)]) refuse(name, "model.vocab: id is given twice", detail::str(n) + " for " + token, "each once");
    seen[static_cast<std::size_t>(n)] = 1;
    p.pieces[static_cast<std::size_t>(n)] = token;
  }
  p.model_size = p.pieces.size();
}

inline void read_merges(Pipeline& p, const Json& merges, const std::string& name) {
  std::unordered_map<std::string_view, std::int32_t> id_of;
  id_of.reserve(p.pieces.size());
  for (std::size_t i = 0; i < p.pieces.size(); ++i) id_of.emplace(p.pieces[i], static_cast<std::int32_t>(i));
  if (!merges.is_array()) refuse(name, "model.merges", merges.type_name(), "a list");
  p.merges.reserve(merges.size());
  for (const auto& m : merges) {
    std::string_view a, b;
    if (m.is_string()) {
      const std::string_view pair = m.get_ref<const std::string&>();
      const auto at = pair.find(' ');
      if (at == std::string_view::npos || pair.find(' ', at + 1) != std::string_view::npos)
        refuse(name, "model.merges: merge " + detail::str(p.merges.size()), std::string(pair), "two tokens with a space between");
      a = pair.substr(0, at), b = pair.substr(at + 1);
    } else {
      if (!m.is_array() || m.size() != 2) refuse(name, "model.merges: merge " + detail::str(p.merges.size()), m.dump(), "two tokens");
      a = m.at(0).get_ref<const std::string&>(), b = m.at(1).get_ref<const std::string&>();
    }
    const auto left = id_of.find(a), right = id_of.find(b);
    if (left == id_of.end() || right == id_of.end())
      refuse(name, "model.merges: merge " + detail::str(p.merges.size()) + " of an unknown token", std::string(a) + " " + std::string(b),
             "tokens of the vocabulary");
    p.merges.emplace_back(left->second, right->second);
  }
}

inline void read_added(Pipeline& p, const Json& added, const std::string& name) {
  std::unordered_map<std::string_view, std::int32_t> id_of;
  for (std::size_t i = 0; i < p.model_size; ++i) id_of.emplace(p.pieces[i], static_cast<std::int32_t>(i));
  std::set<std::string> seen;
  for (const auto& t : added) {
    AddedToken token{0,
                     t.at("content"),
                     t.value("single_word", false),
                     t.value("lstrip", false),
                     t.value("rstrip", false),
                     t.value("normalized", true),
                     t.value("special", false)};
    if (token.content.empty()) refuse(name, "added_tokens: token is empty", t.dump(), "some text");
    if (!seen.insert(token.content).second) refuse(name, "added_tokens: token is given twice", token.content, "each once");
    const auto it = id_of.find(token.content);
    const auto id = it != id_of.end() ? it->second : static_cast<std::int32_t>(p.pieces.size());
    if (!t.at("id").is_number_integer() || t.at("id") != id)
      refuse(name, "added_tokens: id of " + token.content, t.at("id").dump(), detail::str(id) + ", of the vocabulary or the next free one");
    token.id = id;
    if (it == id_of.end()) p.pieces.push_back(token.content);
    p.added.push_back(std::move(token));
  }
  std::sort(p.added.begin(), p.added.end(), [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
}

inline std::string text_of(const Json& object, const char* key) {
  return object.contains(key) && object.at(key).is_string() ? object.at(key).get<std::string>() : "";
}

inline void known_keys(const Json& object, const std::string& name, const char* where, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : object.items())
    if (std::find(known.begin(), known.end(), key) == known.end()) refuse(name, std::string(where) + ": unknown key", key, "keys of tokenizer.json");
}

/// The file without its model, keys in the order of the file.
inline nlohmann::ordered_json head_of(const std::string& text) {
  bool in_model = false;
  return nlohmann::ordered_json::parse(text, [&](int depth, nlohmann::ordered_json::parse_event_t event, nlohmann::ordered_json& value) {
    const bool key = event == nlohmann::ordered_json::parse_event_t::key && depth == 1;
    if (key) in_model = value == "model";
    return depth == 0 || key || !in_model;
  });
}

inline std::shared_ptr<Pipeline> read_pipeline(const std::string& text, const std::string& name) {
  try {
    const Json whole = parse_strict(text, name);
    const Json& model = whole.at("model");
    known_keys(whole, name, "file",
               {"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model"});
    known_keys(model, name, "model",
               {"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges",
                "vocab", "merges"});
    // Files of old have no type; BPE is told by its merges.
    if (const std::string type = model.value("type", model.contains("merges") ? "BPE" : "none"); type != "BPE")
      refuse(name, "unknown model", type, "BPE");
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"})
      if (!text_of(model, key).empty()) refuse(name, std::string("model: unknown ") + key, text_of(model, key), "none");
    if (model.contains("dropout") && !model.at("dropout").is_null() && model.at("dropout") != 0.0)
      refuse(name, "model: dropout", model.at("dropout").dump(), "none");
    auto p = std::make_shared<Pipeline>();
    p->unk_token = text_of(model, "unk_token");
    p->fuse_unk = model.value("fuse_unk", false);
    p->byte_fallback = model.value("byte_fallback", false);
    p->ignore_merges = model.value("ignore_merges", false);
    const auto head = head_of(text);
    for (auto [key, to] : {std::pair("normalizer", &p->normalizer), std::pair("pre_tokenizer", &p->pre_tokenizer),
                           std::pair("post_processor", &p->post_processor), std::pair("decoder", &p->decoder)})
      if (head.contains(key)) *to = head.at(key).dump();
    read_vocabulary(*p, model.at("vocab"), name);
    read_merges(*p, model.at("merges"), name);
    if (whole.contains("added_tokens")) read_added(*p, whole.at("added_tokens"), name);
    p->complete(name);
    return p;
  } catch (const nlohmann::json::exception& e) { refuse(name, "file is damaged", e.what(), "a tokenizer.json"); }
}

}  // namespace detail_

TUTELAGE_INLINE std::string Tokenizer::to_json() const {
  using json = nlohmann::ordered_json;
  const detail_::Pipeline& p = *pipeline_;
  json::object_t vocab;  // filled as the list that it is: looking up each key would take its square
  vocab.reserve(p.model_size);
  for (std::size_t i = 0; i < p.model_size; ++i) vocab.emplace_back(p.pieces[i], i);
  json merges = json::array(), added = json::array();
  std::vector<std::size_t> order(p.merges.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (!p.merge_ranks.empty())
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p.merge_ranks[a] < p.merge_ranks[b]; });
  const auto piece = [&](std::int32_t id) -> const std::string& { return p.pieces[static_cast<std::size_t>(id)]; };
  for (const std::size_t i : order) merges.push_back({piece(p.merges[i].first), piece(p.merges[i].second)});
  for (const auto& t : p.added)
    added.push_back({{"id", t.id},
                     {"content", t.content},
                     {"single_word", t.single_word},
                     {"lstrip", t.lstrip},
                     {"rstrip", t.rstrip},
                     {"normalized", t.normalized},
                     {"special", t.special}});
  json whole = {{"version", "1.0"},
                {"truncation", nullptr},
                {"padding", nullptr},
                {"added_tokens", std::move(added)},
                {"normalizer", json::parse(p.normalizer)},
                {"pre_tokenizer", json::parse(p.pre_tokenizer)},
                {"post_processor", json::parse(p.post_processor)},
                {"decoder", json::parse(p.decoder)},
                {"model",
                 {{"type", "BPE"},
                  {"dropout", nullptr},
                  {"unk_token", p.unk_token.empty() ? json() : json(p.unk_token)},
                  {"continuing_subword_prefix", nullptr},
                  {"end_of_word_suffix", nullptr},
                  {"fuse_unk", p.fuse_unk},
                  {"byte_fallback", p.byte_fallback},
                  {"ignore_merges", p.ignore_merges},
                  {"vocab", nullptr},
                  {"merges", nullptr}}}};
  whole["model"]["vocab"] = std::move(vocab);
  whole["model"]["merges"] = std::move(merges);
  return whole.dump(1) + "\n";
}

TUTELAGE_INLINE Tokenizer Tokenizer::from_json(const std::string& text, const std::string& name) {
  return Tokenizer(detail_::read_pipeline(text, name));
}

}  // namespace text

TUTELAGE_END
