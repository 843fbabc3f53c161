#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "../catch.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/text/tokenizer.hpp"

using namespace tutelage;
using text::Tokenizer;
using Ids = std::vector<std::int32_t>;
using Words = std::vector<std::string_view>;

namespace {

const std::vector<std::string> kTexts{"low lower lowest", "new newer newest", "wide wider widest", "low low new, new!", "it's what it's"};
const std::vector<std::string> kSpecial{"<|end|>", "<|end|>more"};

Tokenizer small(std::int64_t size = 300) { return Tokenizer::train(kTexts, size, kSpecial); }

std::string random_bytes(std::uint32_t item, std::size_t n) {
  Rng rng(5, Purpose::kUser, item);
  std::string s;
  while (s.size() < n) {
    const auto kind = rng.below(4);
    if (kind == 0)
      s += kTexts[rng.below(kTexts.size())].substr(rng.below(4), 6);
    else if (kind == 1)
      s += static_cast<char>(rng.below(256));
    else if (kind == 2)
      s += " \t\n\r '"[rng.below(6)];
    else
      s += std::string{static_cast<char>(0xC0 + rng.below(64)), static_cast<char>(0x80 + rng.below(64))};
  }
  return s;
}

std::string joined(const Words& words) {
  std::string s;
  for (auto w : words) s += w;
  return s;
}

/// Merges the whole text's words again and again, the earliest learnt pair first, by the tokens' bytes.
Ids plain_bpe(const Tokenizer& t, const std::string& s) {
  const auto first = static_cast<std::int32_t>(t.special_tokens().size());
  Ids all;
  for (const auto word : text::split_words(s)) {
    std::vector<std::string> parts;
    for (char c : word) parts.emplace_back(1, c);
    for (std::int32_t id = first + 256; id < t.vocab_size(); ++id)  // each token has one way to be made
      for (std::size_t i = 0; i + 1 < parts.size(); ++i)
        if (parts[i] + parts[i + 1] == t.token(id)) {
          parts[i] += parts[i + 1];
          parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(i) + 1);
        }
    for (const auto& p : parts) {
      std::int32_t id = first;
      while (t.token(id) != p) ++id;
      all.push_back(id);
    }
  }
  return all;
}

}  // namespace

TEST_CASE("any bytes come out as they went in") {
  const auto t = small();
  std::string all;
  for (int b = 0; b < 256; ++b) all += static_cast<char>(b);
  CHECK(t.decode(t.encode(all)) == all);
  for (const std::string s :
       {"", "\0", "\xff", "\xc3", "\xe2\x82", "\xf0\x9f\x99", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "a\xcc\x81 \xff\xfe z"})
    CHECK(t.decode(t.encode(s)) == s);
  CHECK(t.decode(t.encode(std::string("a\0b", 3))) == std::string("a\0b", 3));
  for (std::uint32_t i = 0; i < 300; ++i) {
    const auto s = random_bytes(i, i % 60);
    REQUIRE(joined(text::split_words(s)) == s);
    REQUIRE(t.decode(t.encode(s)) == s);
  }
}

TEST_CASE("each byte has its token, whatever was learnt") {
  const auto t = small();
  for (int b = 0; b < 256; ++b) {
    const std::string s(1, static_cast<char>(b));
    CHECK(t.encode(s) == Ids{b + 2});
    CHECK(t.token(b + 2) == s);
  }
}

TEST_CASE("words are cut as GPT-2 cuts them") {
  const auto cut = [](std::string_view s) { return text::split_words(s); };
  CHECK(cut("Hello world") == Words{"Hello", " world"});
  CHECK(cut("it's we'll 'twas") == Words{"it", "'s", " we", "'ll", " '", "twas"});
  CHECK(cut("I'M") == Words{"I", "'", "M"});
  CHECK(cut("a1b22 333!?") == Words{"a", "1", "b", "22", " 333", "!?"});
  CHECK(cut("a   b") == Words{"a", "  ", " b"});
  CHECK(cut("a \n b  ") == Words{"a", " \n", " b", "  "});
  CHECK(cut("a\n\nb") == Words{"a", "\n", "\n", "b"});
  CHECK(cut(" \xc3\xa9t\xc3\xa9\xc2\xb2") == Words{" \xc3\xa9t\xc3\xa9", "\xc2\xb2"});  // a superscript is a number
  CHECK(cut("a\xc2\xa0\xe3\x80\x80z") == Words{"a", "\xc2\xa0", "\xe3\x80\x80", "z"});  // spaces beyond ASCII
  CHECK(cut("x\xff\xfey") == Words{"x", "\xff\xfe", "y"});                              // stray bytes are marks
  CHECK(cut("").empty());
}

TEST_CASE("merges go by count, ties to the smaller pair of bytes") {
  const std::vector<std::string> texts{"ab ab ab cd cd cd cd xx"};
  const auto t = Tokenizer::train(texts, 1000, std::vector<std::string>{});
  // " c" and "cd" 4 times; then " ab" by its parts; "ab" comes once without a space, "xx" but once.
  CHECK(t.token(256) == " c");
  CHECK(t.token(257) == " cd");
  CHECK(t.token(258) == "ab");
  CHECK(t.token(259) == " ab");
  CHECK(t.vocab_size() == 260);  // no pair is left that occurs twice
  CHECK(t.encode("ab ab cd") == Ids{258, 259, 257});
}

TEST_CASE("encoding applies merges in the order they were learnt") {
  const auto t = small(330);
  REQUIRE(t.vocab_size() > 270);
  for (std::uint32_t i = 0; i < 200; ++i) {
    const auto s = random_bytes(i, 40);
    REQUIRE(t.encode(s) == plain_bpe(t, s));
  }
  CHECK(t.encode("lowest lowest") == plain_bpe(t, "lowest lowest"));
}

TEST_CASE("a long word is as quick as many short ones") {
  const auto t = small();
  const std::string s(200000, 'w');
  CHECK(t.decode(t.encode(s)) == s);
}

TEST_CASE("training depends on the texts alone, not on their order") {
  auto turned = kTexts;
  std::reverse(turned.begin(), turned.end());
  const auto a = small().to_json();
  CHECK(a == small().to_json());
  CHECK(a == Tokenizer::train(turned, 300, kSpecial).to_json());
  // A smaller vocabulary is the beginning of a larger one.
  const auto less = small(270), more = small(290);
  for (std::int32_t id = 0; id < less.vocab_size(); ++id) CHECK(less.token(id) == more.token(id));
}

TEST_CASE("special tokens are text unless they are asked for") {
  const auto t = small();
  CHECK(t.special_id("<|end|>") == 0);
  const std::string s = "low<|end|>more<|end|>new";
  const auto plain = t.encode(s), marked = t.encode(s, true);
  CHECK(*std::min_element(plain.begin(), plain.end()) >= 2);
  CHECK(t.decode(plain) == s);
  CHECK(std::count(marked.begin(), marked.end(), 1) == 1);  // the longer of two that start at one place
  CHECK(std::count(marked.begin(), marked.end(), 0) == 1);
  CHECK(t.decode(marked) == "lownew");
  CHECK(t.decode(marked, false) == s);
  CHECK(t.encode("<|end|>", true) == Ids{0});
  CHECK(t.encode("", true).empty());
  CHECK_THROWS_AS(t.special_id("<|start|>"), ValueError);
  CHECK_THROWS_AS(t.special_id("low"), ValueError);
}

TEST_CASE("training and decoding name what is wrong") {
  CHECK_THROWS_AS(Tokenizer::train(std::vector<std::string>{}, 300, kSpecial), ValueError);
  CHECK_THROWS_AS(small(257), ConfigError);  // two special tokens and 256 bytes
  CHECK(small(258).vocab_size() == 258);
  const auto t = small();
  for (const std::int32_t id : {-1, static_cast<std::int32_t>(t.vocab_size())}) {
    CHECK_THROWS_AS(t.token(id), IndexError);
    CHECK_THROWS_AS(t.decode(Ids{5, id}), IndexError);
  }
  const auto with = [](std::vector<std::string> special) { return Tokenizer::train(kTexts, 300, special); };
  CHECK_THROWS_AS(with({""}), ValueError);
  CHECK_THROWS_AS(with({"<a>", "<a>"}), ValueError);
  CHECK_THROWS_AS(with({"\xff"}), ValueError);
  CHECK_THROWS_AS(with({"w"}), ValueError);    // the same name as a byte's
  CHECK_THROWS_AS(with({"low"}), ValueError);  // as a learnt piece's
}

TEST_CASE("tokenizer.json holds the whole tokenizer") {
  const auto t = small();
  const auto back = Tokenizer::from_json(t.to_json());
  CHECK(back.to_json() == t.to_json());
  CHECK(back.special_tokens() == kSpecial);
  for (std::uint32_t i = 0; i < 50; ++i) CHECK(back.encode(random_bytes(i, 50), true) == t.encode(random_bytes(i, 50), true));
  const auto folder = std::filesystem::temp_directory_path() / ("tutelage_test_tokenizer" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "tokenizer.json") << t.to_json();
  CHECK(Tokenizer::load(folder.string()).encode("newest widest") == t.encode("newest widest"));
  std::filesystem::remove_all(folder);
  CHECK_THROWS_AS(Tokenizer::load(folder.string()), IoError);
}

TEST_CASE("a damaged tokenizer.json is refused, wherever it is cut or garbled") {
  const std::string good = small(262).to_json();
  for (std::size_t n = 0; n + 2 < good.size(); n += 61) CHECK_THROWS_AS(Tokenizer::from_json(good.substr(0, n)), IoError);
  Rng rng(3, Purpose::kUser);
  int refused = 0;
  for (int i = 0; i < 300; ++i) {
    std::string bad = good;
    bad[rng.below(bad.size())] = static_cast<char>(rng.below(256));
    try {
      const auto t = Tokenizer::from_json(bad);  // a change in a place that does not matter, or back to the same
      CHECK(t.decode(t.encode("lower")) == "lower");
    } catch (const IoError&) { ++refused; }
  }
  CHECK(refused > 100);
}

TEST_CASE("a tokenizer.json that means something else is refused by name") {
  const std::string good = small(262).to_json();
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string s = good;
    const auto at = s.find(from);
    REQUIRE(at != std::string::npos);
    return s.replace(at, from.size(), to);
  };
  const auto refused = [&](const std::string& json, const std::string& word) {
    try {
      Tokenizer::from_json(json, "here.json");
      FAIL("accepted: " << word);
    } catch (const IoError& e) {
      INFO(e.what());
      CHECK(std::string(e.what()).find("here.json") != std::string::npos);
      CHECK(std::string(e.what()).find(word) != std::string::npos);
    }
  };
  refused(changed("\"BPE\"", "\"Unigram\""), "Unigram");
  refused(changed("\"ByteLevel\"", "\"Whitespace\""), "Whitespace");
  refused(changed("\"add_prefix_space\"", "\"add_prefix_spaces\""), "add_prefix_space");
  refused(changed("\"use_regex\": true", "\"use_regex\": 1"), "damaged");
  refused(changed("\"normalizer\": null", "\"normalizer\": {\"type\": \"Lowercase\"}"), "Lowercase");
  refused(changed("\"post_processor\": null", "\"post_processor\": {\"type\": \"BertProcessing\"}"), "BertProcessing");
  refused(changed("\"content\": \"<|end|>more\"", "\"content\": \"\""), "empty");
  refused(changed("\"content\": \"<|end|>more\"", "\"content\": \"<|end|>\""), "twice");
  refused(changed("\"content\": \"<|end|>more\"", "\"content\": \"<|other|>\""), "<|other|>");
  refused(changed("\"id\": 1", "\"id\": 7"), "added_tokens: id of <|end|>more");
  refused(changed("\"vocab\"", "\"words\""), "words");
  refused(changed("\"decoder\"", "\"decodes\""), "decodes");
  refused("[]", "damaged");
  refused(std::string(100000, '['), "damaged");
}
