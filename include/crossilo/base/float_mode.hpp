// Aim: one floating-point mode where all ranks must compute equal bits.
#pragma once

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace crossilo {

/// Within its scope floats and doubles are rounded to nearest and denormal numbers are kept, whatever a library has
/// set; afterwards the caller's mode is back. Elsewhere than on x86-64 nothing is done: there the mode stays as the
/// process began, which is this one.
class FloatModeGuard {
 public:
  FloatModeGuard(const FloatModeGuard&) = delete;
  FloatModeGuard& operator=(const FloatModeGuard&) = delete;
#if defined(__x86_64__)
  FloatModeGuard() noexcept : earlier_(_mm_getcsr()) { _mm_setcsr(kDefaultMode); }
  ~FloatModeGuard() { _mm_setcsr(earlier_); }

 private:
  static constexpr unsigned kDefaultMode = 0x1f80;  // all exceptions masked, to nearest, no FTZ, no DAZ
  unsigned earlier_;
#else
  FloatModeGuard() noexcept {}
  ~FloatModeGuard() {}
#endif
};

}  // namespace crossilo
