// Aim: run all silos of a machine under one command: start mpirun, pass signals on, know how it really ended.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "crossilo/io/rank_status.hpp"
#include "crossilo/io/run_folder.hpp"

namespace crossilo {

/// What to start.
struct SupervisorOptions {
  std::string program;                 // absolute path; empty: this program itself
  std::vector<std::string> arguments;  // as the user gave them, without --np
  int ranks = 1;
  bool shows_command = true;         // the line that starts mpirun
  double begin_seconds_max = 300.0;  // for all ranks to pass MPI_Init and open their status files
  double end_seconds_max = 60.0;     // from the outcome until the last rank has ended; also for the last ranks, when
                                     // others have finished, without using any processor time
  double fail_seconds_max = 10.0;    // as the first of these, where the outcome is a failure
  double grace_seconds = 5.0;        // between SIGTERM and SIGKILL
};

/// How it ended. Telling the user is the caller's: what a rank writes to stderr may not come through mpirun's end.
struct SupervisedEnd {
  Outcome outcome;
  bool is_of_a_rank = false;  // a rank left the outcome in the folder
  int first_signal = 0;       // the first that asked this process for an end; the ranks all got USR1
};

/// Set for the ranks that a supervisor starts: it tells how they ended, so they do not.
inline constexpr const char* kSupervisedVariable = "CROSSILO_SUPERVISED";

/// The arguments without an option and its value: `--np N` and `--np=N`.
[[nodiscard]] std::vector<std::string> without_option(const std::vector<std::string>& arguments,
                                                      const std::string& option = "--np");

class HeldSignals;

/// Runs starts, one after another. Takes over the process's signals and children while it lives: make it in a process
/// with one thread.
class Supervisor {
 public:
  Supervisor();
  ~Supervisor();
  /// Starts `mpirun -np N PROGRAM ARGUMENTS --run_folder FOLDER`, shows that line, and returns when nothing of it runs
  /// any more. INT, TERM, USR1 and USR2 reach the ranks as USR1 (a wish to stop); a second INT or TERM ends them.
  /// The outcome is what the run folder says, since mpirun's exit code names neither the silo nor the kind of failure.
  /// Throws: EnvironmentError when mpirun cannot be started.
  [[nodiscard]] SupervisedEnd run(const SupervisorOptions& options, const RunFolder& folder) const;
  /// Waits between two starts. False when one of those signals came.
  [[nodiscard]] bool pause(double seconds) const;

 private:
  std::unique_ptr<HeldSignals> signals_;
};

/// How a run came to its end, beside what its folder says.
struct RunEnd {
  int launcher_status = 0;             // wait()'s status of mpirun
  int first_signal = 0;                // the first with which the user asked for an end; 0: did not
  int signal = 0;                      // with which the user insisted on an end at once; 0: did not
  bool began_too_late = false;         // it was ended, since not all ranks had begun in time
  std::vector<RankStatus> standing{};  // it was ended, since these last ranks did nothing any more
  std::string launcher = "mpirun";     // as messages call it
  std::string refusal{};               // what mpirun itself said against starting the ranks; empty: nothing
};

/// The outcome of a run of `ranks` ranks that is over.
[[nodiscard]] SupervisedEnd judge(const RunFolder& folder, int ranks, const RunEnd& end);

}  // namespace crossilo
