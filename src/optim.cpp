#include "tutelage/impl/optim/adamw.ipp"

TUTELAGE_BEGIN
namespace optim {
template double adamw_step(std::span<BasicTensor<float>>, std::span<const BasicTensor<float>>, AdamWState<float>&, const AdamWConfig&, double);
template double adamw_step(std::span<BasicTensor<double>>, std::span<const BasicTensor<double>>, AdamWState<double>&, const AdamWConfig&, double);
}  // namespace optim
TUTELAGE_END
