#include "../catch.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/train/teach.hpp"

using namespace tutelage;
using Kind = train::Understood::Kind;

TEST_CASE("what a line typed in a chat means") {
  struct Row {
    const char* line;
    Kind kind;
    const char* text;
  };
  const Row rows[] = {
      {"Who are you?", Kind::kQuestion, "Who are you?"},
      {"  Who are you? \r\n", Kind::kQuestion, "Who are you?"},
      {"What does \"serendipity\" mean?", Kind::kQuestion, "What does \"serendipity\" mean?"},
      {"That is wrong.", Kind::kQuestion, "That is wrong."},  // an objection without an answer
      {"1/2 + 1/2", Kind::kQuestion, "1/2 + 1/2"},
      {"/right", Kind::kRight, ""},
      {" /wrong ", Kind::kWrong, ""},
      {"/say I'm a chatbot.", Kind::kSay, "I'm a chatbot."},
      {"/say   \"quoted\"  ", Kind::kSay, "\"quoted\""},
      {"/say\tI'm a chatbot.", Kind::kSay, "I'm a chatbot."},
      {"/say /right", Kind::kSay, "/right"},
      {"/undo", Kind::kUndo, ""},
      {"/quit", Kind::kQuit, ""},
      {"/help", Kind::kHelp, ""},
      {"That is not quite right, myCB; humans usually respond like, \"I'm a chatbot.\"", Kind::kSay, "I'm a chatbot."},
      {"That is not quite right; humans would say, \"I'm a chatbot.\"", Kind::kSay, "I'm a chatbot."},
      {"WRONG! \" Paris. \"", Kind::kSay, "Paris."},
      {"Incorrect, the capital is \u201cParis\u201d.", Kind::kSay, "Paris"},
      {"The correct answer: \"4\"", Kind::kSay, "4"},
      {"You said \"five\", you should say \"four\"", Kind::kSay, "four"},
      {"You should say \"four\", not \"five\"", Kind::kSay, "four"},
      {"Instead of \"five\", just say \"four\".", Kind::kSay, "four"},
      {"That's wrong: \"unfinished", Kind::kQuestion, "That's wrong: \"unfinished"},
      {"That's wrong: \"\"", Kind::kQuestion, "That's wrong: \"\""},
  };
  for (const auto& row : rows) {
    INFO(row.line);
    const auto got = train::understand(row.line);
    CHECK(static_cast<int>(got.kind) == static_cast<int>(row.kind));
    CHECK(got.text == row.text);
  }
}

TEST_CASE("what means nothing is refused, with the nearest command") {
  for (const char* line : {"", "   ", "\n", "/", "/say", "/say   ", "/sayhello", "/RIGHT"}) {
    INFO(line);
    CHECK_THROWS_AS(train::understand(line), ValueError);
  }
  try {
    train::understand("/rigth");
    FAIL("accepted");
  } catch (const ValueError& e) { CHECK(std::string(e.what()).find("Did you mean /right?") != std::string::npos); }
}
