#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "tutelage/config.hpp"

TUTELAGE_BEGIN

namespace detail {
/// 64-byte aligned memory from a process-wide cache of freed blocks. @throws std::bad_alloc
void* pool_allocate(std::size_t bytes);
void pool_free(void* p, std::size_t bytes) noexcept;
/// Bytes handed out and not freed, and the most there ever were.
struct PoolStats {
  std::int64_t in_use = 0, peak = 0, cached = 0;
};
PoolStats pool_stats();
void pool_reset_peak();
}  // namespace detail

/// One block of numbers, owned by the tensors that share it or by somebody outside (NumPy), who is then told when it is let go.
template <class T> class Storage {
 public:
  explicit Storage(std::int64_t size) : data_(static_cast<T*>(detail::pool_allocate(bytes(size)))), size_(size) {}
  Storage(T* data, std::int64_t size, std::function<void()> release) : data_(data), size_(size), release_(std::move(release)), foreign_(true) {}
  ~Storage() {
    if (!foreign_)
      detail::pool_free(data_, bytes(size_));
    else if (release_)
      release_();
  }
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::int64_t size() const { return size_; }
  bool foreign() const { return foreign_; }  // read-only: writing copies

  /// The block in the form that products read, made once and kept until the block is written to.
  template <class Make> std::shared_ptr<const Storage<T>> packed(Make&& make) {
    std::lock_guard lock(packed_mutex_);
    if (!packed_) packed_ = make();
    return packed_;
  }
  /// That form where it was made already, or null.
  std::shared_ptr<const Storage<T>> packed_already() {
    std::lock_guard lock(packed_mutex_);
    return packed_;
  }
  void forget_packed() { packed_.reset(); }  // only by the sole owner

 private:
  static std::size_t bytes(std::int64_t size) { return static_cast<std::size_t>(size) * sizeof(T); }
  T* data_;
  std::int64_t size_;
  std::function<void()> release_;
  bool foreign_ = false;
  std::mutex packed_mutex_;
  std::shared_ptr<const Storage<T>> packed_;
};

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/tensor/storage.ipp"
#endif
