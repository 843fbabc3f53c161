#pragma once
#include <array>
#include <atomic>
#include <bit>
#include <new>
#include <vector>

#include "tutelage/impl/tensor/storage.hpp"

TUTELAGE_BEGIN

namespace detail {

/// Freed blocks by size class: powers of two cut in four, from 64 bytes. Never destroyed, so that static tensors may die last.
struct Pool {
  static constexpr std::size_t kMostCached = std::size_t{256} << 20;
  std::mutex mutex;
  std::array<std::vector<void*>, 256> free;
  PoolStats stats;

  static Pool& instance() {
    static Pool* pool = new Pool;
    return *pool;
  }
  /// The class of a size and the bytes that its blocks have.
  static std::pair<std::size_t, std::size_t> size_class(std::size_t bytes) {
    if (bytes <= 64) return {0, 64};
    const int log = std::bit_width(bytes - 1) - 1;  // 2^log < bytes <= 2^(log + 1)
    const std::size_t quarter = std::max<std::size_t>((std::size_t{1} << log) / 4, 16);
    const std::size_t steps = (bytes - (std::size_t{1} << log) + quarter - 1) / quarter;  // 1..4
    return {static_cast<std::size_t>(log) * 4 + steps, (((std::size_t{1} << log) + steps * quarter) + 63) / 64 * 64};
  }
};

TUTELAGE_INLINE void* pool_allocate(std::size_t bytes) {
  Pool& pool = Pool::instance();
  const auto [cls, rounded] = Pool::size_class(bytes);
  {
    std::lock_guard lock(pool.mutex);
    pool.stats.in_use += static_cast<std::int64_t>(rounded);
    pool.stats.peak = std::max(pool.stats.peak, pool.stats.in_use);
    auto& blocks = pool.free[cls];
    if (!blocks.empty()) {
      void* p = blocks.back();
      blocks.pop_back();
      pool.stats.cached -= static_cast<std::int64_t>(rounded);
      return p;
    }
  }
  void* p = ::operator new (rounded, std::align_val_t{64}, std::nothrow);
  if (!p) {
    std::lock_guard lock(pool.mutex);
    pool.stats.in_use -= static_cast<std::int64_t>(rounded);
    throw std::bad_alloc();
  }
  return p;
}

TUTELAGE_INLINE void pool_free(void* p, std::size_t bytes) noexcept {
  Pool& pool = Pool::instance();
  const auto [cls, rounded] = Pool::size_class(bytes);
  std::unique_lock lock(pool.mutex);
  pool.stats.in_use -= static_cast<std::int64_t>(rounded);
  if (static_cast<std::size_t>(pool.stats.cached) + rounded <= Pool::kMostCached) {
    try {
      pool.free[cls].push_back(p);
      pool.stats.cached += static_cast<std::int64_t>(rounded);
      return;
    } catch (...) {  // no memory for the list: give the block back instead
    }
  }
  lock.unlock();
  ::operator delete (p, std::align_val_t{64});
}

TUTELAGE_INLINE PoolStats pool_stats() {
  std::lock_guard lock(Pool::instance().mutex);
  return Pool::instance().stats;
}

TUTELAGE_INLINE void pool_reset_peak() {
  std::lock_guard lock(Pool::instance().mutex);
  Pool::instance().stats.peak = Pool::instance().stats.in_use;
}

}  // namespace detail

TUTELAGE_END
