#pragma once
#include <atomic>
#include <functional>
#include <memory>

#include "tutelage/base/parallel.hpp"

TUTELAGE_BEGIN

/// parallel_for for many short loops in a row: threads are forked once and spin from loop to loop, which costs less than a microsecond; they sleep
/// where none comes. The leader never waits for a thread that has not begun, so it finishes alone where the others are busy elsewhere.
class Team {
 public:
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;
  /// The calling thread without others.
  static Team alone() { return Team(0); }

  int size() const noexcept { return helpers_ + 1; }
  /// Whether this thread leads a team that waits for a loop.
  static bool leads() noexcept;

  /// As parallel_for; on the leader's thread only, and not from a body. Each thread begins with the same part of [0, n) in every loop, so that
  /// what it wrote is read from its own cache; then it takes what others have left.
  void for_each(std::int64_t n, std::int64_t grain, RangeBody body) noexcept;

 private:
  friend void with_team(int, const std::function<void(Team&)>&);
  friend void parallel_for(std::int64_t, std::int64_t, RangeBody, int);
  explicit Team(int helpers) : helpers_(helpers), shares_(helpers > 0 ? new Share[static_cast<std::size_t>(helpers) + 1] : nullptr) {}
  void help(int worker) noexcept;
  bool work(int worker) noexcept;  // on the chunks of the loop at hand that are left, its own first
  static void pause() noexcept;
  static Team*& current() noexcept;  // whose leader this thread is, outside its loops

  // Chunks of one worker's share that are left to take, and the number of the loop they belong to.
  struct alignas(64) Share {
    std::atomic<std::uint64_t> left{0};
  };
  static constexpr int kSpins = 2000;  // pauses of some 40 ns
  static constexpr std::uint64_t kLeft = 0xffffffffu, kClosed = ~std::uint64_t{0};
  const int helpers_;
  const std::unique_ptr<Share[]> shares_;
  // Of the loop at hand; written while no chunk of it is left, read by who took one.
  const RangeBody* body_ = nullptr;
  std::int64_t n_ = 0, chunk_ = 0, chunks_ = 0;
  alignas(64) std::atomic<std::uint64_t> loop_{0};  // its number
  alignas(64) std::atomic<std::int64_t> done_{0};
};

/// Calls f(team) on this thread with a team of at most `threads`, and joins it. parallel_for uses the team as well, where f calls it on this thread.
void with_team(int threads, const std::function<void(Team&)>& f);

/// Calls f() with a team of num_threads() for every parallel_for in it; plainly where there is one already.
template <class F> void with_threads(const F& f) {
  with_team(num_threads(), [&f](Team&) { f(); });
}

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/base/team.ipp"
#endif
