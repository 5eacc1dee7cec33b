// Aim: the starts of one run under `--np`: the first, and others by itself after a silo was lost.
#pragma once

#include "crossilo/io/config.hpp"
#include "crossilo/io/run_folder.hpp"
#include "crossilo/launch/supervisor.hpp"
#include "train_rank.hpp"

namespace crossilo {

/// Starts the ranks, and again as run.relaunches_max and run.min_silos say (launch/relaunches): one line on stderr and
/// in the manifest each time. A signal between two starts ends the run with ExitCode::requeue.
/// Returns how the last start ended. Throws: EnvironmentError when mpirun cannot be started; StorageError.
[[nodiscard]] SupervisedEnd supervise_run(const Config& config, const RankPlaces& places, SupervisorOptions options,
                                          const RunFolder& folder);

}  // namespace crossilo
