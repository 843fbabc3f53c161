#include "tutelage/impl/prefs/acquisition.ipp"
#include "tutelage/impl/prefs/agreement.ipp"
#include "tutelage/impl/prefs/annotator.ipp"
#include "tutelage/impl/prefs/champion.ipp"
#include "tutelage/impl/prefs/exchange.ipp"
#include "tutelage/impl/prefs/fits.ipp"
#include "tutelage/impl/prefs/judge.ipp"
#include "tutelage/impl/prefs/judgement.ipp"
#include "tutelage/impl/prefs/online.ipp"
#include "tutelage/impl/prefs/strengths.ipp"
#include "tutelage/impl/prefs/training_data.ipp"

TUTELAGE_BEGIN
namespace prefs {
template BasicTensor<float> acquisition(const std::string&, const BasicTensor<float>&, std::uint64_t, std::uint32_t);
template BasicTensor<double> acquisition(const std::string&, const BasicTensor<double>&, std::uint64_t, std::uint32_t);
template std::vector<std::int64_t> k_center_batch(const BasicTensor<float>&, std::span<const double>, std::int64_t, double, std::uint64_t,
                                                  std::uint32_t);
template std::vector<std::int64_t> k_center_batch(const BasicTensor<double>&, std::span<const double>, std::int64_t, double, std::uint64_t,
                                                  std::uint32_t);
template std::vector<std::int64_t> determinantal_batch(const BasicTensor<float>&, std::span<const double>, std::int64_t, double, double,
                                                       std::uint64_t, std::uint32_t);
template std::vector<std::int64_t> determinantal_batch(const BasicTensor<double>&, std::span<const double>, std::int64_t, double, double,
                                                       std::uint64_t, std::uint32_t);
}  // namespace prefs
TUTELAGE_END
