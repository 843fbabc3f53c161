#pragma once
#include <tbb/parallel_for.h>
#include <tbb/partitioner.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>

#if defined(__SSE2__) || defined(_M_X64)
#include <xmmintrin.h>
#endif

#include "tutelage/base/fail.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/base/team.hpp"
#include "tutelage/impl/base/worker_hook.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace detail {

TUTELAGE_INLINE std::atomic<WorkerHook>& worker_hook() {
  static std::atomic<WorkerHook> hook{nullptr};
  return hook;
}
TUTELAGE_INLINE WorkerHook set_worker_hook(WorkerHook hook) noexcept { return worker_hook().exchange(hook); }

/// 0: not set by a call.
TUTELAGE_INLINE std::atomic<int>& thread_limit() {
  static std::atomic<int> limit{0};
  return limit;
}

/// TUTELAGE_NUM_THREADS, read once; 0 where it is absent or empty.
TUTELAGE_INLINE int thread_limit_of_environment() {
  static const int limit = [] {
    const char* text = std::getenv("TUTELAGE_NUM_THREADS");
    if (!text || !*text) return 0;
    char* end = nullptr;
    const long value = std::strtol(text, &end, 10);
    if (*end || value < 1 || value > 1024)
      fail<ValueError>("num_threads", "the environment's TUTELAGE_NUM_THREADS is no number of threads", text, "1 to 1024");
    return static_cast<int>(value);
  }();
  return limit;
}

#if defined(__SSE2__) || defined(_M_X64)
// MXCSR: all exceptions masked, round to nearest, no flush to zero, no denormals as zero; the low six bits are sticky flags.
constexpr std::uint64_t kFpControl = 0xFFC0u;
constexpr std::uint64_t kFpDefault = 0x1F80u;
TUTELAGE_INLINE std::uint64_t fp_state() noexcept { return _mm_getcsr(); }
TUTELAGE_INLINE void set_fp_state(std::uint64_t state) noexcept { _mm_setcsr(static_cast<unsigned>(state)); }
#elif defined(__aarch64__)
// FPCR: zero is round to nearest, no flush to zero, default NaN off, no traps.
constexpr std::uint64_t kFpControl = ~std::uint64_t{0};
constexpr std::uint64_t kFpDefault = 0;
TUTELAGE_INLINE std::uint64_t fp_state() noexcept {
  std::uint64_t state;
  __asm__ __volatile__("mrs %0, fpcr" : "=r"(state));
  return state;
}
TUTELAGE_INLINE void set_fp_state(std::uint64_t state) noexcept { __asm__ __volatile__("msr fpcr, %0" : : "r"(state)); }
#else
#error "tutelage does not know this processor's floating-point control register (x86-64 and aarch64 are known)"
#endif

}  // namespace detail

TUTELAGE_INLINE FpStateGuard::FpStateGuard() noexcept : saved_(detail::fp_state()) {
  if ((saved_ & detail::kFpControl) != detail::kFpDefault) detail::set_fp_state(detail::kFpDefault);
}

TUTELAGE_INLINE FpStateGuard::~FpStateGuard() {
  if ((saved_ & detail::kFpControl) != detail::kFpDefault) detail::set_fp_state(saved_);
}

TUTELAGE_INLINE void set_num_threads(int n) {
  if (n < 0 || n > 1024) detail::fail<ValueError>("set_num_threads", "n is no number of threads", detail::str(n), "0 (automatic) to 1024");
  detail::thread_limit().store(n, std::memory_order_relaxed);
}

TUTELAGE_INLINE int num_threads() {
  int limit = detail::thread_limit().load(std::memory_order_relaxed);
  if (limit == 0) limit = detail::thread_limit_of_environment();
  return limit != 0 ? limit : tbb::this_task_arena::max_concurrency();
}

TUTELAGE_INLINE void parallel_for(std::int64_t n, std::int64_t grain, RangeBody body, int threads) {
  if (n <= 0) return;
  grain = std::max<std::int64_t>(grain, 1);
  if (n <= grain) threads = 1;
  if (threads == 0) threads = num_threads();
  if (threads == 1) {
    const FpStateGuard guard;
    body(0, n, 0);
    return;
  }
  if (Team* const team = Team::current(); team && team->helpers_ < threads) {
    const FpStateGuard guard;
    return team->for_each(n, grain, body);
  }
  // As many tasks as threads may work draw chunks from one counter. An arena of our own would make TBB print a warning where it
  // asks for more than the machine has, and global_control would bind the host program too.
  const std::int64_t grains = (n + grain - 1) / grain;
  const std::int64_t chunk = grain * ((grains + 4 * threads - 1) / (4 * threads));
  const std::int64_t chunks = (n + chunk - 1) / chunk;
  const int tasks = static_cast<int>(std::min<std::int64_t>(threads, chunks));
  std::atomic<std::int64_t> next{0};
  const auto work = [&](int worker) {
    const FpStateGuard guard;
    for (bool first = true;; first = false) {
      const std::int64_t i = next.fetch_add(1, std::memory_order_relaxed);
      if (i >= chunks) return;
      if (first)
        if (const auto hook = detail::worker_hook().load(std::memory_order_relaxed)) hook();
      body(i * chunk, std::min(n, (i + 1) * chunk), worker);
    }
  };
  // Isolated: while this thread waits it must not pick up a task of whoever called us.
  tbb::this_task_arena::isolate([&] { tbb::parallel_for(0, tasks, 1, work, tbb::simple_partitioner{}); });
}

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
