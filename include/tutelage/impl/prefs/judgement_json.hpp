#pragma once
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "tutelage/base/fail.hpp"
#include "tutelage/io/record.hpp"
#include "tutelage/prefs/judgement.hpp"

TUTELAGE_BEGIN

namespace prefs::detail_ {

inline io::List to_list(const std::vector<std::int64_t>& x) {
  io::List list;
  for (auto v : x) list.emplace_back(static_cast<double>(v));
  return list;
}
inline io::List to_list(const std::vector<double>& x) { return io::List(x.begin(), x.end()); }
inline io::List to_list(const std::vector<std::vector<double>>& rows) {
  io::List list;
  for (const auto& row : rows) list.emplace_back(to_list(row));
  return list;
}

inline io::List to_value(const text::Conversation& turns) {
  io::List list;
  for (const auto& m : turns) list.emplace_back(io::Record{{"role", m.role}, {"content", m.content}});
  return list;
}

/// A text alone is a string.
inline io::Value to_value(const Behaviour& b) {
  if (!b.trajectory && b.reference.empty() && b.source.empty()) return b.text;
  io::Record r;
  if (!b.text.empty()) r["text"] = b.text;
  if (!b.reference.empty()) r["reference"] = b.reference;
  if (!b.source.empty()) r["source"] = b.source;
  if (b.trajectory) {
    const auto& t = *b.trajectory;
    io::Record steps{{"observations", to_list(t.observations)}, {"actions", to_list(t.actions)}};
    if (!t.rewards.empty()) steps["rewards"] = to_list(t.rewards);
    if (t.terminated) steps["terminated"] = true;
    if (t.truncated) steps["truncated"] = true;
    r["trajectory"] = std::move(steps);
  }
  return r;
}

/// Takes typed fields out of an object; finish() refuses what nobody asked for.
class Fields {
 public:
  Fields(const io::Record& record, std::string where) : record_(record), where_(std::move(where)) {}

  bool has(const std::string& key) { return find(key) != nullptr; }
  std::string text(const std::string& key) { return get<std::string>(key, "a string"); }
  double number(const std::string& key) { return get<double>(key, "a number"); }
  bool yes(const std::string& key) { return get<bool>(key, "true or false"); }
  std::int64_t whole(const std::string& key) { return to_whole(key, number(key)); }
  io::List list(const std::string& key) { return get<io::List>(key, "a list"); }
  std::vector<double> numbers(const std::string& key) { return to_numbers(key, list(key)); }
  std::vector<std::int64_t> wholes(const std::string& key) {
    std::vector<std::int64_t> out;
    for (double x : numbers(key)) out.push_back(to_whole(key, x));
    return out;
  }
  std::vector<std::vector<double>> rows(const std::string& key) {
    std::vector<std::vector<double>> out;
    for (const auto& v : list(key)) {
      const auto* row = std::get_if<io::List>(&v);
      if (!row) wrong(key, "a list of lists of numbers");
      out.push_back(to_numbers(key, *row));
    }
    return out;
  }
  text::Conversation conversation(const std::string& key) {
    text::Conversation turns;
    for (const auto& v : list(key)) {
      Fields in(object(key, v), where_);
      turns.push_back({in.text("role"), in.text("content")});
      in.finish();
    }
    return turns;
  }
  Behaviour behaviour(const io::Value& value) {
    if (const auto* words = std::get_if<std::string>(&value)) return *words;
    Fields in(object("answers", value), where_);
    Behaviour b(in.text("text"));
    b.reference = in.text("reference");
    b.source = in.text("source");
    if (const auto* steps = in.find("trajectory")) {
      Fields t(object("trajectory", *steps), where_);
      b.trajectory = env::Trajectory{t.rows("observations"), t.rows("actions"), t.numbers("rewards"), t.yes("terminated"), t.yes("truncated")};
      t.finish();
    }
    in.finish();
    return b;
  }
  /// @throws IoError for a key that was not asked for
  void finish() const {
    for (const auto& [key, value] : record_) {
      if (known_.count(key)) continue;
      const std::vector<std::string> names(known_.begin(), known_.end());
      const std::string near = detail::nearest(key, names.data(), names.size());
      detail::fail<IoError>("parse_judgement", where_ + ": unknown key", key, "a field of a judgement", near.empty() ? "" : "Did you mean " + near + "?");
    }
  }

 private:
  [[noreturn]] void wrong(const std::string& key, const std::string& expected) const {
    detail::fail<IoError>("parse_judgement", where_ + ": value of the wrong type", key, expected);
  }
  const io::Value* find(const std::string& key) {
    known_.insert(key);
    const auto at = record_.find(key);
    return at == record_.end() || std::holds_alternative<std::nullptr_t>(at->second) ? nullptr : &at->second;
  }
  template <class T> T get(const std::string& key, const char* expected) {
    const auto* value = find(key);
    if (!value) return T{};
    const T* got = std::get_if<T>(value);
    if (!got) wrong(key, expected);
    return *got;
  }
  std::int64_t to_whole(const std::string& key, double x) const {
    const bool fits = std::abs(x) < 9e15;
    const auto n = fits ? static_cast<std::int64_t>(x) : 0;
    if (!fits || static_cast<double>(n) != x) wrong(key, "whole numbers");
    return n;
  }
  std::vector<double> to_numbers(const std::string& key, const io::List& list) const {
    std::vector<double> out;
    for (const auto& v : list) {
      const double* x = std::get_if<double>(&v);
      if (!x) wrong(key, "numbers");
      out.push_back(*x);
    }
    return out;
  }
  const io::Record& object(const std::string& key, const io::Value& value) const {
    const auto* record = std::get_if<io::Record>(&value);
    if (!record) wrong(key, "an object");
    return *record;
  }

  const io::Record& record_;
  std::string where_;
  std::set<std::string> known_;
};

}  // namespace prefs::detail_

TUTELAGE_END
