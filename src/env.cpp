#include "tutelage/impl/env/env.ipp"
