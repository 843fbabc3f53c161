#include "../catch.hpp"

#include <string>
#include <type_traits>

#include "tutelage/base/fail.hpp"

using namespace tutelage;

TEST_CASE("a message has function, fault, got, expected and hint", "[base]") {
  CHECK(detail::message("gae", "rewards have another length", "15", "16", "Did you drop the last token?") ==
        "gae: rewards have another length: got 15, expected 16. Did you drop the last token?");
  CHECK(detail::message("gae", "wrong", "1", "2", "") == "gae: wrong: got 1, expected 2");
}

TEST_CASE("fail throws the type asked for, and every type is an Error", "[base]") {
  CHECK_THROWS_AS(detail::fail<ShapeError>("f", "w", "1", "2"), ShapeError);
  CHECK_THROWS_AS(detail::fail<IoError>("f", "w", "1", "2"), Error);
  CHECK_THROWS_AS(detail::fail<Stopped>("f", "w", "1", "2"), std::runtime_error);
  CHECK_FALSE(std::is_base_of_v<ShapeError, ValueError>);
  try {
    detail::fail<ConfigError>("load", "unknown key", "\"clip_rnage\"", "a known key", "Did you mean \"clip_range\"?");
  } catch (const ConfigError& e) {
    CHECK(std::string(e.what()) == "load: unknown key: got \"clip_rnage\", expected a known key. Did you mean \"clip_range\"?");
  }
}

TEST_CASE("numbers read back as written", "[base]") {
  CHECK(detail::str(0.1) == "0.1");
  CHECK(detail::str(std::int64_t{-9007199254740993}) == "-9007199254740993");
  CHECK(detail::str(std::size_t{7}) == "7");
  CHECK(detail::str(3) == "3");
  CHECK(std::stod(detail::str(1.0 / 3.0)) == 1.0 / 3.0);
}

TEST_CASE("nearest suggests a typing slip and is silent on another word", "[base]") {
  const std::string known[] = {"kl_coef", "clip_range", "gae_lambda", "learning_rate"};
  CHECK(detail::nearest("clip_rnage", known, 4) == "clip_range");
  CHECK(detail::nearest("kl_coeff", known, 4) == "kl_coef");
  CHECK(detail::nearest("lambda_gae_x", known, 4).empty());
  CHECK(detail::nearest("temperature", known, 4).empty());
  CHECK(detail::nearest("x", known, 4).empty());
  CHECK(detail::nearest("anything", known, 0).empty());
  const std::string tie[] = {"abcd1", "abcd2"};
  CHECK(detail::nearest("abcd3", tie, 2) == "abcd1");  // the first of equals
}
