// Aim: what `crossilo doctor` looks at, one function each. None throws: what goes wrong is the finding.
#pragma once

#include "crossilo/cli/doctor.hpp"

namespace crossilo {

/// Whether mpirun is there and belongs to the MPI library of this program.
[[nodiscard]] Finding check_mpirun();
/// Starts two ranks of this program with mpirun; they sum known words and compare their clocks.
[[nodiscard]] std::vector<Finding> check_mpi();
/// What one of those ranks does; prints a line on the first one. Returns the exit code. Throws: Error.
[[nodiscard]] int run_doctor_rank();

[[nodiscard]] Finding check_libtorch();
[[nodiscard]] Finding check_cuda();
[[nodiscard]] Finding check_hdf5();
[[nodiscard]] Finding check_shared_memory();
[[nodiscard]] Finding check_limits();
[[nodiscard]] Finding check_entropy();
[[nodiscard]] Finding check_cores();
[[nodiscard]] Finding check_folder();

/// The file that a library of this process was loaded from; empty when it is not loaded.
[[nodiscard]] std::string loaded_library(const std::string& name);

}  // namespace crossilo
