#pragma once
#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tutelage/base/fail.hpp"
#include "tutelage/io/file.hpp"
#include "tutelage/text/tokenizer.hpp"

// tokenizer.json as Hugging Face's `tokenizers` has it: bytes are written as printable characters, by GPT-2's table.

TUTELAGE_BEGIN

namespace text {

namespace detail_ {

/// Byte -> code point: printable Latin-1 stands for itself, the others are 256 and up.
inline std::vector<std::uint32_t> byte_characters() {
  std::vector<std::uint32_t> table(256);
  std::uint32_t next = 256;
  for (std::uint32_t b = 0; b < 256; ++b) table[b] = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174 ? b : next++;
  return table;
}

inline std::string printable(const std::string& bytes) {
  static const auto table = byte_characters();
  std::string s;
  for (unsigned char b : bytes) {
    const std::uint32_t c = table[b];
    if (c < 0x80)
      s += static_cast<char>(c);
    else
      s += {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 0x3F))};
  }
  return s;
}

/// Whether JSON can hold it.
inline bool is_utf8(const std::string& s) {
  try {
    return !nlohmann::json(s).dump().empty();
  } catch (const nlohmann::json::exception&) { return false; }
}

}  // namespace detail_

TUTELAGE_INLINE std::string Tokenizer::to_json() const {
  using json = nlohmann::ordered_json;
  json vocab = json::object(), merges = json::array(), added = json::array();
  for (std::size_t i = 0; i < special_.size(); ++i) {
    added.push_back({{"id", i},
                     {"content", special_[i]},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
    vocab[special_[i]] = i;
  }
  for (std::size_t i = special_.size(); i < tokens_.size(); ++i) vocab[detail_::printable(tokens_[i])] = i;
  for (const auto& [a, b] : merges_) merges.push_back({detail_::printable(token(a)), detail_::printable(token(b))});
  const json byte_level = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}};
  const json whole = {{"version", "1.0"},
                      {"truncation", nullptr},
                      {"padding", nullptr},
                      {"added_tokens", added},
                      {"normalizer", nullptr},
                      {"pre_tokenizer", byte_level},
                      {"post_processor", nullptr},
                      {"decoder", byte_level},
                      {"model",
                       {{"type", "BPE"},
                        {"dropout", nullptr},
                        {"unk_token", nullptr},
                        {"continuing_subword_prefix", nullptr},
                        {"end_of_word_suffix", nullptr},
                        {"fuse_unk", false},
                        {"byte_fallback", false},
                        {"ignore_merges", false},
                        {"vocab", vocab},
                        {"merges", merges}}}};
  return whole.dump(1) + "\n";
}

TUTELAGE_INLINE Tokenizer Tokenizer::from_json(const std::string& text, const std::string& name) {
  const auto wrong = [&](const std::string& what, const std::string& got, const std::string& expected) {
    detail::fail<IoError>("Tokenizer::load", name + ": " + what, got, expected);
  };
  try {
    const auto whole = nlohmann::json::parse(text);
    const auto& model = whole.at("model");
    if (model.at("type") != "BPE") wrong("unknown model", model.at("type").dump(), "BPE");
    const auto& cut = whole.at("pre_tokenizer");
    if (!cut.is_object() || cut.value("type", "") != "ByteLevel" || cut.value("add_prefix_space", false) || !cut.value("use_regex", true))
      wrong("unknown pre_tokenizer", cut.dump(), "ByteLevel with its regex, without prefix space");
    if (!whole.value("normalizer", nlohmann::json()).is_null()) wrong("unknown normalizer", whole.at("normalizer").dump(), "none");
    std::vector<std::string> special;
    for (const auto& t : whole.at("added_tokens")) {
      if (t.at("id").get<std::int64_t>() != static_cast<std::int64_t>(special.size()))
        wrong("special tokens are not the first ids", t.dump(), "id " + detail::str(special.size()));
      special.push_back(t.at("content"));
      if (special.back().empty()) wrong("special token is empty", t.dump(), "some text");
      if (std::find(special.begin(), special.end() - 1, special.back()) != special.end() - 1)
        wrong("special token is given twice", t.dump(), "each once");
    }
    Tokenizer t = base(special);
    std::map<std::string, std::int32_t> id_of;
    for (std::size_t i = special.size(); i < t.tokens_.size(); ++i) id_of[detail_::printable(t.tokens_[i])] = static_cast<std::int32_t>(i);
    for (const auto& m : model.at("merges")) {
      const std::string a = m.at(0), b = m.at(1);
      if (!id_of.count(a) || !id_of.count(b)) wrong("merge of unknown tokens", a + " " + b, "tokens made by earlier merges");
      id_of[a + b] = static_cast<std::int32_t>(t.tokens_.size());
      t.add_merge(id_of[a], id_of[b]);
    }
    const auto& vocab = model.at("vocab");
    if (vocab.size() != t.tokens_.size())
      wrong("vocabulary and merges do not fit", detail::str(vocab.size()) + " tokens", detail::str(t.tokens_.size()));
    for (std::size_t i = 0; i < special.size(); ++i) id_of[special[i]] = static_cast<std::int32_t>(i);
    for (const auto& [token, id] : id_of)
      if (!vocab.contains(token) || vocab.at(token) != id) wrong("vocabulary has another order", token, "id " + detail::str(id));
    return t;
  } catch (const nlohmann::json::exception& e) { detail::fail<IoError>("Tokenizer::load", name + " is damaged", e.what(), "a tokenizer.json"); }
}

TUTELAGE_INLINE Tokenizer Tokenizer::load(const std::string& folder) {
  const std::string path = folder + "/tokenizer.json";
  std::ifstream file(path, std::ios::binary);
  if (!file) detail::fail<IoError>("Tokenizer::load", "cannot open the file", path, "a readable tokenizer.json");
  std::stringstream text;
  text << file.rdbuf();
  return from_json(text.str(), path);
}

TUTELAGE_INLINE void Tokenizer::save(const std::string& folder) const {
  io::make_folder(folder);
  io::write_file(folder + "/tokenizer.json", to_json());
}

}  // namespace text

TUTELAGE_END
