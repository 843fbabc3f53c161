#pragma once
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <algorithm>
#include <thread>

#if defined(__SSE2__) || defined(_M_X64)
#include <xmmintrin.h>
#endif

#include "tutelage/impl/base/team.hpp"

TUTELAGE_BEGIN

namespace detail {
/// Waits a little, and lets others run once it has taken long.
class Spin {
 public:
  void wait() noexcept {
    if (++count_ > 2000) return std::this_thread::yield();
#if defined(__SSE2__) || defined(_M_X64)
    _mm_pause();
#endif
  }

 private:
  int count_ = 0;
};
}  // namespace detail

TUTELAGE_INLINE bool Team::take(std::uint64_t& ticket) noexcept {
  if (!ticket_.compare_exchange_weak(ticket, ticket - 1, std::memory_order_acq_rel)) return false;
  const std::int64_t i = chunks_ - static_cast<std::int64_t>(ticket & kLeft);
  (*body_)(i * chunk_, std::min(n_, (i + 1) * chunk_), 0);
  done_.fetch_add(1, std::memory_order_release);
  return true;
}

TUTELAGE_INLINE void Team::help() noexcept {
  const FpStateGuard guard;
  detail::Spin spin;
  for (;;) {
    auto ticket = ticket_.load(std::memory_order_acquire);
    if (ticket == kClosed) return;
    if ((ticket & kLeft) == 0)
      spin.wait();
    else if (take(ticket))
      spin = {};
  }
}

TUTELAGE_INLINE void Team::for_each(std::int64_t n, std::int64_t grain, RangeBody body) noexcept {
  if (n <= 0) return;
  grain = std::max<std::int64_t>(grain, 1);
  if (helpers_ == 0 || n <= grain) return body(0, n, 0);
  const std::int64_t most = 4 * (helpers_ + 1), grains = (n + grain - 1) / grain;
  body_ = &body, n_ = n, chunk_ = grain * ((grains + most - 1) / most), chunks_ = (n + chunk_ - 1) / chunk_;
  done_.store(0, std::memory_order_relaxed);
  const auto number = (ticket_.load(std::memory_order_relaxed) >> 32) + 1;
  ticket_.store((number & 0x7fffffffu) << 32 | static_cast<std::uint64_t>(chunks_), std::memory_order_release);
  for (auto ticket = ticket_.load(std::memory_order_relaxed); (ticket & kLeft) != 0; ticket = ticket_.load(std::memory_order_relaxed)) take(ticket);
  for (detail::Spin spin; done_.load(std::memory_order_acquire) != chunks_;) spin.wait();
}

TUTELAGE_INLINE void with_team(int threads, const std::function<void(Team&)>& f) {
  const FpStateGuard guard;
  Team team(std::max(threads, 1) - 1);
  if (team.helpers_ == 0) return f(team);
  // Isolated as parallel_for is: at the join this thread must not pick up a task of whoever called us.
  tbb::this_task_arena::isolate([&] {
    tbb::task_group helpers;
    struct Join {
      Team& team;
      tbb::task_group& helpers;
      ~Join() {
        team.ticket_.store(Team::kClosed, std::memory_order_release);
        helpers.wait();
      }
    } join{team, helpers};
    for (int i = 0; i < team.helpers_; ++i) helpers.run([&team] { team.help(); });
    f(team);
  });
}

TUTELAGE_END
