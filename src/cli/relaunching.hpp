// Aim: the starts of one run: the first, and others by itself after a silo was lost. Under `--np` this program makes
// them, in a batch job slurm/lib.sh does, which asks `crossilo slurm again`: what follows is decided and told by the
// same lines.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "crossilo/io/config.hpp"
#include "crossilo/io/manifest.hpp"
#include "crossilo/io/run_folder.hpp"
#include "crossilo/launch/relaunches.hpp"
#include "crossilo/launch/supervisor.hpp"
#include "train_rank.hpp"

namespace crossilo {

/// What the run folder says of the start that has just ended so.
[[nodiscard]] StartEnd start_end(const RunFolder& folder, const SupervisedEnd& end);

/// What run.relaunches_max and run.min_silos allow.
[[nodiscard]] RelaunchRules relaunch_rules(const Config& config, const RankPlaces& places);

/// Tells of a start that follows by itself: a line on stderr, and one in the manifest where the run has a folder.
void tell_relaunch(const std::optional<RunFolder>& folder, const Relaunch& next, std::uint32_t in_a_row_max);

/// The next start of a run.
struct NextStart {
  const Config& config;
  const RankPlaces& places;
  const Relaunch& relaunch;
  double seconds_used = 0.0;  // of --max_hours, by the starts before
};

/// The ranks' arguments for it, from those of the first start.
[[nodiscard]] std::vector<std::string> next_arguments(std::vector<std::string> arguments, const NextStart& start);

/// Leaves the outcome of a run that is not started again in place of its last start's. False where they are the same.
bool leave_closing(const RunFolder& folder, const Outcome& outcome, const Outcome& closing);

/// Starts the ranks, and again as run.relaunches_max and run.min_silos say (launch/relaunches): one line on stderr and
/// in the manifest each time. A signal between two starts ends the run with ExitCode::requeue.
/// Returns how the last start ended. Throws: EnvironmentError when mpirun cannot be started; StorageError.
[[nodiscard]] SupervisedEnd supervise_run(const Config& config, const RankPlaces& places,
                                          const SupervisorOptions& options, const RunFolder& folder);

}  // namespace crossilo
