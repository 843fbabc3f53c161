// Small reward models: that they learn each likelihood, and that members, threads and bad input do what is promised.
#include <cmath>
#include <cstring>

#include "../catch.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/train/state_reward.hpp"

using namespace tutelage;
using reward::Behaviours;
using train::BehaviourJudgements;

namespace {

/// Behaviours of 1 to 6 steps with 3 inputs; a step is worth x0 - x1^2 / 2.
struct World {
  Behaviours behaviours;
  std::vector<double> worth;
};

World drawn(std::int64_t n, std::uint32_t number, std::int64_t longest = 6) {
  Rng rng(17, Purpose::kUser, number);
  World w;
  std::vector<float> x;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto steps = 1 + static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(longest)));
    double worth = 0;
    for (std::int64_t t = 0; t < steps; ++t) {
      for (int k = 0; k < 3; ++k) x.push_back(static_cast<float>(rng.normal()));
      const double a = x[x.size() - 3], b = x[x.size() - 2];
      worth += a - 0.5 * b * b;
    }
    w.behaviours.offsets.push_back(w.behaviours.offsets.back() + steps);
    w.worth.push_back(worth);
  }
  w.behaviours.inputs = Tensor::from({w.behaviours.offsets.back(), 3}, x);
  return w;
}

BehaviourJudgements choices(const World& w, std::int64_t n, double tie = 0) {
  BehaviourJudgements j;
  Rng rng(18, Purpose::kUser);
  while (static_cast<std::int64_t>(j.choices.size()) < n) {
    const auto a = static_cast<std::int64_t>(rng.below(w.worth.size())), b = static_cast<std::int64_t>(rng.below(w.worth.size()));
    const double d = w.worth[static_cast<std::size_t>(a)] - w.worth[static_cast<std::size_t>(b)];
    if (a != b) j.choices.push_back({a, b, std::abs(d) < tie ? 0.5 : d > 0 ? 1.0 : 0.0});
  }
  return j;
}

BehaviourJudgements rankings(const World& w, std::int64_t n) {
  BehaviourJudgements j;
  Rng rng(19, Purpose::kUser);
  for (std::int64_t i = 0; i < n; ++i) {
    std::vector<std::int64_t> ids(w.worth.size());
    for (std::size_t k = 0; k < ids.size(); ++k) ids[k] = static_cast<std::int64_t>(k);
    rng.shuffle(ids);
    ids.resize(4);
    std::sort(ids.begin(), ids.end(), [&](auto a, auto b) { return w.worth[static_cast<std::size_t>(a)] > w.worth[static_cast<std::size_t>(b)]; });
    j.rankings.push_back({reward::make_ranking(ids)});
  }
  return j;
}

reward::StateRewardModel model(std::int64_t members, std::vector<std::int64_t> hidden = {16, 16}, std::uint64_t seed = 1) {
  reward::StateRewardConfig c;
  c.input_size = 3, c.members = members, c.hidden_sizes = std::move(hidden);
  return {c, seed};
}

train::StateRewardFitConfig quick(std::int64_t epochs) {
  train::StateRewardFitConfig c;
  c.epochs = epochs;
  c.optimizer.learning_rate = 1e-2;
  return c;
}

double accuracy(const reward::StateRewardModel& m, const World& w) {
  std::vector<std::int64_t> a, b;
  for (std::size_t i = 0; i + 1 < w.worth.size(); i += 2) a.push_back(static_cast<std::int64_t>(i)), b.push_back(static_cast<std::int64_t>(i + 1));
  const auto p = m.probabilities(w.behaviours, a, b);
  double right = 0;
  for (std::size_t i = 0; i < p.size(); ++i) right += (p[i] > 0.5) == (w.worth[2 * i] > w.worth[2 * i + 1]);
  return right / static_cast<double>(p.size());
}

std::vector<float> bytes(const reward::StateRewardModel& m) {
  std::vector<float> all;
  m.net.visit([&](const std::string&, const Tensor& t) { all.insert(all.end(), t.span().begin(), t.span().end()); });
  for (double g : m.gain) all.push_back(static_cast<float>(g));
  return all;
}

bool same(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE("behaviours of unequal length are learnt under every likelihood") {
  const auto w = drawn(300, 1), unseen = drawn(400, 2);
  for (const char* likelihood : {"bradley_terry", "rao_kupper", "davidson"}) {
    auto m = model(2);
    auto config = quick(10);
    config.choice_likelihood = likelihood;
    train::fit_state_reward(m, w.behaviours, choices(w, 500, 0.2), config);
    INFO(likelihood);
    CHECK(accuracy(m, unseen) > 0.88);
  }
  for (const char* likelihood : {"plackett_luce", "all_pairs", "best_of_n"}) {
    auto m = model(2);
    auto config = quick(10);
    config.ranking_likelihood = likelihood;
    train::fit_state_reward(m, w.behaviours, rankings(w, 250), config);
    INFO(likelihood);
    CHECK(accuracy(m, unseen) > 0.85);
  }
}

TEST_CASE("both kinds of judgement, weights and error rates are in the loss") {
  const auto w = drawn(20, 3);
  const auto m = model(2);
  BehaviourJudgements j = choices(w, 3);
  j.choices[0].weight = 2, j.choices[1].error_rate = 0.2, j.choices[2].probability = 0.5;
  j.rankings.push_back({{{1}, {2}, {3}}, 0.5});
  const Tensor r = m.returns(w.behaviours);
  double want = 0;
  for (int e = 0; e < 2; ++e) {
    const auto at = [&](std::int64_t i) { return static_cast<double>(r.data()[i * 2 + e]); };
    const auto sigma = [](double x) { return 1 / (1 + std::exp(-x)); };
    for (const auto& c : j.choices) {
      const double s = sigma(at(c.first) - at(c.second)), q = (1 - c.error_rate) * s + c.error_rate * (1 - s);
      want -= c.weight * (c.probability * std::log(q) + (1 - c.probability) * std::log(1 - q));
    }
    const double a = std::exp(at(1)), b = std::exp(at(2)), c = std::exp(at(3));
    want -= 0.5 * (std::log(a / (a + b + c)) + std::log(b / (b + c)));
  }
  CHECK(train::state_reward_loss(m, w.behaviours, j) == Approx(want / (2 * 4.5)).epsilon(1e-5));
}

TEST_CASE("a fit does not depend on threads, nor a member on the others") {
  const auto w = drawn(80, 4, 40);
  const auto j = choices(w, 120);
  auto reference = model(3);
  train::fit_state_reward(reference, w.behaviours, j, quick(3));
  for (int threads : {1, 2, 5}) {
    set_num_threads(threads);
    auto m = model(3);
    train::fit_state_reward(m, w.behaviours, j, quick(3));
    CHECK(same(bytes(m), bytes(reference)));
    CHECK(m.reward(w.behaviours.inputs) == reference.reward(w.behaviours.inputs));
  }
  set_num_threads(0);
  auto more = model(5);
  train::fit_state_reward(more, w.behaviours, j, quick(3));
  for (int e = 0; e < 3; ++e) CHECK(more.gain[static_cast<std::size_t>(e)] == reference.gain[static_cast<std::size_t>(e)]);
  const Tensor a = more.returns(w.behaviours), b = reference.returns(w.behaviours);
  for (std::int64_t i = 0; i < 80; ++i)
    for (int e = 0; e < 3; ++e) CHECK(a.data()[i * 5 + e] == b.data()[i * 3 + e]);
}

TEST_CASE("members are normalised before they are averaged, and differ where nothing was judged") {
  const auto w = drawn(200, 5);
  auto m = model(4);
  train::fit_state_reward(m, w.behaviours, choices(w, 300), quick(5));
  const auto r = m.reward(w.behaviours.inputs);
  double mean = 0;
  for (double x : r) mean += x / static_cast<double>(r.size());
  CHECK(mean == Approx(0).margin(1e-9));
  auto loud = m;  // one member ten times as loud: after calibration it counts as before
  auto& last = loud.net.layers.back();
  for (std::int64_t k = 0; k < 16; ++k) last.weight.mutable_data()[k] *= 10;
  last.bias.mutable_data()[0] *= 10;
  loud.calibrate(w.behaviours.inputs);
  const auto again = loud.reward(w.behaviours.inputs);
  for (std::size_t i = 0; i < r.size(); ++i) CHECK(again[i] == Approx(r[i]).margin(1e-4));
  const auto unseen = [&](float scale) {
    Tensor x({40, 3});
    Rng rng(6, Purpose::kUser);
    for (std::int64_t i = 0; i < x.size(); ++i) x.mutable_data()[i] = scale * static_cast<float>(rng.normal());
    const Tensor s = m.returns(Behaviours::items(x));
    double spread = 0;
    for (std::int64_t i = 0; i < 40; ++i) {
      double sum = 0, square = 0;
      for (int e = 0; e < 4; ++e) sum += s.data()[i * 4 + e], square += s.data()[i * 4 + e] * s.data()[i * 4 + e];
      spread += square / 4 - sum * sum / 16;
    }
    return spread;
  };
  CHECK(unseen(8) > 10 * unseen(1));
}

TEST_CASE("weight decay follows the held-out loss") {
  const auto w = drawn(60, 7, 2);
  auto noisy = choices(w, 60);
  for (std::size_t i = 0; i < noisy.choices.size(); i += 3) noisy.choices[i].probability = 1 - noisy.choices[i].probability;  // can only be memorised
  auto config = quick(60);
  config.held_out_share = 0.25, config.least_decay = 1e-2;
  auto m = model(1, {32, 32});
  const auto fit = train::fit_state_reward(m, w.behaviours, noisy, config);
  CHECK(fit.held_out.size() == 15);
  CHECK(fit.epochs.back().held_out_loss > 0);
  double most = 0;
  for (std::size_t i = 0; i + 1 < fit.epochs.size(); ++i) {
    const auto &now = fit.epochs[i], &next = fit.epochs[i + 1];
    const double ratio = now.held_out_loss / now.loss;
    const double want = ratio > 1.05 ? now.weight_decay * 1.5 : ratio < 0.95 ? std::max(1e-2, now.weight_decay / 1.5) : now.weight_decay;
    CHECK(next.weight_decay == Approx(std::min(10.0, want)));
    most = std::max(most, next.weight_decay);
  }
  CHECK(most > 0.1);
}

TEST_CASE("inputs of steps stand side by side") {
  const auto s = Tensor::from({2, 2}, std::vector<float>{1, 2, 3, 4}), a = Tensor::from({2, 1}, std::vector<float>{5, 6}),
             n = Tensor::from({2, 2}, std::vector<float>{7, 8, 9, 10}), d = Tensor::from({2}, std::vector<float>{0, 1});
  const auto x = reward::step_inputs(s, a, n, d, {true, true, true, true});
  const std::vector<float> want{1, 2, 5, 7, 8, 0, 3, 4, 6, 9, 10, 1};
  CHECK(std::equal(want.begin(), want.end(), x.data()));
  CHECK(reward::step_inputs(s, {}, {}, d, {true, false, false, true}).dim(1) == 3);
  CHECK_THROWS_AS(reward::step_inputs(s, Tensor({3, 1}), n, d), ShapeError);
  CHECK_THROWS_AS(reward::step_inputs(s, a, n, d, {false, false, false, false}), ValueError);
}

TEST_CASE("a fit refuses what it cannot learn from, and changes nothing") {
  const auto w = drawn(5, 8);
  auto m = model(2);
  const auto before = bytes(m);
  const auto fit = [&](train::Choice c, const train::StateRewardFitConfig& config = {}) {
    BehaviourJudgements j;
    j.choices.push_back(c);
    train::fit_state_reward(m, w.behaviours, j, config);
  };
  CHECK_THROWS_AS(train::fit_state_reward(m, w.behaviours, {}), ValueError);
  CHECK_THROWS_AS(fit({0, 0}), ValueError);
  CHECK_THROWS_AS(fit({0, 5}), IndexError);
  CHECK_THROWS_AS(fit({0, 1, std::nan("")}), ValueError);
  CHECK_THROWS_AS(fit({0, 1, 1, -1}), ValueError);
  CHECK_THROWS_AS(fit({0, 1, 1, 0}), ValueError);
  CHECK_THROWS_AS(fit({0, 1, 1, 1, 0.5}), ValueError);
  auto config = quick(1);
  config.choice_likelihood = "davidson";
  CHECK_THROWS_AS(fit({0, 1, 0.7}, config), ValueError);
  config.choice_likelihood = "bt";
  CHECK_THROWS_AS(fit({0, 1}, config), ConfigError);
  config = quick(0);
  CHECK_THROWS_AS(fit({0, 1}, config), ConfigError);
  BehaviourJudgements twice;
  twice.rankings.push_back({{{0}, {1}, {0}}});
  CHECK_THROWS_AS(train::fit_state_reward(m, w.behaviours, twice), ValueError);
  auto bad = w.behaviours;
  bad.inputs.mutable_data()[0] = std::nanf("");
  CHECK_THROWS_AS(train::fit_state_reward(m, bad, choices(w, 3)), ValueError);
  bad = w.behaviours, bad.offsets.insert(bad.offsets.begin(), 0);
  CHECK_THROWS_AS(train::fit_state_reward(m, bad, choices(w, 3)), ValueError);
  CHECK(same(bytes(m), before));
  BehaviourJudgements ties;  // defined: nothing pulls apart
  ties.choices = {{0, 1, 0.5}, {1, 2, 0.5}};
  train::fit_state_reward(m, w.behaviours, ties, quick(2));
  fit({0, 1}, quick(2));  // one judgement
  CHECK(std::isfinite(m.reward(w.behaviours.inputs)[0]));
}
