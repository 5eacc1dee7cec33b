#include "wait_alive.hpp"

#include <chrono>

#include "crossilo/base/clock.hpp"

namespace crossilo {

void wait_alive(const std::future<void>& work, const std::function<void()>& show_life, double life_seconds_max) {
  const double begun = steady_clock().now_seconds();
  while (work.wait_for(std::chrono::milliseconds(100)) == std::future_status::timeout)
    if (steady_clock().now_seconds() < begun + life_seconds_max) show_life();
}

void do_alive(const std::function<void()>& work, const std::function<void()>& show_life, double life_seconds_max) {
  std::future<void> done = std::async(std::launch::async, work);
  wait_alive(done, show_life, life_seconds_max);
  done.get();
}

}  // namespace crossilo
