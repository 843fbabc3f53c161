// Reads one answer a line, prints 1 or 0 for each: what the C++ judge says.
#include <iostream>

#include "identity.hpp"

int main() {
  for (std::string line; std::getline(std::cin, line);) std::cout << accept("", line) << '\n';
}
