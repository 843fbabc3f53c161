#pragma once
#include <atomic>
#include <functional>

#include "tutelage/base/parallel.hpp"

TUTELAGE_BEGIN

/// parallel_for for many short loops in a row: threads are forked once and spin from loop to loop, which costs less than a microsecond. The
/// leader never waits for a thread that has not begun, so it finishes alone where the others are busy elsewhere.
class Team {
 public:
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;
  /// The calling thread without others.
  static Team alone() noexcept { return Team(0); }

  /// As parallel_for, for bodies that ask for no worker's number; on the leader's thread only, and not from a body.
  void for_each(std::int64_t n, std::int64_t grain, RangeBody body) noexcept;

 private:
  friend void with_team(int, const std::function<void(Team&)>&);
  explicit Team(int helpers) noexcept : helpers_(helpers) {}
  void help() noexcept;
  bool take(std::uint64_t& ticket) noexcept;  // one chunk of the loop at hand

  static constexpr std::uint64_t kLeft = 0xffffffffu, kClosed = ~std::uint64_t{0};
  const int helpers_;
  // Of the loop at hand; written while no chunk of it is left, read by who took one.
  const RangeBody* body_ = nullptr;
  std::int64_t n_ = 0, chunk_ = 0, chunks_ = 0;
  alignas(64) std::atomic<std::uint64_t> ticket_{0};  // number of the loop, chunks left to take
  alignas(64) std::atomic<std::int64_t> done_{0};
};

/// Calls f(team) on this thread with a team of at most `threads`, and joins it.
void with_team(int threads, const std::function<void(Team&)>& f);

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/base/team.ipp"
#endif
