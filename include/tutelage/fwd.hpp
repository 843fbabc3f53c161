#pragma once
#include "tutelage/config.hpp"

TUTELAGE_BEGIN
class Shape;
template <class T> class BasicTensor;
struct RunOptions;
namespace nn {
struct TransformerConfig;
struct TokenBatch;
template <class T> struct BasicTransformer;
}  // namespace nn
namespace text {
class Tokenizer;
}
TUTELAGE_END
