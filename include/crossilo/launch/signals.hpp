// Aim: a signal asks the run to stop; it never stops it in the middle of a sum.
#pragma once

namespace crossilo {

/// From now on USR1, USR2, INT and TERM count as wishes to stop, which the round reads where all ranks can agree; an
/// INT or TERM behind another wish ends the process at once, with exit code 130 or 143. Install them before MPI_Init
/// and before the rank's status file is opened. SIGPIPE is ignored from now on: a reader that leaves (`| head`) does
/// not end a run. SIGALRM, set around calls of MPI that know no deadline, ends this process with the exit code of a
/// lost silo.
void install_stop_handlers();

/// How many wishes to stop came so far.
[[nodiscard]] int stop_wishes() noexcept;
/// The signal of the first wish, 0 before it.
[[nodiscard]] int stop_signal() noexcept;

/// SIGTERM from now on also appends RankStatusFile::kTerminatedMark to `descriptor` (-1: to none).
/// A SIGTERM that came before is marked at once.
/// Alive until: called again with -1, before the descriptor is closed.
void mark_termination_in(int descriptor) noexcept;

/// Ends this process with `text` and the exit code of a lost silo if it lives longer than `seconds`; for calls of MPI
/// that wait for all ranks and know no deadline. One at a time.
class EndDeadline {
 public:
  static constexpr const char* kNoAnswer =
      "crossilo: a silo did not answer inside MPI in time, so this one ends without it\n";
  explicit EndDeadline(double seconds, const char* text = kNoAnswer);
  ~EndDeadline();
  EndDeadline(const EndDeadline&) = delete;
  EndDeadline& operator=(const EndDeadline&) = delete;
};

}  // namespace crossilo
