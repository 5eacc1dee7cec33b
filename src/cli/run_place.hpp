// Aim: the run folder of a start: which one, that it is this job's alone, what it says of itself, and what goes on from
// it.
#pragma once

#include <optional>
#include <string>

#include "crossilo/comm/communicator.hpp"
#include "crossilo/io/checkpoint.hpp"
#include "crossilo/io/config.hpp"
#include "crossilo/io/manifest.hpp"
#include "crossilo/io/run_folder.hpp"
#include "crossilo/io/run_lock.hpp"
#include "train_rank.hpp"

namespace crossilo {

/// The folder that --resume leads to, ready for a start; `is_new` where it was made for it.
/// `lock` keeps other supervisors away for as long as it lives.
struct OpenedRun {
  RunFolder folder;
  bool is_new = true;
  RunLock lock;
};

/// Chooses by places.resume and says in one line what it was. Throws: StorageError where another job works in it;
/// ConfigError where the run that is named cannot go on.
[[nodiscard]] OpenedRun open_run(const Config& config, const RankPlaces& places);

/// Makes the folder ready for another start. Throws: StorageError where ranks of the one before still live.
void clear_for_start(const RunFolder& folder);

/// A rank's view of the run folder. Silos need not share a file system: in each folder one rank holds the lock, and
/// writes the checkpoints there.
struct RunPlace {
  RunFolder folder;
  RunLock lock;
};

/// Chosen and locked by the first rank, then known to all. In a batch job it is that of the job's earlier starts.
/// Collective. Throws: as open_run().
[[nodiscard]] RunPlace agree_on_run_place(Communicator& communicator, const Config& config, const RankPlaces& places);

/// Adds a line to what slurm/lib.sh reads of this start: the run folder; from_round, once the manifest has this start;
/// or the exit_code where there is no folder to say it. Nothing happens where nobody asks (CROSSILO_START_NOTE).
/// Throws: StorageError.
void note_for_job(const std::string& line);

/// The newest checkpoint of all silos' folders; nothing where there is none. Collective.
/// Throws: ConfigError where it is another run's; StorageError.
[[nodiscard]] std::optional<Checkpoint> newest_checkpoint(Communicator& communicator, const RunFolder& folder,
                                                          const CheckpointKeys& keys, double peer_seconds_max);

/// Notes a start in the manifest, and the settings as they are in config.ini. Throws: StorageError.
void note_start(const RunFolder& folder, const Config& config, const CheckpointKeys& keys, ManifestStart start);

}  // namespace crossilo
