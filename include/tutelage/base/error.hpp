#pragma once
#include <stdexcept>
#include <string>

#include "tutelage/config.hpp"

TUTELAGE_BEGIN

/// Root of every exception the library throws. Messages read "<function>: <what is wrong>: got <x>, expected <y>. <hint>".
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
/// Shapes or lengths do not fit together.
struct ShapeError : Error {
  using Error::Error;
};
/// A value is outside its domain (empty prompt, NaN reward).
struct ValueError : Error {
  using Error::Error;
};
/// A configuration is invalid or has an unknown key.
struct ConfigError : Error {
  using Error::Error;
};
/// An id or index is out of range.
struct IndexError : Error {
  using Error::Error;
};
/// The call is not possible in this state (closed tape, foreign tape).
struct StateError : Error {
  using Error::Error;
};
/// A computation gave a value that is not finite.
struct NumericError : Error {
  using Error::Error;
};
/// A file or folder cannot be read or written.
struct IoError : Error {
  using Error::Error;
};
/// The caller asked to stop; what was done so far is kept.
struct Stopped : Error {
  using Error::Error;
};

TUTELAGE_END
