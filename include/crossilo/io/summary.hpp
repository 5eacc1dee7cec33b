// Aim: summary.json, a run in one object: how it ended, how good its models are, what it took.
#pragma once

#include <string>
#include <vector>

#include "crossilo/base/types.hpp"
#include "crossilo/io/manifest.hpp"
#include "crossilo/io/metrics.hpp"
#include "crossilo/io/run_folder.hpp"

namespace crossilo {

/// What the run folder does not tell by itself.
struct SummaryFacts {
  RoundIndex rounds{};  // done
  RoundIndex best_round{};
  MetricRecord best;  // the best model's evaluation: held_back_loss, …
  MetricRecord last;
};

/// Of all starts together, without the time between them. A start that nobody was left to end lasts to its last round:
/// the last of `rounds_unix_seconds` before the next start.
[[nodiscard]] double seconds_of_starts(const std::vector<ManifestStart>& starts,
                                       const std::vector<double>& rounds_unix_seconds);

/// summary.json of a run that has ended, from its manifest, metrics, times and comparison; docs/run-folder.md lists its
/// keys. What could not be understood and was passed over is in `notes`. Throws: StorageError.
[[nodiscard]] std::string summary_text(const RunFolder& folder, const SummaryFacts& facts,
                                       std::vector<std::string>& notes);

/// What `crossilo train --json` prints of a run without a summary: run (null where its folder is gone), status,
/// exit_code, error, silo.
[[nodiscard]] std::string outcome_text(const RunFolder& folder, const Outcome& outcome);

/// Removes what an earlier start left that is true at the end alone: summary.json and comparison.json.
void remove_summary(const RunFolder& folder);

}  // namespace crossilo
