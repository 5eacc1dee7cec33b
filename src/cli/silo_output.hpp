// Aim: where the commands that make silo files write them: --output, with {silo} for a silo's name.
#pragma once

#include <string>

#include "crossilo/data/silo_file.hpp"

namespace crossilo {

inline constexpr const char* kSiloPlace = "{silo}";

/// One line that says why several silos cannot be written by this --output; empty when they can.
[[nodiscard]] std::string output_fault(const std::string& pattern, std::size_t silos);

/// Writes a silo's file, in a folder that is made if need be, and says in a line what it holds. Throws: StorageError.
void write_silo(const std::string& pattern, const std::string& silo, const SiloData& data);

}  // namespace crossilo
