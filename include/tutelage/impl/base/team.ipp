#pragma once
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <algorithm>
#include <thread>
#include <utility>

#if defined(__SSE2__) || defined(_M_X64)
#include <xmmintrin.h>
#endif

#include "tutelage/impl/base/team.hpp"
#include "tutelage/impl/base/worker_hook.hpp"

TUTELAGE_BEGIN

TUTELAGE_INLINE Team*& Team::current() noexcept {
  thread_local Team* team = nullptr;
  return team;
}

TUTELAGE_INLINE bool Team::leads() noexcept { return current() != nullptr; }

TUTELAGE_INLINE bool Team::work(int worker) noexcept {
  const int workers = helpers_ + 1;
  bool worked = false;
  for (int k = 0; k < workers; ++k) {
    const int owner = (worker + k) % workers;
    auto& left = shares_[static_cast<std::size_t>(owner)].left;
    for (auto seen = left.load(std::memory_order_acquire); (seen & kLeft) != 0;) {
      if (!left.compare_exchange_weak(seen, seen - 1, std::memory_order_acq_rel)) continue;
      if (const auto hook = detail::worker_hook().load(std::memory_order_relaxed)) hook();
      const std::int64_t end = chunks_ * (owner + 1) / workers, i = end - static_cast<std::int64_t>(seen & kLeft);
      (*body_)(i * chunk_, std::min(n_, (i + 1) * chunk_), worker);
      done_.fetch_add(1, std::memory_order_release);
      worked = true;
      seen = left.load(std::memory_order_acquire);
    }
  }
  return worked;
}

TUTELAGE_INLINE void Team::help(int worker) noexcept {
  const FpStateGuard guard;
  for (int waited = 0;;) {
    const auto loop = loop_.load(std::memory_order_acquire);
    if (loop == kClosed) return;
    if (work(worker))
      waited = 0;
    else if (++waited < kSpins)
      pause();
    else
      loop_.wait(loop, std::memory_order_acquire);
  }
}

TUTELAGE_INLINE void Team::pause() noexcept {
#if defined(__SSE2__) || defined(_M_X64)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

TUTELAGE_INLINE void Team::for_each(std::int64_t n, std::int64_t grain, RangeBody body) noexcept {
  if (n <= 0) return;
  grain = std::max<std::int64_t>(grain, 1);
  if (helpers_ == 0 || n <= grain) return body(0, n, 0);
  const std::int64_t most = 4 * (helpers_ + 1), grains = (n + grain - 1) / grain;
  Team* const before = std::exchange(current(), nullptr);  // a loop inside a body is not the team's
  body_ = &body, n_ = n, chunk_ = grain * ((grains + most - 1) / most), chunks_ = (n + chunk_ - 1) / chunk_;
  done_.store(0, std::memory_order_relaxed);
  const auto number = loop_.load(std::memory_order_relaxed) + 1;
  for (int w = 0; w <= helpers_; ++w) {
    const auto size = static_cast<std::uint64_t>(chunks_ * (w + 1) / (helpers_ + 1) - chunks_ * w / (helpers_ + 1));
    shares_[static_cast<std::size_t>(w)].left.store((number & kLeft) << 32 | size, std::memory_order_release);
  }
  loop_.store(number, std::memory_order_release);
  loop_.notify_all();
  work(0);
  for (int waited = 0; done_.load(std::memory_order_acquire) != chunks_; ++waited)
    waited < kSpins ? pause() : std::this_thread::yield();  // whoever has the last chunk may need this core
  current() = before;
}

TUTELAGE_INLINE void with_team(int threads, const std::function<void(Team&)>& f) {
  const FpStateGuard guard;
  Team team(Team::current() ? 0 : std::max(threads, 1) - 1);
  if (team.helpers_ == 0) return f(team);
  // Isolated as parallel_for is: at the join this thread must not pick up a task of whoever called us.
  tbb::this_task_arena::isolate([&] {
    tbb::task_group helpers;
    struct Join {
      Team& team;
      tbb::task_group& helpers;
      ~Join() {
        Team::current() = nullptr;
        team.loop_.store(Team::kClosed, std::memory_order_release);
        team.loop_.notify_all();
        helpers.wait();
      }
    } join{team, helpers};
    for (int i = 1; i <= team.helpers_; ++i) helpers.run([&team, i] { team.help(i); });
    Team::current() = &team;
    f(team);
  });
}

TUTELAGE_END
