// Aim: a rank for the supervisor's tests: lives like a rank of a run, then ends in the way that its argument names.
// Method: plain MPI; writes its status, rounds and outcome as the program does.
#include <mpi.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "crossilo/io/rank_status.hpp"
#include "crossilo/launch/signals.hpp"

namespace {

using namespace crossilo;

/// How the rank of silo "va" (rank 1) ends in round 2.
void end_early(const std::string& way, const RunFolder& folder) {
  if (way == "killed") ::raise(SIGKILL);
  if (way == "exits") ::_exit(7);
  if (way == "throws") {
    folder.write_outcome({ExitCode::data, "silo va: no such file", "va"});
    MPI_Abort(MPI_COMM_WORLD, static_cast<int>(ExitCode::data));
  }
}

}  // namespace

/// Arguments: WAY --run_folder FOLDER.
int main(int argc, char** argv) {
  if (argc != 4 || std::strcmp(argv[2], "--run_folder") != 0) return 64;
  const std::string way = argv[1];
  const RunFolder folder(argv[3]);
  install_stop_handlers();
  MPI_Init(nullptr, nullptr);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  while (way == "late" && rank == 1) ::pause();
  while (way == "held" && rank == 1 && ::access(folder.file("go").c_str(), F_OK) != 0) ::usleep(1000);
  if (way == "held" && rank == 1 && stop_wishes() != 0) {
    folder.write_outcome({ExitCode::internal, "a signal came before this rank had begun", "va"});
    MPI_Abort(MPI_COMM_WORLD, static_cast<int>(ExitCode::internal));
  }
  RankStatusFile status(folder, {rank, rank == 1 ? "va" : "silo" + std::to_string(rank), "h"});
  mark_termination_in(status.descriptor());
  status.write_running();
  const bool until_stopped = way == "waits" || way == "held" || way == "ignores";
  for (std::uint32_t round = 1; round <= 3; ++round) {
    status.write_round(RoundIndex{round});
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank == 1 && round == 2) end_early(way, folder);
    if (way == "killed" || way == "exits" || way == "throws") continue;
    while (until_stopped && (stop_wishes() == 0 || way == "ignores")) ::usleep(1000);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  if (way == "waits" || way == "held") {
    // Every rank must have had the signal: the ranks that have not would wait for ever above.
    if (rank == 0)
      folder.write_outcome({ExitCode::interrupted, stop_signal() == SIGUSR1 ? "by USR1" : "not by USR1", {}});
  } else if (rank == 0 && way != "silent" && way != "stands") {
    folder.write_outcome({});
  }
  std::printf("rank %d says goodbye, OMP_NUM_THREADS = %s\n", rank, std::getenv("OMP_NUM_THREADS"));
  while (way == "hangs" && rank == 1) ::pause();
  if (way == "stands") {  // the others are done and wait for nobody
    if (rank == 1) ::raise(SIGSTOP);
    status.write_finished();
    MPI_Finalize();
    return 0;
  }
  status.write_finished();
  mark_termination_in(-1);
  MPI_Finalize();
  return 0;
}
