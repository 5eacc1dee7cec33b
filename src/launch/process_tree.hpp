// Aim: a child process with all that it starts, none of which outlives this object.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace crossilo {

/// Processor time that a process has used so far, in clock ticks; -1 when it is gone.
[[nodiscard]] long processor_ticks(pid_t pid);

/// The files with which MPI shares memory that a process has mapped from /dev/shm: vader_segment.HOST.USER.JOB.RANK, or
/// sm_segment… from Open MPI 5 on. They outlive ranks that are killed where mpirun is killed, too.
[[nodiscard]] std::set<std::string> shared_segments(pid_t pid);

/// Starts a command in a process group of its own, with /dev/null as its input.
///
/// mpirun puts every rank into a group of its own, so killing mpirun's group does not reach them. Therefore this
/// process becomes the new parent of every orphan below it (a "subreaper") as long as the object lives.
class ProcessTree {
 public:
  /// Throws: EnvironmentError when the command cannot be started. `signal_mask` is what the child starts with.
  ProcessTree(const std::vector<std::string>& command, const std::vector<std::string>& environment,
              const sigset_t& signal_mask);
  /// Ends all that is left with SIGKILL and waits for it.
  ~ProcessTree();
  ProcessTree(const ProcessTree&) = delete;
  ProcessTree& operator=(const ProcessTree&) = delete;

  /// wait()'s status once the command itself has ended. Never blocks.
  [[nodiscard]] std::optional<int> ended();
  void signal_command(int signal) const;
  void signal_group(int signal) const;
  /// SIGKILL for every process that descends from the command, until none is left. One that even then does not end
  /// (it waits inside the kernel for a file system) is named on stderr and left to it.
  void end_all() noexcept;

 private:
  std::set<pid_t> children_before_;
  int was_subreaper_ = 0;
  /// True when `child` has ended before `seconds` have passed.
  bool reap(pid_t child, double seconds) noexcept;

  pid_t command_ = -1;
  std::optional<int> status_;
};

}  // namespace crossilo
