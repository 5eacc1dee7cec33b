// Aim: one rank of `crossilo train`.
#pragma once

#include <string>
#include <vector>

#include "crossilo/base/error.hpp"
#include "crossilo/base/log.hpp"
#include "crossilo/io/config.hpp"

namespace crossilo {

/// What a rank is told beside its configuration.
struct RankPlaces {
  std::string run_folder;                  // given by the supervisor; empty: the first rank makes one
  std::string runs_folder = "runs";        // where a new one is made
  std::string resume = "auto";             // or "never", or the folder of a run to go on with
  double max_hours = 0.0;                  // stops in time to end by then; 0: no limit
  std::string command;                     // as it would be typed again, without --np
  bool prints_json = false;                // summary.json at the end, and no tables
  bool is_quiet = false;                   // warnings, errors and the end alone are shown
  bool simulates = false;                  // fewer ranks than silos are meant
  std::vector<SiloId> missing{};           // silos that this start is without, ascending
  LogLevel stderr_level = LogLevel::none;  // of the first rank
};

/// Throws where a simulation is asked for that cannot be one.
void check_simulation(const Config& config, const RankPlaces& places);

/// Runs this process's part of the federation under MPI. Reports an error once for the whole job and ends the job with
/// the error's exit code, since the others wait; returns the exit code of an orderly end.
ExitCode train_as_rank(const Config& config, const RankPlaces& places);

}  // namespace crossilo
