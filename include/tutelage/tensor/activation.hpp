#pragma once
#include "tutelage/config.hpp"

TUTELAGE_BEGIN
/// What a linear layer applies to its result. kGelu is the tanh form, as GPT-2; kGeluExact has erf.
enum class Activation { kNone, kGelu, kRelu, kTanh, kSilu, kGeluExact };
TUTELAGE_END
