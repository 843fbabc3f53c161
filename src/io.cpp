#include "tutelage/impl/io/file.ipp"
#include "tutelage/impl/io/model.ipp"
#include "tutelage/impl/io/record.ipp"
#include "tutelage/impl/io/safetensors.ipp"
