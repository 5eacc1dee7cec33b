// Aim: a rank that throws past its session ends the whole job with its own exit code, and nobody waits for it.
// Method: under mpirun rank 1 throws while rank 0 waits for 600 s; the shell around it checks the job's exit code.
#include <cstdio>

#include "crossilo/comm/mpi_communicator.hpp"

int main() {
  using namespace crossilo;
  try {
    MpiSession session;
    MpiCommunicator communicator(session.duplicate_world());
    if (communicator.rank() == 1) throw DataError("silo_b.h5: no such file");
    poll_until(communicator, {.seconds = 600.0, .step = "a rank that threw"}, [] { return WaitProgress{}; });
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    MpiSession::abort(error.exit_code());
  }
}
