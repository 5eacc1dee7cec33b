#include "crossilo/base/clock.hpp"

#include <chrono>

namespace crossilo {

double SteadyClock::now_seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

SteadyClock& steady_clock() {
  static SteadyClock clock;
  return clock;
}

}  // namespace crossilo
