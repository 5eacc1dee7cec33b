// Aim: notice the classic launch mistakes before anybody waits for a silo that was never started.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace crossilo {

/// Who started this process as one of several.
struct Launch {
  std::string launcher;  // "mpirun", "srun"
  int processes = 1;
};

/// Reads an environment variable; replaced in tests.
using Environment = std::function<const char*(const char*)>;

/// The launcher that this process runs under; nothing when it was started by hand or by a batch script itself.
[[nodiscard]] std::optional<Launch> detect_launch(const Environment& environment);
[[nodiscard]] std::optional<Launch> detect_launch();
/// Processes that the launcher started; 1 without a launcher.
[[nodiscard]] int launched_size();
/// Which of them this one is; 0 without a launcher.
[[nodiscard]] int launched_rank(const Environment& environment);
[[nodiscard]] int launched_rank();
/// Groups of the Slurm job that this process is in: 1 of a plain job, more of a heterogeneous one, 0 outside of jobs.
[[nodiscard]] int slurm_groups(const Environment& environment);
[[nodiscard]] int slurm_groups();

/// What would make MPI_Init fail, srun without PMIx, and the line that starts `command` right; empty where all is well.
[[nodiscard]] std::string launcher_fault(const Environment& environment, const std::string& command);
[[nodiscard]] std::string launcher_fault(const std::string& command);

/// Cores that this process may run on.
[[nodiscard]] int usable_cores();

/// Ranks with the same number of threads each, and the cores that they share.
struct Crowd {
  int ranks = 1;
  std::uint32_t threads = 1;
  int cores = 1;
};

/// What to do about more threads than cores, which make every step slower; empty where all is well, and for ranks with
/// one thread each, which share cores without harm.
/// Throws: EnvironmentError where more than four threads would share a core.
[[nodiscard]] std::string crowding(const Crowd& crowd);

/// What is wrong when `processes` MPI ranks found each other for `silos` silos, in a Slurm job of `groups` groups, and
/// the line that starts `command` right.
[[nodiscard]] std::string launch_mismatch(std::size_t silos, int processes, const std::optional<Launch>& launch,
                                          int groups, const std::string& command);

}  // namespace crossilo
