// Aim: reading of a process that ends at that moment is no error.
// Method: a thread reads without a pause while children begin, end and are waited for.
#include "../../src/launch/process_tree.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

namespace crossilo {
namespace {

TEST(ProcessTree, ReadsOfAProcessThatEnds) {
  std::atomic<pid_t> child = ::getpid();
  std::atomic<bool> done = false;
  std::thread reader([&] {
    while (!done) (void)processor_ticks(child);
  });
  for (int i = 0; i < 3000; ++i) {
    const pid_t started = ::fork();
    if (started == 0) ::_exit(0);
    child = started;
    ASSERT_EQ(::waitpid(started, nullptr, 0), started);
  }
  EXPECT_EQ(processor_ticks(child), -1);
  done = true;
  reader.join();
}

}  // namespace
}  // namespace crossilo
