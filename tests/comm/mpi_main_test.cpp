// Aim: a failure on one rank alone fails a run of the MPI test main, even while the other ranks wait.
// Method: tests that fail on purpose; CMake runs them one by one and expects the run to fail.
#include "support/mpi_main.hpp"

#include <gtest/gtest.h>

#include "crossilo/base/error.hpp"

namespace crossilo::test {
namespace {

bool is_last_rank() { return mpi_communicator().rank() == mpi_communicator().size() - 1; }

TEST(MpiMainTest, RunsOnEveryRank) { EXPECT_EQ(mpi_communicator().size(), 2); }

TEST(MpiMainTest, DISABLED_FailsOnTheLastRank) { EXPECT_FALSE(is_last_rank()); }

TEST(MpiMainTest, DISABLED_FailsFatallyWhileOthersWait) {
  ASSERT_FALSE(is_last_rank());
  poll_until(mpi_communicator(), {.seconds = 600.0, .step = "a failed rank"}, [] { return WaitProgress{}; });
}

TEST(MpiMainTest, DISABLED_ThrowsWhileOthersWait) {
  if (is_last_rank()) throw DataError("a data file is broken");
  poll_until(mpi_communicator(), {.seconds = 600.0, .step = "a failed rank"}, [] { return WaitProgress{}; });
}

}  // namespace
}  // namespace crossilo::test
