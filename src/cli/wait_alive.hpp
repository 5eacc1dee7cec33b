// Aim: a rank that waits for its disk is not taken for a lost one, unless that lasts too long.
#pragma once

#include <functional>
#include <future>

#include "crossilo/io/config.hpp"

namespace crossilo {

/// For how long others wait for a rank's disk.
[[nodiscard]] inline double life_seconds_max(const RunConfig& run) noexcept { return 10.0 * run.peer_seconds_max; }

/// Waits for another thread's work; calls `show_life` ten times a second, but no longer than for `life_seconds_max`: a
/// disk that hangs is a silo that hangs.
void wait_alive(const std::future<void>& work, const std::function<void()>& show_life, double life_seconds_max);

/// Does work in another thread, and waits for it so. Throws: what the work throws.
void do_alive(const std::function<void()>& work, const std::function<void()>& show_life, double life_seconds_max);

}  // namespace crossilo
