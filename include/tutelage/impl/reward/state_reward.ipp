#pragma once
#include <algorithm>
#include <cmath>
#include <utility>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/reward/calibration.hpp"
#include "tutelage/reward/state_reward.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace reward {

TUTELAGE_INLINE Behaviours Behaviours::items(Tensor features) {
  Behaviours b;
  const std::int64_t n = features.rank() == 2 ? features.dim(0) : 0;
  for (std::int64_t i = 1; i <= n; ++i) b.offsets.push_back(i);
  b.inputs = std::move(features);
  return b;
}

TUTELAGE_INLINE Behaviours Behaviours::subset(std::span<const std::int64_t> ids) const {
  Behaviours out;
  for (auto id : ids) {
    if (id < 0 || id >= count())
      detail::fail<IndexError>("Behaviours::subset", "behaviour is out of range", detail::str(id), "0 to " + detail::str(count() - 1));
    const auto i = static_cast<std::size_t>(id);
    out.offsets.push_back(out.offsets.back() + offsets[i + 1] - offsets[i]);
  }
  const std::int64_t c = inputs.dim(1);
  out.inputs = Tensor::uninitialized({out.offsets.back(), c});
  float* to = out.inputs.mutable_data();
  for (auto id : ids) {
    const auto i = static_cast<std::size_t>(id);
    to = std::copy(inputs.data() + offsets[i] * c, inputs.data() + offsets[i + 1] * c, to);
  }
  return out;
}

TUTELAGE_INLINE void Behaviours::check(const char* function) const {
  if (inputs.rank() != 2 || offsets.empty() || offsets.front() != 0 || offsets.back() != inputs.dim(0))
    detail::fail<ShapeError>(function, "offsets do not cover the inputs", inputs.shape().str(), "(steps, C), and offsets from 0 to steps");
  if (count() == 0) detail::fail<ValueError>(function, "no behaviour", "0", "at least one");
  for (std::size_t i = 0; i + 1 < offsets.size(); ++i)
    if (offsets[i + 1] <= offsets[i])
      detail::fail<ValueError>(function, "behaviour " + detail::str(i) + " is empty", detail::str(offsets[i + 1] - offsets[i]) + " steps",
                               "at least one");
  const std::int64_t c = inputs.dim(1);
  for (std::int64_t i = 0; i < inputs.size(); ++i)
    if (!std::isfinite(inputs.data()[i]))
      detail::fail<ValueError>(function, "input " + detail::str(i % c) + " of step " + detail::str(i / c) + " is not finite",
                               detail::str(static_cast<double>(inputs.data()[i])), "a finite number");
}

TUTELAGE_INLINE Tensor step_inputs(const Tensor& states, const Tensor& actions, const Tensor& next_states, const Tensor& dones,
                                   const StepFields& fields) {
  const Tensor flags = dones.rank() == 1 ? dones.reshaped({dones.dim(0), 1}) : dones;
  const std::pair<const char*, const Tensor*> all[] = {{"states", &states}, {"actions", &actions}, {"next_states", &next_states}, {"dones", &flags}};
  const bool wanted[] = {fields.state, fields.action, fields.next_state, fields.done};
  std::int64_t steps = -1, width = 0;
  for (int k = 0; k < 4; ++k) {
    if (!wanted[k]) continue;
    const Tensor& t = *all[k].second;
    if (t.rank() != 2 || (steps >= 0 && t.dim(0) != steps))
      detail::fail<ShapeError>("step_inputs", std::string(all[k].first) + " has the wrong shape", t.shape().str(),
                               steps < 0 ? "(steps, size)" : "(" + detail::str(steps) + ", size)");
    steps = t.dim(0);
    width += t.dim(1);
  }
  if (steps < 0) detail::fail<ValueError>("step_inputs", "no field is chosen", "all false", "at least one of state, action, next_state, done");
  auto out = Tensor::uninitialized({steps, width});
  std::int64_t at = 0;
  for (int k = 0; k < 4; ++k) {
    if (!wanted[k]) continue;
    const Tensor& t = *all[k].second;
    for (std::int64_t i = 0; i < steps; ++i) std::copy_n(t.data() + i * t.dim(1), t.dim(1), out.mutable_data() + i * width + at);
    at += t.dim(1);
  }
  return out;
}

namespace detail_ {
inline nn::MLPConfig net_of(const StateRewardConfig& config) {
  nn::MLPConfig net;
  net.sizes = {config.input_size};
  net.sizes.insert(net.sizes.end(), config.hidden_sizes.begin(), config.hidden_sizes.end());
  net.sizes.push_back(1);
  net.activation = config.activation, net.init = "uniform", net.members = config.members;
  return net;
}
}  // namespace detail_

TUTELAGE_INLINE void StateRewardConfig::validate() const { detail_::net_of(*this).validate(); }

TUTELAGE_INLINE StateRewardModel::StateRewardModel(const StateRewardConfig& given, std::uint64_t seed)
    : config(given),
      net(detail_::net_of(given), seed),
      gain(static_cast<std::size_t>(given.members), 1.0),
      bias(static_cast<std::size_t>(given.members), 0.0) {}

TUTELAGE_INLINE Tensor StateRewardModel::returns(const nn::MLP& with, const Behaviours& behaviours) const {
  const FpStateGuard guard;
  const Tensor sums = ops::segment_sum(with(behaviours.inputs), behaviours.offsets);
  if (!config.per_step) return sums;
  auto share = Tensor::uninitialized({behaviours.count(), 1});
  for (std::size_t i = 0; i + 1 < behaviours.offsets.size(); ++i)
    share.mutable_data()[i] = 1.0f / static_cast<float>(std::max<std::int64_t>(1, behaviours.offsets[i + 1] - behaviours.offsets[i]));
  return ops::mul(sums, share);
}

TUTELAGE_INLINE std::vector<double> StateRewardModel::reward(const Tensor& inputs) const {
  const FpStateGuard guard;
  const Tensor raw = net(inputs);
  const auto members = static_cast<std::size_t>(config.members);
  std::vector<double> out(static_cast<std::size_t>(raw.dim(0)));
  for (std::size_t i = 0; i < out.size(); ++i) {
    double sum = 0;
    for (std::size_t m = 0; m < members; ++m) sum = sum + (gain[m] * static_cast<double>(raw.data()[i * members + m]) + bias[m]);
    out[i] = sum / static_cast<double>(members);
  }
  return out;
}

TUTELAGE_INLINE void StateRewardModel::calibrate(const Tensor& inputs) {
  const FpStateGuard guard;
  const Tensor raw = net(inputs);
  const auto members = static_cast<std::size_t>(config.members);
  std::vector<Calibration> all;
  for (std::size_t m = 0; m < members; ++m) {
    std::vector<double> own;
    for (std::size_t i = 0; i < static_cast<std::size_t>(raw.dim(0)); ++i) own.push_back(static_cast<double>(raw.data()[i * members + m]));
    all.push_back(calibration(own));
  }
  for (std::size_t m = 0; m < members; ++m) gain[m] = all[m].gain, bias[m] = all[m].bias;
}

TUTELAGE_INLINE std::vector<double> StateRewardModel::probabilities(const Behaviours& behaviours, std::span<const std::int64_t> a,
                                                                    std::span<const std::int64_t> b) const {
  const FpStateGuard guard;
  const char* name = "StateRewardModel::probabilities";
  behaviours.check(name);
  if (a.size() != b.size()) detail::fail<ShapeError>(name, "not one second a first", detail::str(b.size()), detail::str(a.size()));
  const Tensor r = returns(behaviours);
  const auto members = static_cast<std::size_t>(config.members);
  std::vector<double> out;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (auto id : {a[i], b[i]})
      if (id < 0 || id >= behaviours.count())
        detail::fail<IndexError>(name, "behaviour of pair " + detail::str(i) + " is out of range", detail::str(id),
                                 "0 to " + detail::str(behaviours.count() - 1));
    const float *first = r.data() + a[i] * config.members, *second = r.data() + b[i] * config.members;
    double p = 0;
    for (std::size_t m = 0; m < members; ++m) p = p + math::sigmoid(static_cast<double>(first[m]) - static_cast<double>(second[m]));
    out.push_back(p / static_cast<double>(members));
  }
  return out;
}

}  // namespace reward

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
