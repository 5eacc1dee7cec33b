// Aim: the subcommands that bind to a Slurm cluster.
#pragma once

namespace crossilo {

/// `crossilo slurm render`: prints a batch script; the arguments are those behind the subcommand. Returns the exit
/// code. Throws: ConfigError where the configuration, the profile or both together are at fault.
[[nodiscard]] int run_slurm_render(int argc, char** argv);

}  // namespace crossilo
