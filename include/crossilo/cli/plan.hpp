// Aim: the subcommand `crossilo plan`: what a configuration comes to, before anything is trained.
#pragma once

namespace crossilo {

/// Runs `crossilo plan`; the arguments are those behind the subcommand. Returns the exit code.
/// Throws: ConfigError, EnvironmentError or DataError where `crossilo train` would refuse to start.
[[nodiscard]] int run_plan(int argc, char** argv);

}  // namespace crossilo
