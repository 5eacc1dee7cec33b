// Aim: a rank shows life while its disk works, and no longer than a disk may take. Method: work that ends when told.
#include "../../src/cli/wait_alive.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace crossilo {
namespace {

int signs_during_half_a_second(double life_seconds_max) {
  int signs = 0;
  const std::future<void> work =
      std::async(std::launch::async, [] { std::this_thread::sleep_for(std::chrono::milliseconds(500)); });
  wait_alive(
      work, [&] { ++signs; }, life_seconds_max);
  return signs;
}

TEST(WaitAlive, ShowsLifeUntilTheWorkIsDone) { EXPECT_GE(signs_during_half_a_second(60.0), 2); }

TEST(WaitAlive, ShowsNoneForADiskThatTakesTooLong) { EXPECT_EQ(signs_during_half_a_second(0.0), 0); }

}  // namespace
}  // namespace crossilo
