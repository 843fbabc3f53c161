#include "tutelage/impl/nn/generate.ipp"
#include "tutelage/impl/nn/lora.ipp"
#include "tutelage/impl/nn/mlp.ipp"
#include "tutelage/impl/nn/transformer.ipp"

TUTELAGE_BEGIN
namespace nn {
template struct BasicMLP<float>;
template struct BasicMLP<double>;
template struct Lora<float>;
template struct Lora<double>;
template struct BasicTransformer<float>;
template struct BasicTransformer<double>;
template struct ScalarHead<float>;
template struct ScalarHead<double>;
}  // namespace nn
TUTELAGE_END
