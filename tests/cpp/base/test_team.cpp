#include <atomic>
#include <thread>
#include <vector>
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

#include "../catch.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/impl/base/team.hpp"

using namespace tutelage;

TEST_CASE("a team visits every index of each of its loops once, and joins on an error", "[base]") {
  for (const int threads : {1, 2, 3, 8}) {
    std::vector<std::int64_t> total(1000, 0);
    with_team(threads, [&](Team& team) {
      for (std::int64_t round = 0; round < 2000; ++round) {
        const std::int64_t n = round % 1001;
        team.for_each(n, round % 7, [&](std::int64_t b, std::int64_t e) {
          for (std::int64_t i = b; i < e; ++i) total[static_cast<std::size_t>(i)] += round + 1;
        });
      }
    });
    for (std::int64_t i = 0; i < 1000; ++i) {
      std::int64_t expected = 0;
      for (std::int64_t round = 0; round < 2000; ++round) expected += round % 1001 > i ? round + 1 : 0;
      REQUIRE(total[static_cast<std::size_t>(i)] == expected);
    }
    CHECK_THROWS_AS(with_team(threads, [&](Team&) { throw StateError("stop"); }), StateError);
  }
}

TEST_CASE("a team works inside another's loop and on several threads at once", "[base]") {
  std::atomic<std::int64_t> sum{0};
  const auto work = [&] {
    with_team(3, [&](Team& outer) {
      outer.for_each(8, 1, [&](std::int64_t b, std::int64_t e) {
        with_team(2, [&](Team& inner) { inner.for_each(100 * (e - b), 1, [&](std::int64_t i, std::int64_t j) { sum += j - i; }); });
      });
    });
  };
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) callers.emplace_back(work);
  for (auto& caller : callers) caller.join();
  CHECK(sum == 4 * 8 * 100);
}

#if defined(__SSE2__)
TEST_CASE("every thread of a team rounds to nearest, with denormals", "[base]") {
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x8040u);
  std::atomic<int> odd{0};
  with_team(3, [&](Team& team) {
    for (int i = 0; i < 100; ++i) team.for_each(12, 1, [&](std::int64_t, std::int64_t) { odd += (_mm_getcsr() & 0xffc0u) != 0x1f80u; });
  });
  CHECK(odd == 0);
  CHECK((_mm_getcsr() & 0x8040u) == 0x8040u);
  _mm_setcsr(before);
}
#endif
