// Aim: where the commands that make silo files write them: --output, with {silo} for a silo's name.
#pragma once

#include <string>

#include "crossilo/data/silo_file.hpp"
#include "data_options.hpp"

namespace crossilo {

inline constexpr const char* kSiloPlace = "{silo}";

/// The file of each silo by --output, in the order of the names. Nothing is written yet.
/// Throws: ConfigError when two silos would share a file, or a file would take the place of one that is read.
[[nodiscard]] Texts output_paths(const DataOptions& given, const Texts& silos, const Texts& inputs);

/// Writes a silo's file, in a folder that is made if need be, and says in a line what it holds. Throws: StorageError.
void write_silo(const std::string& path, const SiloData& data);

}  // namespace crossilo
