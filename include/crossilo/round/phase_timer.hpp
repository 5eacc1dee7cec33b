// Aim: time the phases of a round without cluttering the line.
#pragma once

#include "crossilo/base/clock.hpp"

namespace crossilo {

/// Adds the seconds of its own life to a phase. Real time, also in simulated runs: it measures, it decides nothing.
class PhaseTimer {
 public:
  explicit PhaseTimer(double& seconds) : seconds_(seconds), start_seconds_(steady_clock().now_seconds()) {}
  ~PhaseTimer() { seconds_ += steady_clock().now_seconds() - start_seconds_; }
  PhaseTimer(const PhaseTimer&) = delete;
  PhaseTimer& operator=(const PhaseTimer&) = delete;

 private:
  double& seconds_;
  double start_seconds_;
};

}  // namespace crossilo
