#include "tutelage/impl/train/ppo.ipp"
#include "tutelage/impl/train/reward.ipp"
#include "tutelage/impl/train/sft.ipp"
#include "tutelage/impl/train/teach.ipp"
