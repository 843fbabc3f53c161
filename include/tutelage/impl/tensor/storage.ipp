#pragma once
#include <array>
#include <atomic>
#include <bit>
#include <limits>
#include <map>
#include <new>
#include <set>
#include <vector>

#include "tutelage/impl/tensor/storage.hpp"

TUTELAGE_BEGIN

namespace detail {

/// Large blocks: cut from regions of memory, best fit, and joined with their free neighbours again, so that what one part of a training step frees
/// serves the next part whatever the sizes. A region that is free altogether goes back to the system where much is free.
class Regions {
 public:
  static constexpr std::size_t kRegion = std::size_t{64} << 20, kMostFree = std::size_t{256} << 20, kStep = 4096;
  static std::size_t rounded(std::size_t bytes) { return (bytes + kStep - 1) / kStep * kStep; }

  /// nullptr where there is no memory.
  char* allocate(std::size_t bytes) {
    auto fit = by_size_.lower_bound({bytes, nullptr});
    if (fit == by_size_.end()) {
      const std::size_t size = std::max(bytes, kRegion);
      auto* region = static_cast<char*>(::operator new (size, std::align_val_t{64}, std::nothrow));
      if (!region) return nullptr;
      try {
        regions_.emplace(region, size);
        insert(region, size);
      } catch (...) {
        regions_.erase(region);
        ::operator delete (region, std::align_val_t{64});
        throw;
      }
      fit = by_size_.find({size, region});
    }
    const auto [size, p] = *fit;
    if (size > bytes) insert(p + bytes, size - bytes);  // first, for it may throw
    erase(p, size);
    return p;
  }

  void release(char* p, std::size_t bytes) {
    auto next = by_address_.lower_bound(p);
    if (next != by_address_.end() && p + bytes == next->first && !regions_.count(next->first)) {
      const auto joined = *next;
      bytes += joined.second;
      erase(joined.first, joined.second);
    }
    auto before = by_address_.lower_bound(p);
    if (before != by_address_.begin() && !regions_.count(p)) {
      --before;
      if (before->first + before->second == p) {
        const auto joined = *before;
        p = joined.first, bytes += joined.second;
        erase(joined.first, joined.second);
      }
    }
    const auto region = regions_.find(p);
    if (region != regions_.end() && region->second == bytes && free_ + bytes > kMostFree) {
      regions_.erase(region);
      ::operator delete (p, std::align_val_t{64});
      return;
    }
    insert(p, bytes);
  }
  std::size_t free_bytes() const { return free_; }

 private:
  void insert(char* p, std::size_t bytes) {
    by_address_.emplace(p, bytes);
    try {
      by_size_.emplace(bytes, p);
    } catch (...) {
      by_address_.erase(p);
      throw;
    }
    free_ += bytes;
  }
  void erase(char* p, std::size_t bytes) {
    by_address_.erase(p);
    by_size_.erase({bytes, p});
    free_ -= bytes;
  }

  std::map<char*, std::size_t> regions_, by_address_;  // whole; free
  std::set<std::pair<std::size_t, char*>> by_size_;    // free; of equal ones the lowest first
  std::size_t free_ = 0;
};

/// Small blocks by size class, powers of two cut in four, from 64 bytes; large ones from regions. Never destroyed, so that static tensors may die
/// last.
struct Pool {
  static constexpr std::size_t kLarge = std::size_t{1} << 16, kMostCached = std::size_t{16} << 20;
  std::mutex mutex;
  std::array<std::vector<void*>, 128> free;
  std::int64_t cached_small = 0;
  Regions regions;
  PoolStats stats;

  static Pool& instance() {
    static Pool* pool = new Pool;
    return *pool;
  }
  /// The class of a small size and the bytes that its blocks have.
  static std::pair<std::size_t, std::size_t> size_class(std::size_t bytes) {
    if (bytes <= 64) return {0, 64};
    const int log = std::bit_width(bytes - 1) - 1;  // 2^log < bytes <= 2^(log + 1)
    const std::size_t quarter = std::max<std::size_t>((std::size_t{1} << log) / 4, 16);
    const std::size_t steps = (bytes - (std::size_t{1} << log) + quarter - 1) / quarter;  // 1..4
    return {static_cast<std::size_t>(log) * 4 + steps, (((std::size_t{1} << log) + steps * quarter) + 63) / 64 * 64};
  }
  static std::size_t rounded(std::size_t bytes) { return bytes > kLarge ? Regions::rounded(bytes) : size_class(bytes).second; }

  void* allocate(std::size_t bytes) {
    if (bytes > kLarge) return regions.allocate(Regions::rounded(bytes));
    const auto [cls, size] = size_class(bytes);
    auto& blocks = free[cls];
    if (blocks.empty()) return ::operator new (size, std::align_val_t{64}, std::nothrow);
    void* p = blocks.back();
    blocks.pop_back();
    cached_small -= static_cast<std::int64_t>(size);
    return p;
  }
  void release(void* p, std::size_t bytes) {
    if (bytes > kLarge) return regions.release(static_cast<char*>(p), Regions::rounded(bytes));
    const auto [cls, size] = size_class(bytes);
    if (static_cast<std::size_t>(cached_small) + size > kMostCached) return ::operator delete (p, std::align_val_t{64});
    free[cls].push_back(p);
    cached_small += static_cast<std::int64_t>(size);
  }
};

TUTELAGE_INLINE void* pool_allocate(std::size_t bytes) {
  Pool& pool = Pool::instance();
  if (bytes > std::numeric_limits<std::size_t>::max() / 2) throw std::bad_alloc();
  const auto size = static_cast<std::int64_t>(Pool::rounded(bytes));
  std::lock_guard lock(pool.mutex);
  void* p = pool.allocate(bytes);
  if (!p) throw std::bad_alloc();
  pool.stats.in_use += size;
  pool.stats.peak = std::max(pool.stats.peak, pool.stats.in_use);
  return p;
}

TUTELAGE_INLINE void pool_free(void* p, std::size_t bytes) noexcept {
  Pool& pool = Pool::instance();
  std::lock_guard lock(pool.mutex);
  pool.stats.in_use -= static_cast<std::int64_t>(Pool::rounded(bytes));
  try {
    pool.release(p, bytes);
  } catch (...) {  // no memory even for the list: the block is lost
  }
}

TUTELAGE_INLINE PoolStats pool_stats() {
  Pool& pool = Pool::instance();
  std::lock_guard lock(pool.mutex);
  pool.stats.cached = pool.cached_small + static_cast<std::int64_t>(pool.regions.free_bytes());
  return pool.stats;
}

TUTELAGE_INLINE void pool_reset_peak() {
  std::lock_guard lock(Pool::instance().mutex);
  Pool::instance().stats.peak = Pool::instance().stats.in_use;
}

}  // namespace detail

TUTELAGE_END
