// Aim: the files of a run folder, read into its summary line by line; a damaged line is left out and counted.
#pragma once

#include <string>

#include "crossilo/io/report.hpp"

namespace crossilo {

/// The rounds with their quality and seconds, the metrics, and how the last round was masked. Read the comparison
/// before.
void read_metrics(const std::string& path, RunSummary& run);
/// Over the first rank's seconds of each phase those of the slowest rank; nothing happens without a file.
void read_timing(const std::string& path, RunSummary& run);
/// Where the fastest rank's sum is known: what "sum" has above it, and "open", become the last phase, "waiting". Read
/// metrics and timing before.
void part_waiting(RunSummary& run);
/// Throws: StorageError where it cannot be understood; nothing happens without a file.
void read_comparison(const std::string& path, RunSummary& run);
/// Warnings and errors of all logs in a folder, alike ones together.
void read_warnings(const std::string& folder, RunSummary& run);

}  // namespace crossilo
