// Aim: the subcommands `crossilo data …`.
#pragma once

namespace crossilo {

/// Runs `crossilo data import`; the arguments are those after the subcommand, without a program name. Returns the exit
/// code. Throws: Error.
[[nodiscard]] int run_data_import(int argc, char** argv);

/// Run `crossilo data describe`, `split`, `check` and `synth`, likewise.
[[nodiscard]] int run_data_describe(int argc, char** argv);
[[nodiscard]] int run_data_split(int argc, char** argv);
[[nodiscard]] int run_data_check(int argc, char** argv);
[[nodiscard]] int run_data_synth(int argc, char** argv);

}  // namespace crossilo
