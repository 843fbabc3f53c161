#include <cmath>

#include "../catch.hpp"
#include "comparisons.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/prefs/strengths.hpp"

using namespace tutelage;
using prefs::Comparison;

// choix 0.4.1: opt_pairwise(n, data, alpha=l2 / 2, tol=1e-12); its penalty is alpha sum th^2.
TEST_CASE("fit_strengths agrees with choix") {
  const auto check = [](const Tensor64& got, const std::vector<double>& want) {
    REQUIRE(got.size() == static_cast<std::int64_t>(want.size()));
    for (std::size_t i = 0; i < want.size(); ++i) CHECK(got.data()[i] == Approx(want[i]).margin(1e-8));
  };
  check(prefs::fit_strengths(some_comparisons(5, 12), 5), {0.745121972304, -0.12598820282, 0.863093214308, -1.115599030505, -0.366627953288});
  check(prefs::fit_strengths(some_comparisons(8, 60), 8, 0.1),
        {0.149076118562, 0.151678813999, 0.179230922719, 0.359626603439, 0.662095924323, 0.079841239572, -0.602511019057, -0.979038603556});
  const std::vector<Comparison> chain{{0, 1}, {1, 2}, {0, 2}};
  check(prefs::fit_strengths(chain, 3, 0.01), {3.38645439205, 0, -3.38645439205});
}

TEST_CASE("fit_strengths is at the optimum: its gradient is zero") {
  const auto data = some_comparisons(40, 500);
  for (double l2 : {1e-6, 0.3, 20.0}) {
    const auto th = prefs::fit_strengths(data, 41, l2);
    std::vector<double> gradient;
    for (double t : th.span()) gradient.push_back(l2 * t);
    for (const auto& c : data) {
      const double miss = 1 / (1 + std::exp(th.data()[c.winner] - th.data()[c.loser]));
      gradient[static_cast<std::size_t>(c.winner)] -= miss;
      gradient[static_cast<std::size_t>(c.loser)] += miss;
    }
    for (double g : gradient) CHECK(g == Approx(0).margin(1e-9));
    CHECK(th.data()[40] == 0);  // nobody compared it
  }
}

TEST_CASE("fit_strengths: weights are counts, two items have a closed form, extremes converge") {
  const auto data = some_comparisons(6, 30);
  auto twice = data;
  twice.insert(twice.end(), data.begin(), data.end());
  auto heavy = data;
  for (auto& c : heavy) c.weight = 2;
  const auto a = prefs::fit_strengths(twice, 6), b = prefs::fit_strengths(heavy, 6);
  for (int i = 0; i < 6; ++i) CHECK(a.data()[i] == Approx(b.data()[i]).margin(1e-12));
  const std::vector<Comparison> share{{0, 1, 3.0}, {1, 0, 1.0}};
  const auto two = prefs::fit_strengths(share, 2, 1e-9);
  CHECK(two.data()[0] - two.data()[1] == Approx(std::log(3.0)).margin(1e-7));
  const std::vector<Comparison> sure{{0, 1, 1e9}};
  const auto far = prefs::fit_strengths(sure, 2, 1e-3);
  CHECK(far.data()[0] * 1e-3 == Approx(1e9 / (1 + std::exp(2 * far.data()[0]))).epsilon(1e-6));
  CHECK(prefs::fit_strengths({}, 3).data()[1] == 0);
}

TEST_CASE("fit_strengths is at the optimum of an ill-conditioned problem too") {
  const std::vector<Comparison> data{{3, 0, 2000}, {0, 2, 10000}, {1, 0, 1}, {0, 1, 10000}};
  const double l2 = 1e-6;
  const auto th = prefs::fit_strengths(data, 4, l2);
  std::vector<double> gradient;
  for (double t : th.span()) gradient.push_back(l2 * t);
  for (const auto& c : data) {
    const double miss = c.weight / (1 + std::exp(th.data()[c.winner] - th.data()[c.loser]));
    gradient[static_cast<std::size_t>(c.winner)] -= miss;
    gradient[static_cast<std::size_t>(c.loser)] += miss;
  }
  for (double g : gradient) CHECK(g == Approx(0).margin(1e-8));
}

TEST_CASE("fit_strengths names what is wrong") {
  const std::vector<Comparison> itself{{1, 1}}, unknown{{0, 3}}, negative{{0, 1, -1.0}};
  CHECK_THROWS_AS(prefs::fit_strengths(itself, 3), ValueError);
  CHECK_THROWS_AS(prefs::fit_strengths(unknown, 3), IndexError);
  CHECK_THROWS_AS(prefs::fit_strengths(negative, 3), ValueError);
  CHECK_THROWS_AS(prefs::fit_strengths({}, 3, 0.0), ConfigError);
  CHECK_THROWS_AS(prefs::fit_strengths({}, 0), ValueError);
}
