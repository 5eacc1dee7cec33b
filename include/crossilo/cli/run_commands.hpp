// Aim: the subcommands that look back at runs: `crossilo report`, `compare` and `runs`.
#pragma once

#include <string>

namespace crossilo {

/// Run the subcommand; the arguments are those after it, without a program name. Return the exit code. Throw: Error.
[[nodiscard]] int run_report(int argc, char** argv);
[[nodiscard]] int run_compare(int argc, char** argv);
[[nodiscard]] int run_runs(int argc, char** argv);

/// Writes report.html into a run folder whose run has ended. A page that cannot be written is a warning on stderr,
/// never the end of a run. The path, or nothing where it failed.
std::string leave_report(const std::string& folder) noexcept;

}  // namespace crossilo
