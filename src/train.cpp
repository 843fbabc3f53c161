#include "tutelage/impl/train/alarms.ipp"
#include "tutelage/impl/train/chatbot.ipp"
#include "tutelage/impl/train/choice.ipp"
#include "tutelage/impl/train/dpo.ipp"
#include "tutelage/impl/train/epochs.ipp"
#include "tutelage/impl/train/group.ipp"
#include "tutelage/impl/train/grpo.ipp"
#include "tutelage/impl/train/kto.ipp"
#include "tutelage/impl/train/linear_reward.ipp"
#include "tutelage/impl/train/policy.ipp"
#include "tutelage/impl/train/ppo.ipp"
#include "tutelage/impl/train/preference.ipp"
#include "tutelage/impl/train/rejection.ipp"
#include "tutelage/impl/train/reward.ipp"
#include "tutelage/impl/train/rloo.ipp"
#include "tutelage/impl/train/sft.ipp"
#include "tutelage/impl/train/state_reward.ipp"
#include "tutelage/impl/train/teach.ipp"

TUTELAGE_BEGIN
namespace train {
template class GroupTrainer<RLOOConfig>;
template class GroupTrainer<GRPOConfig>;
template class PreferenceTrainer<DPOConfig>;
template class PreferenceTrainer<KTOConfig>;
}  // namespace train
TUTELAGE_END
