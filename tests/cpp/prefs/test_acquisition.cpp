#include <algorithm>
#include <cmath>
#include <set>

#include "../catch.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/prefs/acquisition.hpp"

using namespace tutelage;
using prefs::acquisition;

namespace {

// Four members: sure and opposed; all undecided; all sure; mixed.
const Tensor64 kMembers = Tensor64::from({4, 4}, std::vector<double>{1, .5, 1, .9, 1, .5, 1, .6, 0, .5, 1, .5, 0, .5, 1, .2});
double h(double p) { return p <= 0 || p >= 1 ? 0 : -p * std::log2(p) - (1 - p) * std::log2(1 - p); }
std::vector<double> scores_of(const std::string& name) {
  const auto t = acquisition(name, kMembers);
  return {t.span().begin(), t.span().end()};
}
void check_scores(const std::string& name, const std::vector<double>& want) {
  const auto got = scores_of(name);
  INFO(name);
  for (std::size_t i = 0; i < want.size(); ++i) CHECK(got[i] == Approx(want[i]).margin(1e-12));
}

}  // namespace

TEST_CASE("acquisition by probabilities, by hand") {
  check_scores("vote_variance", {.25, .25, 0, .625 * .375});
  check_scores("probability_variance", {.25, 0, 0, .0625});
  check_scores("entropy", {1, 1, 0, h(.55)});
  check_scores("mutual_information", {1, 0, 0, h(.55) - (h(.9) + h(.6) + h(.5) + h(.2)) / 4});
  check_scores("expected_volume_removal", {.5, .5, 0, 1 - .55 * .55 - .45 * .45});
  CHECK(scores_of("mutual_information")[1] == 0);  // to the last bit: nothing to learn
  const double logits[] = {std::log(9.0), std::log(1.5), 0, -std::log(4.0)};
  double mean = 0, var = 0;
  for (double x : logits) mean += x / 4;
  for (double x : logits) var += (x - mean) * (x - mean) / 4;
  CHECK(scores_of("logit_variance")[3] == Approx(var).margin(1e-12));
}

TEST_CASE("mutual information is never negative and at most the entropy") {
  for (std::uint32_t k = 0; k < 200; ++k) {
    Rng rng(2, Purpose::kUser, k);
    Tensor64 members({3, 5});
    for (int i = 0; i < 15; ++i) members.mutable_data()[i] = k % 2 ? rng.uniform() : 0.3 + 1e-9 * rng.uniform();
    const auto mi = acquisition("mutual_information", members), entropy = acquisition("entropy", members);
    for (int i = 0; i < 5; ++i) {
      CHECK(mi.data()[i] >= 0);
      CHECK(mi.data()[i] <= entropy.data()[i]);
    }
  }
}

TEST_CASE("acquisition by rewards") {
  // Two members, three questions.
  const auto rewards = Tensor64::from({2, 3, 2}, std::vector<double>{1, 0, 2, 2, .5, .2, 3, 1, 0, 4, .5, .2});
  const auto sigma = [](double x) { return 1 / (1 + std::exp(-x)); };
  const auto p = Tensor64::from({2, 3}, std::vector<double>{sigma(1), .5, sigma(.3), sigma(2), sigma(-4), sigma(.3)});
  for (const std::string name :
       {"vote_variance", "probability_variance", "entropy", "mutual_information", "expected_volume_removal", "logit_variance"})
    for (int i = 0; i < 3; ++i) CHECK(acquisition(name, rewards).data()[i] == Approx(acquisition(name, p).data()[i]).margin(1e-9));
  const auto eubo = acquisition("eubo", rewards);
  const auto expected = [](double mu1, double mu2, double s) {
    const double z = (mu1 - mu2) / s;
    return mu1 * 0.5 * std::erfc(-z / std::sqrt(2.0)) + mu2 * 0.5 * std::erfc(z / std::sqrt(2.0)) +
           s * std::exp(-z * z / 2) / std::sqrt(2 * std::acos(-1.0));
  };
  CHECK(eubo.data()[0] == Approx(expected(2, .5, .5)).margin(1e-12));
  CHECK(eubo.data()[1] == Approx(expected(1, 3, 2)).margin(1e-12));
  CHECK(eubo.data()[2] == .5);  // no doubt: the better of two
  CHECK_THROWS_AS(acquisition("eubo", p), ShapeError);
}

TEST_CASE("Thompson asks one member, another each step") {
  std::set<double> seen;
  for (std::uint32_t step = 0; step < 40; ++step) {
    const auto t = acquisition("thompson", kMembers, 1, step);
    CHECK(t.data()[3] == acquisition("thompson", kMembers, 1, step).data()[3]);
    int member = -1;
    for (int m = 0; m < 4; ++m)
      if (kMembers.data()[m * 4 + 3] == t.data()[3]) member = m;
    REQUIRE(member >= 0);
    for (int i = 0; i < 4; ++i) CHECK(t.data()[i] == kMembers.data()[member * 4 + i]);
    seen.insert(t.data()[3]);
  }
  CHECK(seen.size() == 4);
}

TEST_CASE("acquisition names what is wrong") {
  try {
    acquisition("mutual_infomation", kMembers);
    FAIL("an unknown name was taken");
  } catch (const ConfigError& e) { CHECK(std::string(e.what()).find("Did you mean mutual_information?") != std::string::npos); }
  CHECK_THROWS_AS(acquisition("entropy", Tensor64::full({2, 2}, 1.5)), ValueError);
  CHECK_THROWS_AS(acquisition("entropy", Tensor64({4})), ShapeError);
}

TEST_CASE("top_batch takes the best, breaks ties by index and keeps to its size") {
  const std::vector<double> scores{.1, .9, .5, .9, .2, .7, 0, .3, .4, .6};
  CHECK(prefs::top_batch(scores, 4, 0.0) == std::vector<std::int64_t>{1, 3, 5, 9});
  CHECK(prefs::top_batch(scores, 0).empty());
  std::set<std::int64_t> extra;
  for (std::uint32_t step = 0; step < 60; ++step) {
    const auto batch = prefs::top_batch(scores, 5, 0.3, 9, step);  // 1.5 are random: 2
    REQUIRE(batch.size() == 5);
    CHECK(std::set<std::int64_t>(batch.begin(), batch.end()).size() == 5);
    CHECK(std::vector<std::int64_t>(batch.begin(), batch.begin() + 3) == std::vector<std::int64_t>{1, 3, 5});
    CHECK(batch == prefs::top_batch(scores, 5, 0.3, 9, step));
    extra.insert(batch.begin() + 3, batch.end());
  }
  CHECK(extra == std::set<std::int64_t>{0, 2, 4, 6, 7, 8, 9});
  for (std::int64_t size = 0; size <= 10; ++size)
    for (double share : {0.0, 0.1, 0.5, 0.77, 1.0}) {
      const auto batch = prefs::top_batch(scores, size, share);
      CHECK(std::set<std::int64_t>(batch.begin(), batch.end()).size() == static_cast<std::size_t>(size));
    }
  CHECK_THROWS_AS(prefs::top_batch(scores, 11), ValueError);
  CHECK_THROWS_AS(prefs::top_batch(std::vector<double>{1, std::nan("")}, 1), ValueError);
}

TEST_CASE("k_center_batch covers the space") {
  // Three clusters on a line; the best score is in the first.
  const auto x = Tensor64::from({6, 1}, std::vector<double>{0, .1, 10, 10.1, 5, 5.3});
  const std::vector<double> scores{1, .9, 0, 0, .8, .8};
  const auto batch = prefs::k_center_batch(x, scores, 3, 0.0);
  CHECK(batch == std::vector<std::int64_t>{0, 3, 4});
  const auto all = prefs::k_center_batch(x, scores, 6, 0.5, 1, 2);
  CHECK(std::set<std::int64_t>(all.begin(), all.end()).size() == 6);
  const auto same = prefs::k_center_batch(Tensor64({4, 2}), std::vector<double>{0, 0, 1, 0}, 4, 0.0);
  CHECK(same == std::vector<std::int64_t>{2, 0, 1, 3});
  CHECK_THROWS_AS(prefs::k_center_batch(x, std::vector<double>{1}, 1), ShapeError);
}
