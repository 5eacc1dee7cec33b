// Aim: which run a start goes on with, and with which state.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "crossilo/comm/communicator.hpp"
#include "crossilo/io/checkpoint.hpp"

namespace crossilo {

/// The run folder that a start works in.
struct RunChoice {
  std::string path;      // empty: make the next one
  std::string sentence;  // why, for the user; empty where a new run needs no reason
};

/// --resume auto: the newest unfinished run of that name in `parent` whose settings have the same hash; otherwise none.
/// A folder whose manifest cannot be understood is passed over.
[[nodiscard]] RunChoice choose_run(const std::string& parent, const std::string& name, const Hash256& settings);
/// --resume PATH: that run. Throws: ConfigError where nothing ran there, or with other settings.
[[nodiscard]] RunChoice take_run(const std::string& path, const Hash256& settings);

/// Silos need not share a file system: the newest checkpoint of all ranks wins and is sent to those that have another
/// or none. Collective. Nothing where no rank has one. Throws: PeerLostError; StorageError where what arrives is
/// damaged.
[[nodiscard]] std::optional<std::vector<std::byte>> share_newest(Communicator& communicator,
                                                                 std::optional<CheckpointFolder::Found> own,
                                                                 const Deadline& deadline);

}  // namespace crossilo
