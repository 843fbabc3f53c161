#pragma once
#include <cmath>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/reward/reward_function.hpp"

TUTELAGE_BEGIN

namespace reward {

namespace detail_ {
inline void check_count(std::size_t got, std::size_t expected) {
  if (got != expected)
    detail::fail<ShapeError>("reward function", "wrong number of rewards", detail::str(got), detail::str(expected),
                             "Return one number for each sample of the batch.");
}
inline void check_finite(double r, std::size_t sample, const Episode& e) {
  if (!std::isfinite(r))
    detail::fail<ValueError>("reward function", "reward of sample " + detail::str(sample) + " is not finite", detail::str(r), "a finite number",
                             "Its answer: \"" + std::string(e.response.substr(0, 80)) + "\"");
}
}  // namespace detail_

TUTELAGE_INLINE std::vector<double> checked_rewards(const RewardFunction& f, std::span<const Episode> episodes) {
  const FpStateGuard guard;
  auto rewards = f(episodes);
  detail_::check_count(rewards.size(), episodes.size());
  for (std::size_t i = 0; i < rewards.size(); ++i) detail_::check_finite(rewards[i], i, episodes[i]);
  return rewards;
}

TUTELAGE_INLINE Reward& Reward::add(const std::string& name, const Reward& part, double weight) {
  if (!std::isfinite(weight)) detail::fail<ValueError>("Reward::add", "weight of " + name + " is not finite", detail::str(weight), "a finite number");
  for (RewardPart p : part.parts) {
    p.name = part.parts.size() == 1 ? name : name + "/" + p.name;
    p.weight = p.weight * weight;
    parts.push_back(std::move(p));
  }
  return *this;
}

TUTELAGE_INLINE Scores Reward::operator()(std::span<const Episode> episodes) const {
  const FpStateGuard guard;
  if (parts.empty()) detail::fail<ValueError>("Reward", "there is no reward", "0 parts", "at least one");
  Scores out;
  for (const auto& p : parts) {
    if (p.sequence) {
      auto rewards = checked_rewards(p.sequence, episodes);
      if (out.sequence.empty()) out.sequence.assign(episodes.size(), 0.0);
      for (std::size_t i = 0; i < rewards.size(); ++i) out.sequence[i] = out.sequence[i] + p.weight * rewards[i];
      out.parts.push_back(std::move(rewards));
      continue;
    }
    const auto rewards = p.tokens(episodes);
    detail_::check_count(rewards.size(), episodes.size());
    if (out.tokens.empty())
      for (const auto& e : episodes) out.tokens.emplace_back(e.response_ids.size(), 0.0);
    auto& sums = out.parts.emplace_back(episodes.size(), 0.0);
    for (std::size_t i = 0; i < rewards.size(); ++i) {
      if (rewards[i].size() != episodes[i].response_ids.size())
        detail::fail<ShapeError>("reward function", "wrong number of token rewards for sample " + detail::str(i), detail::str(rewards[i].size()),
                                 detail::str(episodes[i].response_ids.size()) + ", one a response token");
      for (std::size_t t = 0; t < rewards[i].size(); ++t) {
        detail_::check_finite(rewards[i][t], i, episodes[i]);
        out.tokens[i][t] = out.tokens[i][t] + p.weight * rewards[i][t];
        sums[i] = sums[i] + rewards[i][t];
      }
    }
  }
  if (out.sequence.empty()) out.sequence.assign(episodes.size(), 0.0);
  return out;
}

TUTELAGE_INLINE RewardFunction native_reward(NativeReward f) {
  if (!f) detail::fail<ValueError>("native_reward", "no function", "a null pointer", "a function's address");
  return [f](std::span<const Episode> episodes) {
    std::vector<std::int32_t> prompts, responses;
    std::vector<std::int64_t> prompt_offsets{0}, response_offsets{0};
    std::vector<std::uint8_t> ended;
    for (const auto& e : episodes) {
      prompts.insert(prompts.end(), e.prompt_ids.begin(), e.prompt_ids.end());
      responses.insert(responses.end(), e.response_ids.begin(), e.response_ids.end());
      prompt_offsets.push_back(static_cast<std::int64_t>(prompts.size()));
      response_offsets.push_back(static_cast<std::int64_t>(responses.size()));
      ended.push_back(e.ended);
    }
    std::vector<double> rewards(episodes.size(), std::nan(""));  // one that is not written is refused
    const NativeEpisodes batch{
        static_cast<std::int64_t>(episodes.size()), prompts.data(), prompt_offsets.data(), responses.data(), response_offsets.data(), ended.data()};
    f(&batch, rewards.data());
    return rewards;
  };
}

}  // namespace reward

TUTELAGE_END
