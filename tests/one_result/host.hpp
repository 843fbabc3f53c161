#pragma once
// A host program that has set the processor's floating-point control to something else than the default.
#include <cstdint>
#include <string>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace one_result {

#if defined(__x86_64__)
constexpr std::uint64_t kControl = 0xFFC0, kFlush = 0x8040, kUpward = 0x4000;  // without the sticky exception flags
inline std::uint64_t control() { return _mm_getcsr(); }
inline void set_control(std::uint64_t value) { _mm_setcsr(static_cast<unsigned>(value)); }
#elif defined(__aarch64__)
constexpr std::uint64_t kControl = ~std::uint64_t{0}, kFlush = 1u << 24, kUpward = 1u << 22;
inline std::uint64_t control() {
  std::uint64_t value;
  __asm__ __volatile__("mrs %0, fpcr" : "=r"(value));
  return value;
}
inline void set_control(std::uint64_t value) { __asm__ __volatile__("msr fpcr, %0" : : "r"(value)); }
#endif

/// The control register of a host ("plain", "flush", "upward" or "both") while it lives.
class Host {
 public:
  explicit Host(const std::string& kind) : before_(control()) {
    std::uint64_t wanted = before_;
    if (kind == "flush" || kind == "both") wanted |= kFlush;
    if (kind == "upward" || kind == "both") wanted |= kUpward;
    if (wanted != before_) set_control(wanted);
    wanted_ = wanted & kControl;
  }
  ~Host() { set_control(before_); }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  bool unchanged() const { return (control() & kControl) == wanted_; }

 private:
  std::uint64_t before_, wanted_;
};

}  // namespace one_result
