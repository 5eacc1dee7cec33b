// Aim: the subcommand `crossilo train`.
#pragma once

namespace crossilo {

/// Runs `crossilo train`; the arguments are those after the subcommand. With --np it starts mpirun and judges how that
/// ended, else this process is one rank. Returns the exit code. Throws: Error before anything was started.
[[nodiscard]] int run_train(int argc, char** argv);

}  // namespace crossilo
