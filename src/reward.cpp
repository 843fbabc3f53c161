#include "tutelage/impl/reward/bradley_terry.ipp"
#include "tutelage/impl/reward/reward_model.ipp"

TUTELAGE_BEGIN
namespace reward {
template BasicTensor<float> bradley_terry_terms(const BasicTensor<float>&, const BasicTensor<float>&, double, const PairOptions<float>&);
template BasicTensor<double> bradley_terry_terms(const BasicTensor<double>&, const BasicTensor<double>&, double, const PairOptions<double>&);
template BasicTensor<float> bradley_terry_loss(const BasicTensor<float>&, const BasicTensor<float>&, const PairOptions<float>&);
template BasicTensor<double> bradley_terry_loss(const BasicTensor<double>&, const BasicTensor<double>&, const PairOptions<double>&);
}  // namespace reward
TUTELAGE_END
