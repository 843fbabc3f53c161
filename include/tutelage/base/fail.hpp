#pragma once
#include <cstdint>
#include <string>

#include "tutelage/base/error.hpp"

TUTELAGE_BEGIN

namespace detail {
std::string str(double x);
std::string str(std::int64_t x);
inline std::string str(int x) { return str(static_cast<std::int64_t>(x)); }
inline std::string str(std::size_t x) { return str(static_cast<std::int64_t>(x)); }
/// "<function>: <wrong>: got <got>, expected <expected>. <hint>"
std::string message(const std::string& function, const std::string& wrong, const std::string& got, const std::string& expected,
                    const std::string& hint);

template <class E>
[[noreturn]] void fail(const std::string& function, const std::string& wrong, const std::string& got, const std::string& expected,
                       const std::string& hint = "") {
  throw E(message(function, wrong, got, expected, hint));
}
/// The nearest of `known` to `word` by edit distance, or "" where none is near.
std::string nearest(const std::string& word, const std::string* known, std::size_t count);
}  // namespace detail

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/base/fail.ipp"
#endif
