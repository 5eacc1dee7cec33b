// Aim: the time of day, for what people read; deadlines use base/clock.
#pragma once

#include <chrono>

namespace crossilo {

/// Seconds since 1970, UTC. May jump when the machine's clock is set.
[[nodiscard]] inline double unix_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace crossilo
