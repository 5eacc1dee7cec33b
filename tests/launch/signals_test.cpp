// Aim: a rank that SIGTERM reaches at any moment is marked as ended from outside; no end of MPI lasts for ever.
// Method: raises the signals in a forked process that opens a status file, or waits.
#include "crossilo/launch/signals.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "crossilo/io/rank_status.hpp"

namespace crossilo {
namespace {

class Signals : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove_all(parent_); }
  const std::string parent_ = testing::TempDir() + "crossilo_signals_" + std::to_string(::getpid());
  const RunFolder folder_ = RunFolder::create(parent_, "run");
};

[[noreturn]] void begin_and_die(const RunFolder& folder, int terminated_before_step) {
  install_stop_handlers();
  if (terminated_before_step == 0) ::raise(SIGTERM);
  RankStatusFile status(folder, {.rank = terminated_before_step, .silos = "va", .host = "n4"});
  if (terminated_before_step == 1) ::raise(SIGTERM);
  mark_termination_in(status.descriptor());
  if (terminated_before_step == 2) ::raise(SIGTERM);
  status.write_running();
  if (terminated_before_step == 3) ::raise(SIGTERM);
  ::_exit(0);
}

TEST_F(Signals, ATerminationIsMarkedWheneverItComes) {
  for (int step = 0; step <= 4; ++step)
    EXPECT_EXIT(begin_and_die(folder_, step), testing::ExitedWithCode(0), "") << step;
  const auto statuses = read_rank_statuses(folder_);
  ASSERT_EQ(statuses.size(), 5u);
  for (int step = 0; step <= 3; ++step) EXPECT_TRUE(statuses[static_cast<std::size_t>(step)].terminated) << step;
  EXPECT_TRUE(statuses[4].died());
}

TEST_F(Signals, AnEndThatLastsTooLongIsCutShort) {
  const auto wait_for_ever = [] {
    const EndDeadline deadline(0.5);
    while (true) ::pause();
  };
  EXPECT_EXIT(wait_for_ever(), testing::ExitedWithCode(5), "a silo did not answer inside MPI in time");
  const auto wait_with_words = [] {
    const EndDeadline deadline(0.5, "nobody came\n");
    while (true) ::pause();
  };
  EXPECT_EXIT(wait_with_words(), testing::ExitedWithCode(5), "^nobody came");
}

TEST_F(Signals, AnEndInTimeIsLeftAlone) {
  const auto end_in_time = [] {
    { const EndDeadline deadline(1.0); }
    ::usleep(1'500'000);
    std::exit(0);
  };
  EXPECT_EXIT(end_in_time(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace crossilo
