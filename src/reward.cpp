#include "tutelage/impl/reward/bradley_terry.ipp"
#include "tutelage/impl/reward/calibration.ipp"
#include "tutelage/impl/reward/features.ipp"
#include "tutelage/impl/reward/linear_reward.ipp"
#include "tutelage/impl/reward/ranking.ipp"
#include "tutelage/impl/reward/report.ipp"
#include "tutelage/impl/reward/reward_function.ipp"
#include "tutelage/impl/reward/reward_model.ipp"
#include "tutelage/impl/reward/state_reward.ipp"
#include "tutelage/impl/reward/ties.ipp"

TUTELAGE_BEGIN
namespace reward {
#define TUTELAGE_INSTANTIATE(T)                                                                                                                \
  template BasicTensor<T> bradley_terry_terms(const BasicTensor<T>&, const BasicTensor<T>&, double, const PairOptions<T>&);                    \
  template BasicTensor<T> bradley_terry_loss(const BasicTensor<T>&, const BasicTensor<T>&, const PairOptions<T>&);                             \
  template BasicTensor<T> noisy_bradley_terry_loss(const BasicTensor<T>&, const BasicTensor<T>&, double, PairOptions<T>);                      \
  template double pair_accuracy(const BasicTensor<T>&, const BasicTensor<T>&);                                                                 \
  template BasicTensor<T> plackett_luce_terms(const BasicTensor<T>&, std::span<const Ranking>, double, bool);                                  \
  template BasicTensor<T> plackett_luce_loss(const BasicTensor<T>&, std::span<const Ranking>, std::optional<double>, bool);                    \
  template BasicTensor<T> plackett_luce_loss(const BasicTensor<T>&, std::span<const std::int64_t>);                                            \
  template BasicTensor<T> best_of_n_loss(const BasicTensor<T>&, std::span<const std::int64_t>, std::optional<double>);                         \
  template BasicTensor<T> all_pairs_terms(const BasicTensor<T>&, std::span<const Ranking>, double);                                            \
  template BasicTensor<T> all_pairs_loss(const BasicTensor<T>&, std::span<const Ranking>, std::optional<double>);                              \
  template BasicTensor<T> all_pairs_loss(const BasicTensor<T>&, std::span<const std::int64_t>);                                                \
  template OutcomeProbabilities<T> rao_kupper(const BasicTensor<T>&, double);                                                                  \
  template OutcomeProbabilities<T> davidson(const BasicTensor<T>&, double);                                                                    \
  template BasicTensor<T> rao_kupper_terms(const BasicTensor<T>&, const BasicTensor<T>&, std::span<const int>, const BasicTensor<T>&, double); \
  template BasicTensor<T> davidson_terms(const BasicTensor<T>&, const BasicTensor<T>&, std::span<const int>, const BasicTensor<T>&, double);   \
  template BasicTensor<T> rao_kupper_loss(const BasicTensor<T>&, const BasicTensor<T>&, std::span<const int>, double, std::optional<double>);  \
  template BasicTensor<T> davidson_loss(const BasicTensor<T>&, const BasicTensor<T>&, std::span<const int>, double, std::optional<double>);
TUTELAGE_INSTANTIATE(float)
TUTELAGE_INSTANTIATE(double)
#undef TUTELAGE_INSTANTIATE
}  // namespace reward
TUTELAGE_END
