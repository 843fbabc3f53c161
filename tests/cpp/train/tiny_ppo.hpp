#pragma once
#include <algorithm>

#include "tiny.hpp"
#include "tutelage/train/ppo.hpp"

namespace tiny {

using reward::Episode;
using train::PPOConfig;
using train::PPOTrainer;

inline PPOConfig config() {
  PPOConfig c;
  c.max_new_tokens = 5, c.temperature = 0.7, c.stop_ids = {2}, c.num_epochs = 2;
  c.optimizer.learning_rate = 3e-3, c.value_head_std = 0.1, c.vf_coef = 0.3, c.seed = 4;
  return c;
}

inline std::vector<Ids> prompts(std::uint32_t n, std::uint64_t vocab = 13) {
  std::vector<Ids> all;
  for (std::uint32_t i = 0; i < n; ++i) all.push_back(random_ids(i, 1, 6, vocab));
  return all;
}

/// The share of sevens.
inline std::vector<double> sevens(std::span<const Episode> episodes) {
  std::vector<double> scores;
  for (const auto& e : episodes)
    scores.push_back(static_cast<double>(std::count(e.response_ids.begin(), e.response_ids.end(), 7)) / static_cast<double>(e.response_ids.size()));
  return scores;
}

/// The bytes of a policy trainer's state.
template <class State> std::string state_bytes(const State& s) {
  std::string all = std::to_string(s.iteration) + "|" + std::to_string(s.optimizer.step);
  if constexpr (requires { s.model; })
    all += bytes(s.model);
  else
    all += bytes(s.policy);
  for (const double x : {s.kl_coef.value_or(-1), s.moments.count, s.moments.mean, s.moments.squares})
    all.append(reinterpret_cast<const char*>(&x), sizeof x);
  for (const auto* list : {&s.optimizer.m, &s.optimizer.v})
    for (const auto& x : *list) all.append(reinterpret_cast<const char*>(x.data()), static_cast<std::size_t>(x.size()) * 4);
  return digest(all);
}

inline std::vector<double> scores_of(const std::vector<nn::Generation>& answers) {
  std::vector<double> scores;
  for (const auto& a : answers) scores.push_back(a.ids[0] == 7 ? 1.0 : 0.1 * a.ids[0]);
  return scores;
}

/// Parameters, optimiser and number of iterations.
inline std::string state(PPOTrainer& t) {
  std::string s = bytes(t.model()) + "|" + std::to_string(t.iteration()) + "|" + std::to_string(t.optimizer_state().step);
  for (const auto* list : {&t.optimizer_state().m, &t.optimizer_state().v})
    for (const auto& x : *list) s.append(reinterpret_cast<const char*>(x.data()), static_cast<std::size_t>(x.size()) * 4);
  return digest(s);
}

template <class E, class F> void refused_unchanged(PPOTrainer& trainer, const F& call) {
  const std::string before = state(trainer);
  CHECK_THROWS_AS(call(), E);
  CHECK(state(trainer) == before);
}

}  // namespace tiny
