#pragma once
#include <string>

#include "tutelage/config.hpp"

TUTELAGE_BEGIN

namespace text::detail_ {

inline char lower_ascii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
inline std::string lower_ascii(std::string s) {
  for (char& c : s) c = lower_ascii(c);
  return s;
}

}  // namespace text::detail_

TUTELAGE_END
