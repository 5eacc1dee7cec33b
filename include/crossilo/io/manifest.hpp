// Aim: manifest.json, which says of a run folder what ran there, when, where, and how each start ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "crossilo/base/types.hpp"
#include "crossilo/io/run_folder.hpp"

namespace crossilo {

/// Which rank ran where, for which silos.
struct ManifestRank {
  int rank = 0;
  std::string host;
  std::vector<std::string> silos;
  std::string site{};  // empty where there was only one
};

/// One start of the run: the first, or one that went on.
struct ManifestStart {
  double started_unix_seconds = 0.0;
  std::optional<double> ended_unix_seconds;  // nothing while it runs, or when nobody was left to write it
  RoundIndex from_round{};                   // the round whose state it began with; 0: the initial model
  std::string version;                       // of crossilo
  std::string command;
  std::vector<ManifestRank> ranks;
  std::vector<std::string> missing{};  // silos that this start was without
  std::optional<Outcome> outcome;
};

/// One time that the ranks were started again without anybody asking, since a silo was lost.
struct ManifestRelaunch {
  double unix_seconds = 0.0;
  std::string why;
  std::vector<std::string> missing{};  // silos that were left out of the start that followed
};

/// A run and all its starts.
struct Manifest {
  std::string name;
  Hash256 settings{};      // of all that fixes the course of a run: equal where one may go on with the other
  Hash256 schema{};        // of the silo files
  Hash256 model_schema{};  // of the model's tensors
  std::uint64_t seed = 0;
  std::uint32_t rounds = 0;
  std::vector<std::string> silos;
  std::vector<std::pair<std::string, std::string>> libraries;
  std::vector<ManifestStart> starts;
  std::vector<ManifestRelaunch> relaunches{};

  /// True of a run that ended before its last round for a reason that a new start may not meet again: it was killed,
  /// stopped, interrupted, lost a silo, or could not write.
  [[nodiscard]] bool is_unfinished() const;
  /// "running", "finished", "a silo was lost", …
  [[nodiscard]] std::string status() const;
};

/// Writes the manifest, whole or not at all. Throws: StorageError.
void write_manifest(const RunFolder& folder, const Manifest& manifest);

/// Nothing where there is none. Throws: StorageError when it cannot be understood.
[[nodiscard]] std::optional<Manifest> read_manifest(const RunFolder& folder);

/// Adds one. Of a run whose first start has not yet come as far as the manifest it waits in a file, for
/// early_relaunches(). Throws: StorageError.
void add_relaunch(const RunFolder& folder, ManifestRelaunch relaunch);

/// Those that were added before there was a manifest. Throws: StorageError when they cannot be understood.
[[nodiscard]] std::vector<ManifestRelaunch> early_relaunches(const RunFolder& folder);
void drop_early_relaunches(const RunFolder& folder);

/// Notes how the present start ended; nothing happens without a manifest. Throws: StorageError.
void end_in_manifest(const RunFolder& folder, const Outcome& outcome);

}  // namespace crossilo
