#include "../catch.hpp"

#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <set>
#include <thread>
#include <vector>
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

#include "tutelage/base/error.hpp"
#include "tutelage/base/parallel.hpp"

using namespace tutelage;

namespace {

struct Threads {  // the limit of a scope
  explicit Threads(int n) { set_num_threads(n); }
  ~Threads() { set_num_threads(0); }
};

std::vector<int> visits(std::int64_t n, std::int64_t grain, std::int64_t* shortest = nullptr) {
  std::vector<int> count(static_cast<std::size_t>(n), 0);
  std::mutex mutex;
  parallel_for(n, grain, [&](std::int64_t b, std::int64_t e) {
    for (std::int64_t i = b; i < e; ++i) ++count[static_cast<std::size_t>(i)];
    const std::lock_guard lock(mutex);
    if (shortest && e != n) *shortest = std::min(*shortest, e - b);
  });
  return count;
}

}  // namespace

TEST_CASE("every index is visited once, in ranges of at least the grain", "[base]") {
  for (const int threads : {1, 2, 3, 8}) {
    const Threads limit(threads);
    for (const std::int64_t n : {1, 2, 7, 64, 1000, 100003})
      for (const std::int64_t grain : {1, 5, 64, 1000}) {
        std::int64_t shortest = n;
        CHECK(visits(n, grain, &shortest) == std::vector<int>(static_cast<std::size_t>(n), 1));
        CHECK(shortest >= std::min(n, grain));
      }
  }
  bool called = false;
  parallel_for(0, 1, [&](std::int64_t, std::int64_t) { called = true; });
  parallel_for(-5, 1, [&](std::int64_t, std::int64_t) { called = true; });
  CHECK_FALSE(called);
  CHECK(visits(10, 0) == std::vector<int>(10, 1));
}

TEST_CASE("small work and one thread stay on the calling thread in one piece", "[base]") {
  int calls = 0;
  std::thread::id where;
  const auto body = [&](std::int64_t b, std::int64_t e) {
    ++calls;
    where = std::this_thread::get_id();
    CHECK(b == 0);
    CHECK(e == 100);
  };
  parallel_for(100, 100, body);
  CHECK(calls == 1);
  CHECK(where == std::this_thread::get_id());
  const Threads limit(1);
  parallel_for(100, 1, body);
  CHECK(calls == 2);
  CHECK(where == std::this_thread::get_id());
}

TEST_CASE("several workers work, never more than the limit", "[base]") {
  // On a machine with few cores TBB offers few workers: raise what it may use, and work in an arena of eight.
  const tbb::global_control more(tbb::global_control::max_allowed_parallelism, 8);
  tbb::task_arena arena(8);
  for (const int threads : {1, 2, 4}) {
    const Threads limit(threads);
    std::mutex mutex;
    std::set<std::thread::id> workers;
    std::atomic<int> now{0}, most{0};
    arena.execute([&] {
      parallel_for(64, 1, [&](std::int64_t, std::int64_t) {
        const int running = ++now;
        int seen = most.load();
        while (running > seen && !most.compare_exchange_weak(seen, running)) {}
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        --now;
        const std::lock_guard lock(mutex);
        workers.insert(std::this_thread::get_id());
      });
    });
    CHECK(most.load() <= threads);
    CHECK(workers.size() <= static_cast<std::size_t>(threads));
    if (threads > 1) CHECK(workers.size() >= 2);
    if (threads == 4) CHECK(workers.size() >= 3);
  }
}

TEST_CASE("nested work is complete and stays isolated", "[base]") {
  const tbb::global_control more(tbb::global_control::max_allowed_parallelism, 4);
  tbb::task_arena arena(4);
  const Threads limit(4);
  std::vector<std::atomic<int>> count(16 * 500);
  std::atomic<int> broken{0};
  arena.execute([&] {
    parallel_for(16, 1, [&](std::int64_t b, std::int64_t e) {
      static thread_local int depth = 0;
      if (depth++ != 0) ++broken;  // a waiting thread took up another outer body
      for (std::int64_t i = b; i < e; ++i)
        parallel_for(500, 10, [&, i](std::int64_t b2, std::int64_t e2) {
          for (std::int64_t j = b2; j < e2; ++j) ++count[static_cast<std::size_t>(i * 500 + j)];
          std::this_thread::sleep_for(std::chrono::microseconds(50));
        });
      --depth;
    });
  });
  CHECK(broken.load() == 0);
  for (const auto& c : count) REQUIRE(c.load() == 1);
}

TEST_CASE("the limit is checked and read back", "[base]") {
  CHECK_THROWS_AS(set_num_threads(-1), ValueError);
  CHECK_THROWS_AS(set_num_threads(1025), ValueError);
  {
    const Threads limit(3);
    CHECK(num_threads() == 3);
  }
  const char* environment = std::getenv("TUTELAGE_NUM_THREADS");
  CHECK(num_threads() == (environment && *environment ? std::atoi(environment) : tbb::this_task_arena::max_concurrency()));
}

#if defined(__SSE2__)
TEST_CASE("bodies see denormals and round-to-nearest whatever the caller set, and the caller's state comes back", "[base]") {
  const unsigned before = _mm_getcsr();
  const unsigned hostile = (before & ~0x6000u) | 0x8040u | 0x6000u;  // flush to zero, denormals are zero, round towards zero
  for (const int threads : {1, 2}) {
    const Threads limit(threads);
    std::atomic<int> wrong{0}, bodies{0};
    _mm_setcsr(hostile);
    parallel_for(64, 1, [&](std::int64_t, std::int64_t) {
      volatile float tiny = 1e-38f, half = 0.5f;
      volatile float denormal = tiny * half * half;
      volatile float one = 1.0f, ulp = 0x1.8p-24f;
      volatile float rounded = one + ulp;
      if (denormal == 0.0f || rounded == 1.0f || (_mm_getcsr() & 0xFFC0u) != 0x1F80u) ++wrong;
      ++bodies;
    });
    const unsigned after = _mm_getcsr();
    _mm_setcsr(before);
    CHECK(wrong.load() == 0);
    CHECK(bodies.load() >= 1);
    CHECK((after & 0xFFC0u) == (hostile & 0xFFC0u));
  }
}

TEST_CASE("the guard leaves an ordinary state alone", "[base]") {
  const unsigned before = _mm_getcsr();
  {
    const FpStateGuard guard;
    CHECK((_mm_getcsr() & 0xFFC0u) == 0x1F80u);
  }
  CHECK((_mm_getcsr() & 0xFFC0u) == (before & 0xFFC0u));
}
#endif
