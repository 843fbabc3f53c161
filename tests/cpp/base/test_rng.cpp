#include "../catch.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include "tutelage/base/error.hpp"
#include "tutelage/base/rng.hpp"

using namespace tutelage;
using Block = std::array<std::uint32_t, 4>;

TEST_CASE("philox gives the known answers of Random123", "[base]") {
  CHECK(philox(0, {0, 0, 0, 0}) == Block{0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u});
  CHECK(philox(0xffffffffffffffffu, {0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu}) ==
        Block{0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu});
  CHECK(philox(0x299f31d0a4093822u, {0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u}) ==
        Block{0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u});
}

TEST_CASE("a stream is the blocks of its counter in order", "[base]") {
  Rng rng(42, Purpose::kSample, 7, 3, 5, 9);
  for (std::uint32_t draw = 0; draw < 3; ++draw) {
    const Block block = philox(42, {(9u << 8) + draw, 7, 3, (2u << 24) | 5});
    for (const std::uint32_t word : block) CHECK(rng.bits() == word);
  }
}

TEST_CASE("streams that differ in one part of their key share no words", "[base]") {
  std::vector<Rng> streams = {
      Rng(1, Purpose::kInit),       Rng(2, Purpose::kInit),          Rng(1, Purpose::kSample),           Rng(1, Purpose::kInit, 1),
      Rng(1, Purpose::kInit, 0, 1), Rng(1, Purpose::kInit, 0, 0, 1), Rng(1, Purpose::kInit, 0, 0, 0, 1), Rng(1ull << 32, Purpose::kInit)};
  std::set<std::uint64_t> seen;
  for (Rng& stream : streams)
    for (int i = 0; i < 100; ++i) {
      const std::uint64_t high = stream.bits();
      CHECK(seen.insert((high << 32) | stream.bits()).second);
    }
}

TEST_CASE("parts of the key that do not fit are refused", "[base]") {
  CHECK_THROWS_AS(Rng(1, Purpose::kInit, 0, 0, 1u << 24), ValueError);
  CHECK_THROWS_AS(Rng(1, Purpose::kInit, 0, 0, 0, 1u << 24), ValueError);
  CHECK_THROWS_AS(Rng(1, static_cast<Purpose>(256)), ValueError);
  CHECK_NOTHROW(Rng(1, Purpose::kUser, 0, 0, (1u << 24) - 1, (1u << 24) - 1));
}

TEST_CASE("uniform is even on [0, 1) and uses 53 bits", "[base]") {
  Rng rng(3, Purpose::kUser);
  constexpr int kDraws = 200000;
  std::array<int, 20> bins{};
  bool low_bit = false;
  for (int i = 0; i < kDraws; ++i) {
    const double u = rng.uniform();
    REQUIRE((u >= 0.0 && u < 1.0));
    ++bins[static_cast<std::size_t>(u * 20)];
    low_bit |= (static_cast<std::uint64_t>(u * 0x1p53) & 1) != 0;
  }
  CHECK(low_bit);
  double chi2 = 0;
  for (const int count : bins) chi2 += std::pow(count - kDraws / 20.0, 2) / (kDraws / 20.0);
  CHECK(chi2 < 43.8);  // 19 degrees of freedom, 0.1 %
}

TEST_CASE("normal has the moments of N(0, 1)", "[base]") {
  Rng rng(4, Purpose::kInit);
  constexpr int kDraws = 200000;
  double s1 = 0, s2 = 0, s3 = 0, s4 = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = rng.normal();
    REQUIRE(std::isfinite(x));
    s1 += x, s2 += x * x, s3 += x * x * x, s4 += x * x * x * x;
  }
  CHECK(std::abs(s1 / kDraws) < 0.01);  // four standard errors and more
  CHECK(std::abs(s2 / kDraws - 1) < 0.02);
  CHECK(std::abs(s3 / kDraws) < 0.05);
  CHECK(std::abs(s4 / kDraws - 3) < 0.15);
}

TEST_CASE("below is even, and refuses an empty range", "[base]") {
  Rng rng(5, Purpose::kShuffle);
  std::array<int, 7> bins{};
  for (int i = 0; i < 70000; ++i) ++bins[static_cast<std::size_t>(rng.below(7))];
  double chi2 = 0;
  for (const int count : bins) chi2 += std::pow(count - 10000.0, 2) / 10000.0;
  CHECK(chi2 < 22.5);  // 6 degrees of freedom, 0.1 %
  CHECK(rng.below(1) == 0);
  const std::uint64_t large = (std::uint64_t{1} << 63) + 1;
  int upper = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t x = rng.below(large);
    REQUIRE(x < large);
    upper += x >= large / 2 ? 1 : 0;
  }
  CHECK(std::abs(upper - 500) < 70);
  CHECK_THROWS_AS(rng.below(0), ValueError);
}

TEST_CASE("shuffle is a permutation, every order alike", "[base]") {
  Rng rng(6, Purpose::kShuffle);
  std::array<int, 6> orders{};
  for (int i = 0; i < 6000; ++i) {
    std::vector<std::int64_t> v = {0, 1, 2};
    rng.shuffle(v);
    REQUIRE(std::set<std::int64_t>(v.begin(), v.end()).size() == 3);
    ++orders[static_cast<std::size_t>(v[0] * 2 + (v[1] > v[2] ? 1 : 0))];
  }
  for (const int count : orders) CHECK(std::abs(count - 1000) < 130);
  std::vector<std::int64_t> many(1000), same(1000);
  std::iota(many.begin(), many.end(), 0);
  same = many;
  Rng(8, Purpose::kShuffle).shuffle(many);
  Rng(8, Purpose::kShuffle).shuffle(same);
  CHECK(many == same);
  CHECK_FALSE(std::is_sorted(many.begin(), many.end()));
  std::vector<std::int64_t> none;
  rng.shuffle(none);
  CHECK(none.empty());
}
