// Aim: what this program was built with and runs with.
#pragma once

#include <string>

namespace crossilo {

/// One line for the program and one for each library, newline at the end.
[[nodiscard]] std::string version_text();

}  // namespace crossilo
