// Aim: the subcommands that bind to a Slurm cluster.
#pragma once

namespace crossilo {

/// `crossilo slurm render`: prints a batch script; the arguments are those behind the subcommand. Returns the exit
/// code. Throws: ConfigError where the configuration, the profile or both together are at fault.
[[nodiscard]] int run_slurm_render(int argc, char** argv);

/// `crossilo slurm again`: decides what follows in a batch job after a start that lost a silo. Returns 0 where another
/// start does, otherwise the run's exit code. Throws: ConfigError; StorageError.
[[nodiscard]] int run_slurm_again(int argc, char** argv);

}  // namespace crossilo
