#pragma once
#include <cstdint>
#include <type_traits>

#include "tutelage/config.hpp"

TUTELAGE_BEGIN

/// A reference to a callable f(begin, end) or f(begin, end, worker); the callable must outlive the call and must not throw.
class RangeBody {
 public:
  template <class F>
  RangeBody(const F& f) noexcept  // NOLINT: implicit on purpose
      : object_(&f), call_([](const void* o, std::int64_t begin, std::int64_t end, [[maybe_unused]] int worker) noexcept {
          if constexpr (std::is_invocable_v<const F&, std::int64_t, std::int64_t, int>)
            (*static_cast<const F*>(o))(begin, end, worker);
          else
            (*static_cast<const F*>(o))(begin, end);
        }) {}
  void operator()(std::int64_t begin, std::int64_t end, int worker) const noexcept { call_(object_, begin, end, worker); }

 private:
  const void* object_;
  void (*call_)(const void*, std::int64_t, std::int64_t, int) noexcept;
};

/// Calls body on disjoint ranges that cover [0, n), each at least `grain` long but for the last; on this thread alone where
/// n <= grain or one thread is asked for. Every body runs with round-to-nearest and denormals on. Nested work stays isolated.
/// At most `threads` at once (0: num_threads()); worker, below that, numbers those that run at once, so that each may have its own memory.
void parallel_for(std::int64_t n, std::int64_t grain, RangeBody body, int threads = 0);

/// Most threads that parallel_for uses. 0 (the default): TUTELAGE_NUM_THREADS, else what TBB's arena offers.
/// @throws ValueError if n < 0 or n > 1024.
void set_num_threads(int n);
int num_threads();

/// Round-to-nearest, denormals on, while it lives; then the caller's state again.
class FpStateGuard {
 public:
  FpStateGuard() noexcept;
  ~FpStateGuard();
  FpStateGuard(const FpStateGuard&) = delete;
  FpStateGuard& operator=(const FpStateGuard&) = delete;

 private:
  std::uint64_t saved_;
};

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/base/parallel.ipp"
#endif
