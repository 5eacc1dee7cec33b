// Aim: the subcommand `crossilo version` (or --version): what this program was built with and runs with.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace crossilo {

/// One line for the program and one for each library, newline at the end.
[[nodiscard]] std::string version_text();
/// Names and versions of crossilo and of every library it is made of.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> library_versions();
/// The same as a JSON object.
[[nodiscard]] std::string version_json();

/// Prints one of them; the only argument it knows is --json. Returns the exit code. Throws: ConfigError.
[[nodiscard]] int run_version(int argc, char** argv);

}  // namespace crossilo
