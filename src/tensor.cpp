#include "tutelage/impl/tensor/shape.ipp"
#include "tutelage/impl/tensor/storage.ipp"
#include "tutelage/impl/tensor/tensor.ipp"

TUTELAGE_BEGIN
template class Storage<float>;
template class Storage<double>;
template class BasicTensor<float>;
template class BasicTensor<double>;
TUTELAGE_END
