#include "../catch.hpp"
#include "folder.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/io/record.hpp"

using namespace tutelage;
using io::Record;

namespace {
std::string read_error(const std::string& path) {
  try {
    io::read_conversations(path);
  } catch (const IoError& e) { return e.what(); }
  return "none";
}
}  // namespace

TEST_CASE("a record is one line with its keys in order, and comes back") {
  const Record r{{"z", 0.1}, {"a", "two\nlines, \"quoted\" \u00fc"}, {"b", true}, {"n", nullptr}, {"empty", ""}, {"large", 1e300}, {"whole", 3.0}};
  const std::string line = io::to_json_line(r);
  CHECK(line == "{\"a\":\"two\\nlines, \\\"quoted\\\" \u00fc\",\"b\":true,\"empty\":\"\",\"large\":1e+300,\"n\":null,\"whole\":3.0,\"z\":0.1}");
  CHECK(io::parse_record(line, "here") == r);
  CHECK(io::parse_record(" { \"i\" : 3 } ", "here") == Record{{"i", 3.0}});
  CHECK(io::parse_record("{}", "here").empty());
  const Record deep{{"list", io::List{1.0, "a", io::List{}, Record{{"x", false}}}}, {"object", Record{{"none", nullptr}}}};
  CHECK(io::to_json_line(deep) == "{\"list\":[1.0,\"a\",[],{\"x\":false}],\"object\":{\"none\":null}}");
  CHECK(io::parse_record(io::to_json_line(deep), "here") == deep);
  CHECK(io::to_json_line({{"a", std::string("x\xffy")}}) == "{\"a\":\"x\uFFFDy\"}");
}

TEST_CASE("anything but an object is refused by name") {
  for (const std::string bad :
       {"", "{", "[]", "3", "{\"a\":1}{}", "{\"a\":1,\"a\":1}", "{a:1}", "{\"a\":\"\xff\"}", "null"}) {
    INFO(bad);
    try {
      io::parse_record(bad, "log.jsonl, line 7");
      FAIL("accepted");
    } catch (const IoError& e) { CHECK(std::string(e.what()).find("log.jsonl, line 7") != std::string::npos); }
  }
}

TEST_CASE("conversations come in all of TRL's columns") {
  const Folder f("conversations");
  put(f / "a",
      "{\"messages\": [{\"role\": \"system\", \"content\": \"s\"}, {\"role\": \"user\", \"content\": \"u\"}, {\"role\": \"assistant\", \"content\": "
      "\"a\"}]}\n"
      "\n  \r\n"
      "{\"prompt\": \"p\", \"completion\": \"c\", \"extra\": 1}\r\n"
      "{\"prompt\": [{\"role\": \"user\", \"content\": \"p\"}], \"completion\": [{\"role\": \"assistant\", \"content\": \"c\"}]}");
  const auto all = io::read_conversations(f / "a");
  REQUIRE(all.size() == 3);
  const auto is = [&](std::size_t i, std::size_t k, const char* role, const char* content) {
    CHECK(all[i].at(k).role == role);
    CHECK(all[i].at(k).content == content);
  };
  CHECK(all[0].size() == 3);
  is(0, 0, "system", "s"), is(0, 2, "assistant", "a");
  for (const std::size_t i : {1, 2}) {
    CHECK(all[i].size() == 2);
    is(i, 0, "user", "p"), is(i, 1, "assistant", "c");
  }
}

TEST_CASE("written conversations come back") {
  const Folder f("write_conversations");
  const std::vector<text::Conversation> all{{{"user", "a\n\"b\"\t\u00fc"}, {"assistant", ""}}, {}, {{"system", std::string("\0x", 2)}}};
  io::write_conversations(f / "a", all);
  const auto back = io::read_conversations(f / "a");
  REQUIRE(back.size() == all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    REQUIRE(back[i].size() == all[i].size());
    for (std::size_t k = 0; k < all[i].size(); ++k) CHECK((back[i][k].role == all[i][k].role && back[i][k].content == all[i][k].content));
  }
  io::write_conversations(f / "a", {});
  CHECK(io::read_conversations(f / "a").empty());
}

TEST_CASE("a bad line of conversations is named by its number") {
  const Folder f("bad_lines");
  const std::string good = "{\"prompt\": \"p\", \"completion\": \"c\"}\n";
  for (const std::string bad : {"{\"prompt\": \"p\"}", "{\"messages\": 3}", "{\"messages\": null}", "{\"messages\": [{\"role\": \"user\"}]}",
                                "{\"prompt\": null, \"completion\": \"c\"}", "{\"messages\": {\"role\": \"user\", \"content\": \"x\"}}",
                                "{\"messages\": [{\"role\": \"user\", \"content\": 3}]}", "[1]", "3", "{\"prompt\":", "\xff"}) {
    INFO(bad);
    put(f / "a", good + "\n" + bad + "\n" + good);
    CHECK(read_error(f / "a").find(f / "a, line 3") != std::string::npos);
  }
  CHECK(read_error(f / "absent").find(f / "absent") != std::string::npos);
}
