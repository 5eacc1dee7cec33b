// Aim: what mpirun itself says, which a run's -q keeps from the user.
#pragma once

#include <string>
#include <vector>

namespace crossilo {

struct CommandOutput {
  std::string text;  // stdout and stderr, without line ends at its end
  int status = 0;    // wait()'s
};

/// What a command prints with the environment that mpirun needs, and how it ends, in at most `seconds_max`.
[[nodiscard]] CommandOutput output_of(const std::vector<std::string>& command, double seconds_max);

/// The first paragraph of `text` in one line, without rules of dashes.
[[nodiscard]] std::string first_paragraph(const std::string& text);

/// What mpirun says when it is to start so many processes that do nothing; empty when it starts them.
/// Throws: EnvironmentError when there is no mpirun.
[[nodiscard]] std::string mpirun_refusal(int ranks);

}  // namespace crossilo
