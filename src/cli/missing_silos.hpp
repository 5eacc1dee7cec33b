// Aim: which silos of the roster a start leaves out, and whether the settings that all silos share allow it.
#pragma once

#include <string>
#include <vector>

#include "crossilo/io/config.hpp"

namespace crossilo {

/// The fewest silos that a start may have.
[[nodiscard]] std::size_t fewest_silos(const RunConfig& run);

/// The silos named in "c, d" (--without_silos), ascending; none for an empty text.
/// Throws: ConfigError where a name is not in run.silos, or run.min_silos wants more silos than are left.
[[nodiscard]] std::vector<SiloId> missing_silos(const RunConfig& run, const std::string& names);

/// "c, d"; empty where none are missing.
[[nodiscard]] std::string names_of(const RunConfig& run, const std::vector<SiloId>& silos);

}  // namespace crossilo
