#include "tutelage/impl/rl/advantages.ipp"
#include "tutelage/impl/rl/dpo_loss.ipp"
#include "tutelage/impl/rl/kl.ipp"
#include "tutelage/impl/rl/ppo_loss.ipp"

TUTELAGE_BEGIN
namespace rl {
#define TUTELAGE_INSTANTIATE(T)                                                                                                                      \
  template BasicTensor<T> kl_estimate(const BasicTensor<T>&, const BasicTensor<T>&, const std::string&);                                             \
  template std::int64_t count_clamped(const BasicTensor<T>&, const BasicTensor<T>&);                                                                 \
  template DpoLoss<T> dpo_loss(const BasicTensor<T>&, const BasicTensor<T>&, const BasicTensor<T>&, const BasicTensor<T>&, const DpoOptions<T>&);    \
  template DpoLoss<T> dpo_terms(const BasicTensor<T>&, const BasicTensor<T>&, const BasicTensor<T>&, const BasicTensor<T>&, double,                  \
                                const DpoOptions<T>&);                                                                                               \
  template KtoLoss<T> kto_loss(const BasicTensor<T>&, const BasicTensor<T>&, const BasicTensor<T>&, double, double, double, double);                 \
  template double kto_kl(const BasicTensor<T>&, const BasicTensor<T>&);                                                                              \
  template BasicTensor<T> full_kl(const BasicTensor<T>&, const BasicTensor<T>&);                                                                     \
  template BasicTensor<T> token_rewards(const BasicTensor<T>&, const BasicTensor<T>&, const BasicTensor<T>&, double, const BasicTensor<T>&,          \
                                        const std::string&, double);                                                                                 \
  template Advantages<T> gae(const BasicTensor<T>&, const BasicTensor<T>&, double, double, const GaeEnds<T>&);                                       \
  template BasicTensor<T> whiten(const BasicTensor<T>&, const BasicTensor<T>&, bool, int, double);                                                   \
  template BasicTensor<T> rloo_advantages(const BasicTensor<T>&, std::span<const std::int64_t>);                                                     \
  template BasicTensor<T> grpo_advantages(const BasicTensor<T>&, std::span<const std::int64_t>, const std::string&);                                 \
  template LossTerms<T> policy_terms(const BasicTensor<T>&, const BasicTensor<T>&, const BasicTensor<T>&, double, double, std::optional<double>,     \
                                     std::optional<double>);                                                                                         \
  template LossTerms<T> value_terms(const BasicTensor<T>&, const BasicTensor<T>&, const BasicTensor<T>&, double, double);                            \
  template BasicTensor<T> aggregate(const BasicTensor<T>&, const BasicTensor<T>&, const std::string&, std::optional<double>, std::optional<double>); \
  template PolicyLoss<T> ppo_policy_loss(const BasicTensor<T>&, const BasicTensor<T>&, const BasicTensor<T>&, const BasicTensor<T>&,                 \
                                         const PolicyLossOptions&);                                                                                  \
  template ValueLoss<T> ppo_value_loss(const BasicTensor<T>&, const BasicTensor<T>&, const BasicTensor<T>&, const BasicTensor<T>&, double,           \
                                       std::optional<double>);
TUTELAGE_INSTANTIATE(float)
TUTELAGE_INSTANTIATE(double)
#undef TUTELAGE_INSTANTIATE
}  // namespace rl
TUTELAGE_END
