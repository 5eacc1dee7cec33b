// Aim: time the phases of a round without cluttering the line, also where one phase works inside another.
#pragma once

#include <utility>

#include "crossilo/base/clock.hpp"

namespace crossilo {

/// Adds the seconds of its own life to a phase, less those of the timers that lived within it on the same thread. Real
/// time, also in simulated runs: it measures, it decides nothing.
class PhaseTimer {
 public:
  explicit PhaseTimer(double& seconds)
      : seconds_(seconds), outer_(std::exchange(innermost_, this)), start_seconds_(steady_clock().now_seconds()) {}
  ~PhaseTimer() {
    const double elapsed = steady_clock().now_seconds() - start_seconds_;
    seconds_ += elapsed - inner_seconds_;
    if (outer_ != nullptr) outer_->inner_seconds_ += elapsed;
    innermost_ = outer_;
  }
  PhaseTimer(const PhaseTimer&) = delete;
  PhaseTimer& operator=(const PhaseTimer&) = delete;

 private:
  static inline thread_local PhaseTimer* innermost_ = nullptr;
  double& seconds_;
  PhaseTimer* outer_;
  double start_seconds_;
  double inner_seconds_ = 0.0;
};

}  // namespace crossilo
