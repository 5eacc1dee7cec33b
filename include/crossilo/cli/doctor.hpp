// Aim: the subcommand `crossilo doctor`: is this machine fit to train, before anybody waits for it?
#pragma once

#include <string>
#include <vector>

namespace crossilo {

/// One thing looked at.
struct Finding {
  std::string name;  // "HDF5"
  bool is_fine = false;
  std::string found;  // what was seen, in one line
  std::string fix;    // what to do about it; empty when fine
};

/// Runs `crossilo doctor`; the arguments are those behind the subcommand. Returns 0 when all is fine, otherwise the
/// exit code of an unfit environment. Throws: ConfigError for wrong arguments.
[[nodiscard]] int run_doctor(int argc, char** argv);

/// A line for each finding, a second one with the fix below each that is not fine.
[[nodiscard]] std::string doctor_text(const std::vector<Finding>& findings);

}  // namespace crossilo
