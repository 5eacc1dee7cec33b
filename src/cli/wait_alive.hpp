// Aim: a rank that waits for its disk is not taken for a lost one, unless that lasts too long.
#pragma once

#include <functional>
#include <future>

namespace crossilo {

/// Waits for another thread's work; calls `show_life` ten times a second, but no longer than for `life_seconds_max`: a
/// disk that hangs is a silo that hangs.
void wait_alive(const std::future<void>& work, const std::function<void()>& show_life, double life_seconds_max);

}  // namespace crossilo
