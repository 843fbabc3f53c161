#include <algorithm>
#include <cmath>

#include "../catch.hpp"
#include "tutelage/autograd/grad.hpp"
#include "tutelage/autograd/ops.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/reward/bradley_terry.hpp"
#include "tutelage/reward/ranking.hpp"

using namespace tutelage;
using In = std::span<const Tensor64>;
using reward::Ranking;

namespace {

Tensor64 list(const std::vector<double>& x) { return Tensor64::from({static_cast<std::int64_t>(x.size())}, x); }
Tensor64 normals(Shape shape, std::uint32_t item) {
  Tensor64 t(shape);
  Rng rng(31, Purpose::kUser, item);
  for (std::int64_t i = 0; i < t.size(); ++i) t.mutable_data()[i] = rng.normal();
  return t;
}
const Tensor64 kScores = list({.9, .4, .1, -.3});
const std::vector<std::int64_t> kInOrder{0, 1, 2, 3};

}  // namespace

TEST_CASE("rankings give the published values") {
  CHECK(reward::plackett_luce_loss(kScores, kInOrder).item() == Approx(2.1757437696).margin(1e-10));
  CHECK(reward::all_pairs_loss(kScores, kInOrder).item() == Approx(0.4298361105).margin(1e-10));
  const std::int64_t best[] = {1};
  CHECK(reward::best_of_n_loss(list({.1, .9, -.3, .4}), best).item() == Approx(0.8574124645).margin(1e-10));
  // The ranking holds item ids, best first: scores may stand in any order.
  const std::vector<std::int64_t> ids{2, 0, 3, 1};
  CHECK(reward::plackett_luce_loss(list({.4, -.3, .9, .1}), ids).item() == Approx(2.1757437696).margin(1e-10));
  CHECK(reward::all_pairs_loss(list({.4, -.3, .9, .1}), ids).item() == Approx(0.4298361105).margin(1e-10));
}

TEST_CASE("two items are Bradley-Terry, and the orders of a set have probability one") {
  const auto a = list({.7}), b = list({-.2});
  const std::vector<std::int64_t> two{0, 1};
  const double bt = reward::bradley_terry_loss(a, b).item();
  CHECK(reward::plackett_luce_loss(list({.7, -.2}), two).item() == Approx(bt).margin(1e-15));
  CHECK(reward::all_pairs_loss(list({.7, -.2}), two).item() == Approx(bt).margin(1e-15));
  CHECK(reward::best_of_n_loss(list({.7, -.2}), std::span(two).first(1)).item() == Approx(bt).margin(1e-15));
  auto order = kInOrder;
  double total = 0;
  do total += std::exp(-reward::plackett_luce_loss(kScores, order).item());
  while (std::next_permutation(order.begin(), order.end()));
  CHECK(total == Approx(1.0).margin(1e-12));
}

TEST_CASE("a tie is the mean over the orders of its items") {
  const auto scores = normals({6}, 1);
  const Ranking tied{{4}, {1, 5, 0}, {2, 3}};
  double sum = 0;
  int orders = 0;
  std::vector<std::int64_t> middle{0, 1, 5};
  do
    for (const auto& last : {std::vector<std::int64_t>{2, 3}, std::vector<std::int64_t>{3, 2}}) {
      std::vector<std::int64_t> order{4};
      order.insert(order.end(), middle.begin(), middle.end());
      order.insert(order.end(), last.begin(), last.end());
      sum += reward::plackett_luce_loss(scores, order).item();
      ++orders;
    }
  while (std::next_permutation(middle.begin(), middle.end()));
  CHECK(orders == 12);
  CHECK(reward::plackett_luce_loss(scores, std::span(&tied, 1)).item() == Approx(sum / orders).margin(1e-12));
  const Ranking equal{{0, 1}};
  const double d = scores.data()[0] - scores.data()[1];
  CHECK(reward::all_pairs_loss(scores, std::span(&equal, 1)).item() ==
        Approx(0.5 * (std::log1p(std::exp(-d)) + std::log1p(std::exp(d)))).margin(1e-12));
}

TEST_CASE("ranking losses pass the gradient check, each term on its own") {
  const std::vector<Ranking> rankings{{{4}, {1, 5, 0}, {2, 3}}, {{0}, {6}}, {{7, 8}, {9}, {1}}, reward::make_ranking(kInOrder)};
  const Tensor64 inputs[] = {normals({10}, 2)};
  const auto weights = list({1, -2, .5, 3});
  for (const bool pairs : {false, true}) {
    const auto result = gradcheck(
        [&](In x) {
          return ops::mul(pairs ? reward::all_pairs_terms(x[0], rankings, 0.7) : reward::plackett_luce_terms(x[0], rankings, 0.7), weights);
        },
        inputs);
    INFO(result.where);
    CHECK(result.ok);
  }
  const std::int64_t best[] = {3, 0};
  const Tensor64 table[] = {normals({2, 5}, 3)};
  CHECK(gradcheck([&](In x) { return reward::best_of_n_loss(x[0], best); }, table).ok);
}

TEST_CASE("parts of a step add up with its count") {
  const std::vector<Ranking> rankings{{{0}, {1}, {2}}, {{3, 4}, {5}}, {{1}, {5}}};
  const auto scores = normals({6}, 4);
  const auto all = std::span<const Ranking>(rankings);
  const auto parts = [&](auto loss) { return loss(scores, all.first(1), 3.0).item() + loss(scores, all.subspan(1), 3.0).item(); };
  const auto pl = [](const Tensor64& s, std::span<const Ranking> r, std::optional<double> n) { return reward::plackett_luce_loss(s, r, n); };
  const auto ap = [](const Tensor64& s, std::span<const Ranking> r, std::optional<double> n) { return reward::all_pairs_loss(s, r, n); };
  CHECK(parts(pl) == Approx(pl(scores, all, {}).item()).margin(1e-14));
  CHECK(parts(ap) == Approx(ap(scores, all, {}).item()).margin(1e-14));
  const auto table = normals({3, 4}, 5);
  const std::int64_t best[] = {0, 3, 2};
  const double sum = reward::best_of_n_loss<double>(ops::slice_rows(table, 0, 1), std::span(best, 1), 3.0).item() +
                     reward::best_of_n_loss<double>(ops::slice_rows(table, 1, 3), std::span(best).subspan(1), 3.0).item();
  CHECK(sum == Approx(reward::best_of_n_loss(table, best).item()).margin(1e-14));
}

TEST_CASE("rankings name what is wrong; far scores stay finite") {
  const std::vector<std::int64_t> twice{0, 1, 0}, unknown{0, 4}, alone{2}, two{0, 1};
  CHECK_THROWS_AS(reward::plackett_luce_loss(kScores, twice), ValueError);
  CHECK_THROWS_AS(reward::plackett_luce_loss(kScores, unknown), IndexError);
  CHECK_THROWS_AS(reward::all_pairs_loss(kScores, alone), ValueError);
  CHECK_THROWS_AS(reward::plackett_luce_loss(kScores, std::span<const Ranking>()), ValueError);
  CHECK_THROWS_AS(reward::best_of_n_loss(kScores, unknown), ShapeError);
  CHECK_THROWS_AS(reward::best_of_n_loss(kScores, std::span(unknown).last(1)), IndexError);
  CHECK(reward::plackett_luce_loss(Tensor::from({2}, std::vector<float>{-1e4f, 1e4f}), two).item() == Approx(2e4));
}
