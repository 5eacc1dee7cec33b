// Aim: a run under MPI gives the same bits as the same run on LocalCommunicator.
// Method: every rank of a real mpirun repeats the whole federation in its own process and compares.
#include <gtest/gtest.h>

#include "crossilo/comm/local_communicator.hpp"
#include "round/fake_federation.hpp"
#include "support/mpi_main.hpp"

namespace crossilo::test {
namespace {

FakeResult reference(const FakeRun& run) {
  FakeResult result;
  run_local_ranks({.size = 1, .seed = 1}, [&](Communicator& communicator) { result = run_fake(communicator, run); });
  return result;
}

TEST(RoundMpi, equals_the_local_run_bit_for_bit) {
  for (const unsigned lane_bits : {32u, 16u}) {
    for (const std::size_t message_words : {std::size_t{100}, std::size_t{65536}}) {
      const FakeRun run{.silos = 8, .parameters = 10007, .lane_bits = lane_bits, .message_words = message_words};
      const FakeResult result = run_fake(mpi_communicator(), run);
      const FakeResult expected = reference(run);
      EXPECT_EQ(result.last, expected.last);
      EXPECT_EQ(result.best, expected.best);
      EXPECT_EQ(result.records.back().model, expected.records.back().model);
    }
  }
}

TEST(RoundMpi, masks_whenever_there_is_somebody_to_hide_from) {
  const FakeResult result = run_fake(mpi_communicator(), {.silos = 8});
  EXPECT_EQ(result.records.front().mask, mpi_communicator().size() == 1 ? "none" : "pairwise");
}

}  // namespace
}  // namespace crossilo::test
