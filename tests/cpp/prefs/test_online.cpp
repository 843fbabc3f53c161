#include <cmath>

#include "../catch.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/prefs/online.hpp"

using namespace tutelage;

TEST_CASE("online updates find the order of items and who errs") {
  const double honest[] = {.97, .9, .5, .1};
  prefs::OnlineAnnotators online(8);
  for (std::uint32_t i = 0; i < 4000; ++i) {
    Rng rng(3, Purpose::kUser, i);
    const auto k = rng.below(4), a = rng.below(8), b = (a + 1 + rng.below(7)) % 8;
    const double d = 0.7 * (static_cast<double>(b) - static_cast<double>(a));  // low ids are better
    const bool first = (rng.uniform() < 1 / (1 + std::exp(-d))) == (rng.uniform() < honest[k]);
    online.add(static_cast<std::int64_t>(first ? a : b), static_cast<std::int64_t>(first ? b : a), static_cast<std::int64_t>(k));
  }
  const auto r = online.reliability();
  REQUIRE(r.size() == 4);
  for (std::size_t k = 0; k < 4; ++k) CHECK(r[k] == Approx(honest[k]).margin(0.12));
  for (std::size_t i = 0; i + 1 < 8; ++i) CHECK(online.means()[i] > online.means()[i + 1]);
  for (double v : online.variances()) CHECK((v > 0 && v < 0.3));
}

TEST_CASE("online updates refuse what is no answer") {
  prefs::OnlineAnnotators online(2);
  CHECK_THROWS_AS(online.add(0, 2, 0), IndexError);
  CHECK_THROWS_AS(online.add(0, 0, 0), ValueError);
  CHECK_THROWS_AS(online.add(0, 1, -1), IndexError);
  CHECK_THROWS_AS(prefs::OnlineAnnotators(0), ValueError);
  CHECK_THROWS_AS(prefs::OnlineAnnotators(2, 1, 2), ValueError);
}
