#include <cmath>

#include "../catch.hpp"
#include "comparisons.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/prefs/strengths.hpp"

using namespace tutelage;
using prefs::Comparison;
using prefs::Side;

namespace {

double sigma(double x) { return 1 / (1 + std::exp(-x)); }

/// The negative log posterior, written again.
double loss(const std::vector<Comparison>& data, const std::vector<std::int64_t>& by, const std::vector<double>& th, const std::vector<double>& eta) {
  double y = 0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    const double d = th[static_cast<std::size_t>(data[i].winner)] - th[static_cast<std::size_t>(data[i].loser)],
                 e = eta[static_cast<std::size_t>(by[i])];
    y -= std::log(e * sigma(d) + (1 - e) * sigma(-d));
  }
  for (double e : eta) y -= 9 * std::log(e) + std::log(1 - e);
  for (double t : th) y += 0.5 * t * t;
  return y;
}
std::vector<double> values(const Tensor64& t) { return {t.span().begin(), t.span().end()}; }

}  // namespace

TEST_CASE("fit_annotators agrees with a direct maximisation by SciPy") {
  auto data = some_comparisons(6, 200);
  std::vector<std::int64_t> by;
  for (std::size_t i = 0; i < data.size(); ++i) {
    by.push_back(static_cast<std::int64_t>(i % 4));
    if (i % 4 == 3) std::swap(data[i].winner, data[i].loser);
  }
  prefs::AnnotatorFitConfig config;
  config.prior_right = 10, config.prior_wrong = 2;
  const auto fit = prefs::fit_annotators(data, by, 6, config);
  CHECK(fit.converged);
  CHECK(fit.left_out.empty());
  const double th[] = {1.245302143, 0.946299834, 0.346956264, -0.087785063, -0.538335776, -1.912437651},
               eta[] = {0.90204782, 0.949293966, 0.926284494, 0.413402926};
  for (int i = 0; i < 6; ++i) CHECK(fit.strengths.data()[i] == Approx(th[i]).margin(2e-7));
  for (int k = 0; k < 4; ++k) CHECK(fit.reliability.data()[k] == Approx(eta[k]).margin(2e-7));
  CHECK(fit.objective == Approx(-134.19440818349784).margin(1e-9));
  // An optimum: every small move is worse.
  const auto t0 = values(fit.strengths), e0 = values(fit.reliability);
  const double best = loss(data, by, t0, e0);
  CHECK(-best == Approx(fit.objective).margin(1e-9));
  for (double move : {-1e-3, 1e-3}) {
    for (std::size_t i = 0; i < t0.size(); ++i) {
      auto t = t0;
      t[i] += move;
      CHECK(loss(data, by, t, e0) > best);
    }
    for (std::size_t k = 0; k < e0.size(); ++k) {
      auto e = e0;
      e[k] += move;
      CHECK(loss(data, by, t0, e) > best);
    }
  }
}

TEST_CASE("fit_annotators finds who is contrary and who flips coins, and ranks better than counting") {
  const std::size_t people = 8, n = 12;
  const double honest[people] = {.95, .95, .9, .9, .85, .5, .1, .05};
  std::vector<Comparison> data;
  std::vector<std::int64_t> by;
  for (std::uint32_t i = 0; i < 1600; ++i) {
    Rng rng(1, Purpose::kUser, i);
    const auto k = rng.below(people), a = rng.below(n), b = (a + 1 + rng.below(n - 1)) % n;
    const double d = 0.5 * (static_cast<double>(b) - static_cast<double>(a));  // low ids are better
    const bool first = (rng.uniform() < sigma(d)) == (rng.uniform() < honest[k]);
    data.push_back({static_cast<std::int64_t>(first ? a : b), static_cast<std::int64_t>(first ? b : a), 1.0, first ? Side::kFirst : Side::kSecond});
    by.push_back(static_cast<std::int64_t>(k));
  }
  const auto fit = prefs::fit_annotators(data, by, static_cast<std::int64_t>(n));
  for (std::size_t k = 0; k < people; ++k) CHECK(fit.reliability.data()[k] == Approx(honest[k]).margin(0.12));
  const auto plain = prefs::fit_strengths(data, static_cast<std::int64_t>(n));
  const auto error = [&](const Tensor64& th) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += std::pow(th.data()[i] - 0.5 * (5.5 - static_cast<double>(i)), 2);
    return sum;
  };
  CHECK(error(fit.strengths) < 0.2 * error(plain));
}

TEST_CASE("fit_annotators leaves out who always picks one side, and says so") {
  auto data = some_comparisons(6, 120);
  std::vector<std::int64_t> by;
  for (std::size_t i = 0; i < data.size(); ++i) {
    by.push_back(static_cast<std::int64_t>(i % 3));
    data[i].side = i % 3 == 1 || i % 2 == 0 ? Side::kFirst : Side::kSecond;
  }
  const auto fit = prefs::fit_annotators(data, by, 6);
  CHECK(fit.left_out == std::vector<std::int64_t>{1});
  CHECK(fit.reliability.data()[1] == 0.5);
  std::vector<Comparison> others;
  std::vector<std::int64_t> others_by;
  for (std::size_t i = 0; i < data.size(); ++i)
    if (by[i] != 1) others.push_back(data[i]), others_by.push_back(by[i]);
  const auto without = prefs::fit_annotators(others, others_by, 6);
  for (int i = 0; i < 6; ++i) CHECK(fit.strengths.data()[i] == without.strengths.data()[i]);
  prefs::AnnotatorFitConfig all;
  all.one_sided_answers = 0;
  CHECK(prefs::fit_annotators(data, by, 6, all).left_out.empty());
  all.one_sided_answers = 41;  // he gave 40
  CHECK(prefs::fit_annotators(data, by, 6, all).left_out.empty());
}

TEST_CASE("fit_annotators names what is wrong") {
  const auto data = some_comparisons(4, 5);
  const std::vector<std::int64_t> by(5, 0), negative{0, 0, -1, 0, 0};
  CHECK_THROWS_AS(prefs::fit_annotators(data, std::span(by).first(4), 4), ShapeError);
  CHECK_THROWS_AS(prefs::fit_annotators(data, negative, 4), IndexError);
  prefs::AnnotatorFitConfig c;
  c.prior_wrong = 10;  // would not lean to the honest side
  CHECK_THROWS_AS(prefs::fit_annotators(data, by, 4, c), ConfigError);
}
