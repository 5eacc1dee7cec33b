// Aim: which mpirun is started, with which arguments and environment.
#pragma once

#include <string>
#include <vector>

#include "crossilo/launch/supervisor.hpp"

namespace crossilo {

/// `mpirun … -np N` alone, its absolute path first. Throws: EnvironmentError when there is no such mpirun.
[[nodiscard]] std::vector<std::string> mpirun_start(int ranks);
/// The path of this program.
[[nodiscard]] std::string own_program();
/// The whole command, mpirun's absolute path first. Throws: EnvironmentError when there is no such mpirun.
[[nodiscard]] std::vector<std::string> mpirun_command(const SupervisorOptions& options, const RunFolder& folder);
/// This process's environment with what the ranks need: one thread each, root's consent, the terminal's width.
[[nodiscard]] std::vector<std::string> mpirun_environment();
/// A command as a line that a shell reads back as the same words.
[[nodiscard]] std::string shell_line(const std::vector<std::string>& command);

}  // namespace crossilo
