#include <cmath>
#include <limits>

#include "../catch.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/prefs/strengths.hpp"
#include "tutelage/train/linear_reward.hpp"

using namespace tutelage;
using reward::SparseRows;
using train::Choice;
using train::LinearRewardConfig;

namespace {
/// Rows N(0, 1) and pairs judged by a known linear reward, with its noise.
struct World {
  Tensor features = Tensor::uninitialized({80, 6});
  std::vector<Choice> pairs;
  std::vector<double> truth{2, -1, 0.5, 0, 0, 1};
  World() {
    Rng rng(3, Purpose::kUser);
    for (std::int64_t i = 0; i < features.size(); ++i) features.mutable_data()[i] = static_cast<float>(rng.normal());
    while (pairs.size() < 1500) {
      const auto a = static_cast<std::int64_t>(rng.below(80)), b = static_cast<std::int64_t>(rng.below(80));
      if (a == b) continue;
      const bool won = rng.uniform() < math::sigmoid(value(a) - value(b));
      pairs.push_back({won ? a : b, won ? b : a});
    }
  }
  double value(std::int64_t i) const {
    double v = 0;
    for (std::int64_t c = 0; c < 6; ++c) v += truth[static_cast<std::size_t>(c)] * static_cast<double>(features.data()[i * 6 + c]);
    return v;
  }
};
}  // namespace

TEST_CASE("fit_linear_reward: of rows that are one item each, Bradley-Terry strengths") {
  const std::int64_t items = 7;
  Tensor one({items, items});
  for (std::int64_t i = 0; i < items; ++i) one.mutable_data()[i * items + i] = 1.0f;
  std::vector<Choice> pairs;
  std::vector<prefs::Comparison> comparisons;
  Rng rng(1, Purpose::kUser);
  for (int k = 0; k < 60; ++k) {
    const auto a = static_cast<std::int64_t>(rng.below(7)), b = static_cast<std::int64_t>((a + 1 + rng.below(6)) % 7);
    pairs.push_back({a, b, 1.0, 1.0 + k % 3});
    comparisons.push_back({a, b, 1.0 + k % 3});
  }
  LinearRewardConfig config;
  config.l2 = {0.5};
  config.tolerance = 1e-9;
  const auto fit = train::fit_linear_reward(SparseRows::dense(one), pairs, config);
  const auto strengths = prefs::fit_strengths(comparisons, items, 0.5);
  CHECK(fit.converged);
  for (std::int64_t i = 0; i < items; ++i) CHECK(std::abs(fit.model.weights[static_cast<std::size_t>(i)] - strengths.data()[i]) < 1e-7);
}

TEST_CASE("fit_linear_reward: finds the reward, members apart, the same bits for any number of threads") {
  const World world;
  LinearRewardConfig config;
  config.l2 = {1.5};
  config.members = 3;
  const auto rows = SparseRows::dense(world.features);
  const auto fit = train::fit_linear_reward(rows, world.pairs, config);
  CHECK(fit.converged);
  CHECK(fit.held_out_losses.empty());
  double differ = 0;
  for (std::size_t c = 0; c < 6; ++c) {
    CHECK(std::abs(fit.model.weights[c * 3] - world.truth[c]) < 0.3);
    differ += std::abs(fit.model.weights[c * 3] - fit.model.weights[c * 3 + 1]);
  }
  CHECK(differ > 0.05);
  config.members = 1;  // the first member is the fit to all pairs
  const auto alone = train::fit_linear_reward(rows, world.pairs, config);
  for (std::size_t c = 0; c < 6; ++c) CHECK(std::abs(alone.model.weights[c] - fit.model.weights[c * 3]) < 1e-3);
  for (const auto& scores : fit.model.member_scores(rows)) {
    double mean = 0, squares = 0;
    for (const double s : scores) mean += s / 80, squares += s * s / 80;
    CHECK(std::abs(mean) < 1e-9);
    CHECK(std::abs(squares - 1) < 1e-9);
  }
  const std::vector<std::pair<std::int64_t, std::int64_t>> places{{0, 1}};
  CHECK(std::abs(alone.model.probabilities(rows, places)[0] - math::sigmoid(world.value(0) - world.value(1))) < 0.1);
  config.members = 3;
  for (const int threads : {1, 2, 4}) {
    set_num_threads(threads);
    CHECK(train::fit_linear_reward(rows, world.pairs, config).model.weights == fit.model.weights);
  }
  set_num_threads(0);
}

TEST_CASE("fit_linear_reward: regularisation is chosen on held-out pairs; scaled columns; weights") {
  World world;
  Rng rng(8, Purpose::kUser);
  Tensor wide = Tensor::uninitialized({80, 206});  // two hundred columns that mean nothing
  for (std::int64_t i = 0; i < 80; ++i)
    for (std::int64_t c = 0; c < 206; ++c)
      wide.mutable_data()[i * 206 + c] = c < 6 ? world.features.data()[i * 6 + c] * (c == 1 ? 100.0f : 1.0f) : static_cast<float>(rng.normal());
  world.pairs.resize(300);
  LinearRewardConfig config;
  config.l2 = {3e-4, 9, 3000};
  config.scale_columns = true;
  const auto fit = train::fit_linear_reward(SparseRows::dense(wide), world.pairs, config);
  CHECK(fit.l2 == 9);
  REQUIRE(fit.held_out_losses.size() == 3);
  CHECK(fit.held_out_losses[1] < fit.held_out_losses[0]);
  CHECK(fit.held_out_losses[1] < fit.held_out_losses[2]);
  CHECK(fit.model.weights[1] < 0);  // -1 for a column a hundred times as large
  CHECK(fit.model.weights[1] > -0.02);

  auto doubled = world.pairs, weighed = world.pairs;
  doubled.insert(doubled.end(), world.pairs.begin(), world.pairs.begin() + 100);
  for (std::size_t i = 0; i < 100; ++i) weighed[i].weight = 2;
  config.l2 = {9};
  config.tolerance = 1e-9;
  const auto a = train::fit_linear_reward(SparseRows::dense(wide), doubled, config),
             b = train::fit_linear_reward(SparseRows::dense(wide), weighed, config);
  for (std::size_t c = 0; c < 6; ++c) CHECK(std::abs(a.model.weights[c] - b.model.weights[c]) < 1e-7);
}

namespace {
/// Choices of few columns with probabilities, weights and, where `e` is more than 0, error rates.
std::vector<Choice> given(double e) {
  std::vector<Choice> choices;
  for (int i = 0; i < 60; ++i) choices.push_back({2 * i, 2 * i + 1, (i * 7 % 5) / 4.0, 0.5 + i % 3, e * (i % 4)});
  return choices;
}
Tensor drawn(std::int64_t n, std::int64_t c, std::uint32_t number) {
  Rng rng(11, Purpose::kUser, number);
  Tensor x({n, c});
  for (std::int64_t i = 0; i < x.size(); ++i) x.mutable_data()[i] = static_cast<float>(rng.normal());
  return x;
}
double objective(const Tensor& x, const std::vector<Choice>& choices, double l2, const std::vector<double>& v) {
  const std::size_t width = v.size();
  double sum = 0;
  for (const double w : v) sum += 0.5 * l2 * w * w;
  for (const auto& c : choices) {
    double d = 0;
    for (std::size_t k = 0; k < width; ++k)
      d += v[k] * (static_cast<double>(x.data()[static_cast<std::size_t>(c.first) * width + k]) -
                   static_cast<double>(x.data()[static_cast<std::size_t>(c.second) * width + k]));
    const double s = 1 / (1 + std::exp(-d)), q = (1 - c.error_rate) * s + c.error_rate * (1 - s);
    sum -= c.weight * (c.probability * std::log(q) + (1 - c.probability) * std::log(1 - q));
  }
  return sum;
}
LinearRewardConfig exact(double l2) {
  LinearRewardConfig config;
  config.l2 = {l2}, config.tolerance = 1e-9, config.max_iterations = 200, config.ensemble = "posterior";
  return config;
}
}  // namespace

TEST_CASE("fit_linear_reward: at the minimum of its objective, with errors and without; the covariance") {
  const Tensor x = drawn(120, 4, 1);
  for (const double e : {0.0, 0.1}) {
    const auto choices = given(e);
    const auto fit = train::fit_linear_reward(SparseRows::dense(x), choices, exact(0.7));
    CHECK(fit.converged);
    const auto at = [&](std::size_t k, double h, std::size_t j = 0, double g = 0) {
      auto v = fit.model.weights;
      v[k] += h, v[j] += g;
      return objective(x, choices, 0.7, v);
    };
    for (std::size_t k = 0; k < 4; ++k) {
      CHECK(std::abs((at(k, 1e-5) - at(k, -1e-5)) / 2e-5) < 1e-6);
      CHECK(at(k, 1e-2) > at(k, 0));
    }
    if (e > 0) continue;  // without errors the expected second derivative is the second derivative: covariance times it is the identity
    for (std::size_t r = 0; r < 4; ++r)
      for (std::size_t j = 0; j < 4; ++j) {
        const double h = 1e-4;
        double sum = 0;
        for (std::size_t k = 0; k < 4; ++k)
          sum += fit.covariance.data()[r * 4 + k] * (at(k, h, j, h) - at(k, h, j, -h) - at(k, -h, j, h) + at(k, -h, j, -h)) / (4 * h * h);
        CHECK(std::abs(sum - (r == j ? 1 : 0)) < 1e-5);
      }
  }
}

TEST_CASE("fit_linear_reward: members of a posterior spread as the covariance says, also of scaled columns") {
  Tensor x = drawn(60, 3, 3);
  for (std::int64_t i = 0; i < 60; ++i) x.mutable_data()[i * 3] *= 50.0f;
  const auto rows = SparseRows::dense(x);
  auto config = exact(1.0);
  config.members = 4001;
  for (const bool scale : {false, true}) {
    config.scale_columns = scale;
    std::vector<Choice> choices;
    for (int i = 0; i < 30; ++i) choices.push_back({i, i + 30, i % 2 ? 1.0 : 0.0});
    const auto fit = train::fit_linear_reward(rows, choices, config);
    const auto weight = [&](std::size_t c, std::size_t m) { return fit.model.weights[c * 4001 + m]; };
    for (std::size_t r = 0; r < 3; ++r)
      for (std::size_t c = 0; c < 3; ++c) {
        double sum = 0;
        for (std::size_t m = 1; m <= 4000; ++m) sum += (weight(r, m) - weight(r, 0)) * (weight(c, m) - weight(c, 0)) / 4000;
        const auto variance = [&](std::size_t k) { return fit.covariance.data()[k * 4]; };
        CHECK(std::abs(sum - fit.covariance.data()[r * 3 + c]) < 0.08 * std::sqrt(variance(r) * variance(c)));
      }
    const auto logits = fit.model.logits(rows);
    CHECK(logits.shape() == Shape{4001, 60});
    double want = 0;
    for (std::size_t k = 0; k < 3; ++k) want += weight(k, 2) * static_cast<double>(x.data()[7 * 3 + k]);
    CHECK(std::abs(logits.data()[2 * 60 + 7] - want) < 1e-9);
  }
}

TEST_CASE("ngram_features: runs of words and of letters") {
  const std::vector<std::string> texts{"The cat, the cat!", "", "d\xC3\xA9j\xC3\xA0 vu"};
  reward::NgramConfig config;
  config.words = 2, config.most_letters = 0, config.lengths = true;
  const auto rows = reward::ngram_features(texts, config);
  CHECK(rows.rows() == 3);
  CHECK(rows.width == (1 << 20) + 2);
  // the cat , the cat ! : words the cat , ! and pairs (the cat) (cat ,) (, the) (cat !), then the lengths
  CHECK(rows.offsets[1] == 8 + 2);
  CHECK(rows.values[8] == static_cast<float>(std::log1p(17.0)));
  CHECK(rows.values[9] == static_cast<float>(std::log1p(6.0)));
  std::int64_t twice = 0;
  for (int k = 0; k < 8; ++k) twice += rows.values[static_cast<std::size_t>(k)] == static_cast<float>(1 + std::log(2.0));
  CHECK(twice == 3);                              // the, cat, (the cat)
  CHECK(rows.offsets[2] - rows.offsets[1] == 2);  // nothing but lengths
  CHECK(rows.offsets[3] - rows.offsets[2] == 3 + 2);
  config = {};
  config.words = 0, config.least_letters = 3, config.most_letters = 4;
  const std::vector<std::string> cat{"Cat"};
  CHECK(reward::ngram_features(cat, config).values.size() == 3 + 2);  // <ca cat at>, <cat cat>
}

TEST_CASE("fit_linear_reward: bad input") {
  const World world;
  const auto rows = SparseRows::dense(world.features);
  const auto fails = [&](Choice pair) { return train::fit_linear_reward(rows, std::vector{pair}, {}); };
  CHECK_THROWS_AS(train::fit_linear_reward(rows, {}, {}), ValueError);  // no l2 can be chosen
  CHECK_THROWS_AS(fails({0, 80}), IndexError);
  CHECK_THROWS_AS(fails({3, 3}), ValueError);
  CHECK_THROWS_AS(fails({0, 1, 1.5}), ValueError);
  CHECK_THROWS_AS(fails({0, 1, 1.0, -1.0}), ValueError);
  CHECK_THROWS_AS(fails({0, 1, 1.0, 0.0}), ValueError);
  CHECK_THROWS_AS(fails({0, 1, 1.0, 1.0, 0.5}), ValueError);
  CHECK_THROWS_AS(fails({0, 1}), ValueError);  // nothing to hold out
  auto broken = rows;
  broken.values[3] = std::numeric_limits<float>::infinity();
  CHECK_THROWS_AS(train::fit_linear_reward(broken, world.pairs, {}), ValueError);
  broken = rows;
  broken.columns[0] = 6;
  CHECK_THROWS_AS(train::fit_linear_reward(broken, world.pairs, {}), IndexError);
  LinearRewardConfig config;
  config.l2 = {0.0};
  CHECK_THROWS_AS(train::fit_linear_reward(rows, world.pairs, config), ConfigError);
  config.l2 = {1.0}, config.ensemble = "bootstrap";
  CHECK_THROWS_AS(train::fit_linear_reward(rows, world.pairs, config), ConfigError);
  CHECK_THROWS_AS(train::fit_linear_reward(SparseRows::dense(Tensor({2, 4097})), {}, exact(1.0)), ValueError);
  CHECK_THROWS_AS(reward::LinearReward().score(rows), StateError);
  CHECK_THROWS_AS(SparseRows::dense(Tensor({3})), ShapeError);
  CHECK_THROWS_AS(rows.beside(SparseRows::dense(Tensor({3, 2}))), ShapeError);
  reward::NgramConfig ngrams;
  ngrams.bits = 40;
  CHECK_THROWS_AS(reward::ngram_features(std::vector<std::string>{"a"}, ngrams), ConfigError);
}

TEST_CASE("fit_linear_reward: no choice, ties, what can be told apart wholly") {
  const auto rows = SparseRows::dense(drawn(10, 2, 1));
  const auto none = train::fit_linear_reward(rows, {}, exact(4.0));
  CHECK(none.model.weights == std::vector<double>{0, 0});
  CHECK(none.covariance.data()[3] == 0.25);
  std::vector<Choice> ties, certain;
  for (int i = 0; i < 5; ++i) ties.push_back({i, i + 5, 0.5}), certain.push_back({i, i + 5, 1.0, 1e6});
  const auto tied = train::fit_linear_reward(rows, ties, exact(1.0));
  CHECK(std::abs(tied.model.weights[0]) < 1e-12);
  CHECK(std::isfinite(train::fit_linear_reward(rows, certain, exact(1e-6)).model.weights[0]));
  CHECK_THROWS_AS(tied.model.logits(SparseRows::dense(drawn(3, 3, 1))), ShapeError);
}
