#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "tutelage/config.hpp"

TUTELAGE_BEGIN

namespace reward {

/// One prompt with one answer, as a reward function sees it. Valid during the call only.
struct Episode {
  std::span<const std::int32_t> prompt_ids;
  std::span<const std::int32_t> response_ids;
  std::string_view prompt;  // decoded, where the trainer has a tokenizer; else empty
  std::string_view response;
  bool ended = true;  // false: cut at the length limit
};

/// Called once a batch: one finite number an episode. Errors it throws reach the caller unchanged.
using RewardFunction = std::function<std::vector<double>(std::span<const Episode>)>;
/// The same with one number a response token of each episode.
using TokenRewardFunction = std::function<std::vector<std::vector<double>>(std::span<const Episode>)>;

/// What answers earned.
struct Scores {
  std::vector<double> sequence;             // one an episode, for the whole answer
  std::vector<std::vector<double>> tokens;  // one a response token of each episode; empty where no part gives any
  std::vector<std::vector<double>> parts;   // what each part of the reward gave each episode, before its weight; token rewards summed
};

/// One reward of a weighted sum; exactly one of the two functions is set.
struct RewardPart {
  std::string name = "reward";
  double weight = 1.0;
  RewardFunction sequence;
  TokenRewardFunction tokens;
};

/// What a trainer is given: a callable of either kind, or a weighted sum of several.
///   sequence score = sum of weight * score over parts that judge whole answers; token scores likewise
struct Reward {
  std::vector<RewardPart> parts;

  Reward() = default;
  template <class F>
  requires(std::is_invocable_r_v<std::vector<double>, const F&, std::span<const Episode>>) Reward(F f) {
    parts.emplace_back().sequence = std::move(f);
  }
  template <class F>
  requires(std::is_invocable_r_v<std::vector<std::vector<double>>, const F&, std::span<const Episode>>) Reward(F f) {
    parts.emplace_back().tokens = std::move(f);
  }
  /// Adds a part. A mixture's own parts are added with their weights times this one.
  Reward& add(const std::string& name, const Reward& part, double weight = 1.0);
  /// Calls every part once and checks what it gave. @throws ValueError where there is no part or a weight or reward is not finite, naming part and
  /// sample; ShapeError for a wrong number of rewards
  Scores operator()(std::span<const Episode> episodes) const;
};

/// Calls `f` and checks what it gave. @throws ShapeError for a wrong number of rewards, ValueError naming the first sample that is not finite
std::vector<double> checked_rewards(const RewardFunction& f, std::span<const Episode> episodes);

/// A batch of episodes for a function with C's calling convention, compiled apart from this library: episode i has the prompt ids
/// [prompt_offsets[i], prompt_offsets[i + 1]) and the response ids likewise.
struct NativeEpisodes {
  std::int64_t count;
  const std::int32_t* prompt_ids;
  const std::int64_t* prompt_offsets;
  const std::int32_t* response_ids;
  const std::int64_t* response_offsets;
  const std::uint8_t* ended;
};
/// Writes `count` rewards. Must not throw; NaN is refused as from any reward.
using NativeReward = void (*)(const NativeEpisodes*, double* rewards);
/// A reward from a native function's address: from Python, one that a shared library, ctypes, cffi or numba gives, called without the interpreter.
RewardFunction native_reward(NativeReward f);

}  // namespace reward

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/reward/reward_function.ipp"
#endif
