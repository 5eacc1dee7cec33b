// Aim: Open MPI's own MPI_Allreduce in all its ways, within one process, so that they are measured in turn.
#pragma once

#include <mpi.h>

#include <array>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include "crossilo/foreign/mpi.hpp"

namespace crossilo::bench {

/// What coll_tuned_allreduce_algorithm calls its algorithms, by number; segmented_ring also with /BYTES of a segment.
inline constexpr std::array<std::string_view, 7> kAlgorithms = {
    "default", "basic_linear", "nonoverlapping", "recursive_doubling", "ring", "segmented_ring", "rabenseifner"};

/// Lets each communicator that is made later take the algorithm that is set then. Call it before MPI begins. With
/// algorithm 0 the component decides as it does without this.
inline void allow_algorithms() { ::setenv("OMPI_MCA_coll_tuned_use_dynamic_rules", "1", 0); }

/// The hierarchical component before all others; may take minutes over a long link, or for ever.
inline void prefer_han() {
  ::unsetenv("OMPI_MCA_coll");
  ::setenv("OMPI_MCA_coll_han_priority", "100", 1);
}

/// Control variables of MPI, by name.
class MpiVariables {
 public:
  MpiVariables() {
    int provided = 0;
    check_mpi(MPI_T_init_thread(MPI_THREAD_SINGLE, &provided), "MPI_T_init_thread");
  }
  ~MpiVariables() { MPI_T_finalize(); }
  MpiVariables(const MpiVariables&) = delete;
  MpiVariables& operator=(const MpiVariables&) = delete;

  void set(const char* name, int value) const {
    int index = 0, count = 0;
    MPI_T_cvar_handle handle{};
    check_mpi(MPI_T_cvar_get_index(name, &index), name);
    check_mpi(MPI_T_cvar_handle_alloc(index, nullptr, &handle, &count), "MPI_T_cvar_handle_alloc");
    check_mpi(MPI_T_cvar_write(handle, &value), "MPI_T_cvar_write");
    check_mpi(MPI_T_cvar_handle_free(&handle), "MPI_T_cvar_handle_free");
  }
};

/// A communicator over the world whose MPI_Allreduce goes one way. It lives until MPI ends.
inline MPI_Comm world_with(const MpiVariables& variables, const std::string& algorithm) {
  const std::size_t slash = algorithm.find('/');
  std::size_t number = 0;
  while (number < kAlgorithms.size() && kAlgorithms[number] != std::string_view(algorithm).substr(0, slash)) ++number;
  if (number == kAlgorithms.size()) throw std::invalid_argument("no algorithm of MPI_Allreduce: " + algorithm);
  variables.set("coll_tuned_allreduce_algorithm", static_cast<int>(number));
  variables.set("coll_tuned_allreduce_algorithm_segmentsize",
                slash == std::string::npos ? 0 : std::stoi(algorithm.substr(slash + 1)));
  MPI_Comm world = MPI_COMM_NULL;
  check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &world), "MPI_Comm_dup");
  return world;
}

}  // namespace crossilo::bench
