// Aim: what Open MPI needs to fill long links and to share cores, set before it begins, where the user has set nothing.
#pragma once

#include <compare>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "crossilo/comm/communicator.hpp"
#include "crossilo/launch/guard.hpp"

namespace crossilo {

/// What is known of a job and a machine before MPI begins.
struct MpiFacts {
  bool crosses_hosts = false;
  int ranks_here = 1;
  int cores = 1;
  std::uint64_t send_buffer_bytes_max = 0;  // of a socket, as the kernel allows
  std::uint64_t receive_buffer_bytes_max = 0;
  std::set<std::string> chosen{};  // parameters that the user has set: "btl_tcp_sndbuf"
};

/// Which buffers of a socket the kernel keeps smaller than a long link wants.
struct SmallBuffers {
  bool sends = false;
  bool receives = false;
  auto operator<=>(const SmallBuffers&) const = default;
};

struct MpiTuning {
  std::vector<std::pair<std::string, std::string>> settings;  // parameter and value
  SmallBuffers small_buffers;                                 // of use only where there are sites
};

/// What to set for these facts.
[[nodiscard]] MpiTuning mpi_tuning(const MpiFacts& facts);

/// What root has to set on which hosts, in one line; empty where no buffer is small.
/// Shapes: both have an entry for each rank.
[[nodiscard]] std::string buffers_warning(std::span<const SmallBuffers> of_rank,
                                          const std::vector<std::string>& host_of_rank);

/// The same for what every rank found, alike on all ranks. Collective. Throws: PeerLostError.
[[nodiscard]] std::string agree_on_buffers(Communicator& communicator, SmallBuffers own,
                                           const std::vector<std::string>& host_of_rank, const Deadline& deadline);

/// The parameters of Open MPI that its files of parameters set ("name = value" lines, # begins a comment).
[[nodiscard]] std::set<std::string> parameters_in_files(const std::vector<std::string>& paths);

/// The facts of this process. With mpirun and srun the number of hosts is known from their variables.
[[nodiscard]] MpiFacts mpi_facts(const Environment& environment);

/// Sets what mpi_tuning() says in this process's environment, where MPI_Init reads it, under every launcher. Call it
/// before MPI begins and before there is a second thread.
MpiTuning tune_mpi();

}  // namespace crossilo
