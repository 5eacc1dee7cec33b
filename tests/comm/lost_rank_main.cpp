// Aim: a rank that throws, is stopped or is killed ends the whole job with the right exit code, and nobody waits for
// it. Method: under mpirun rank 1 does so in the middle of a sum of three; the shell around it checks the job's exit
// code.
#include <csignal>
#include <cstdio>
#include <string>

#include "crossilo/comm/mpi_communicator.hpp"
#include "crossilo/comm/ring_sum.hpp"

int main(int argc, char** argv) {
  using namespace crossilo;
  const std::string fault = argc > 1 ? argv[1] : "";
  try {
    MpiSession session;
    MpiCommunicator communicator(session.duplicate_world());
    if (fault == "is_stopped_early") {
      if (communicator.rank() == 1) static_cast<void>(std::raise(SIGSTOP));
      const int all[] = {0, 1, 2};
      (void)communicator.open_node_window(all, 4096, {.seconds = 3.0, .step = "start-up"});
    }
    RingSum ring_sum(communicator, {});
    std::vector<std::uint32_t> words(1'000'000, 1);
    const Deadline deadline{.seconds = 15.0, .step = "sum, round 1"};
    ring_sum.sum(std::span(words), deadline);
    if (communicator.rank() == 1) {
      if (fault == "throws") throw DataError("silo_b.h5: no such file");
      if (fault == "is_stopped") static_cast<void>(std::raise(SIGSTOP));
      if (fault == "is_killed") static_cast<void>(std::raise(SIGKILL));
    }
    ring_sum.sum(std::span(words), deadline);
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    MpiSession::abort(error.exit_code());
  }
}
