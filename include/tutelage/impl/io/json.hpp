#pragma once
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tutelage/base/fail.hpp"

TUTELAGE_BEGIN

namespace io::detail_ {

using Json = nlohmann::ordered_json;

/// Builds a document event by event and stops at the first key that an object has twice, and where it is nested too deep.
class JsonDocument final : public nlohmann::json_sax<Json> {
 public:
  static constexpr std::size_t kDepth = 100;
  Json root;
  std::string twice, error;  // what stopped it

  bool null() override { return put(Json(nullptr)); }
  bool boolean(bool x) override { return put(Json(x)); }
  bool number_integer(number_integer_t x) override { return put(Json(x)); }
  bool number_unsigned(number_unsigned_t x) override { return put(Json(x)); }
  bool number_float(number_float_t x, const string_t&) override { return put(Json(x)); }
  bool string(string_t& x) override { return put(Json(std::move(x))); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& x) override {
    Level& level = open_.back();
    if (!level.keys.insert(x).second) {
      twice = x;
      return false;
    }
    level.key = std::move(x);
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& e) override {
    error = e.what();
    return false;
  }

 private:
  struct Level {
    Json* value;  // in its parent, which does not grow while this is open
    std::set<std::string> keys;
    std::string key;
  };
  Json* place(Json x) {
    if (open_.empty()) {
      root = std::move(x);
      return &root;
    }
    Level& level = open_.back();
    if (level.value->is_array()) {
      auto& array = level.value->get_ref<Json::array_t&>();
      array.push_back(std::move(x));
      return &array.back();
    }
    auto& object = level.value->get_ref<Json::object_t&>();
    object.emplace_back(std::move(level.key), std::move(x));  // the key is new: no search
    return &object.back().second;
  }
  bool put(Json x) {
    place(std::move(x));
    return true;
  }
  bool open(Json x) {
    if (open_.size() == kDepth) {
      error = "nested more than " + std::to_string(kDepth) + " deep";
      return false;
    }
    Json* value = place(std::move(x));
    open_.push_back({value, {}, {}});
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  std::vector<Level> open_;
};

/// Parses JSON and refuses duplicate keys. @throws IoError naming `where`
inline Json parse_json(std::string_view text, const std::string& where) {
  JsonDocument document;
  // Not Json::sax_parse, whose binary formats would bring ldexp of libm along.
  auto input = nlohmann::detail::input_adapter(text.begin(), text.end());
  nlohmann::detail::parser<Json, decltype(input)> parser(std::move(input));
  if (parser.sax_parse(&document)) return std::move(document.root);
  if (!document.twice.empty() || document.error.empty())
    detail::fail<IoError>("parse_json", where + " has a key twice", "\"" + document.twice + "\"", "each key once");
  detail::fail<IoError>("parse_json", where + " is not valid JSON", document.error, "JSON");
}

}  // namespace io::detail_

TUTELAGE_END
