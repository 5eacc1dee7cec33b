// Aim: memory that processes of one node share through MPI, as a C++ object.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "crossilo/foreign/mpi.hpp"

namespace crossilo {

/// The lowest rank of the communicator that shares memory with this one. Collective; may block: at start-up only.
[[nodiscard]] int lowest_rank_of_node(const MpiCommunicatorHandle& communicator);

/// How long calls may wait for others that know no deadline themselves; then the process says `text`, and ends with the
/// exit code of a lost silo.
struct TimeLimit {
  double seconds = 60.0;
  std::string text;
};

/// One block of memory for each of some ranks of a node, mapped into all of them. Zero at first.
class MpiSharedMemory {
 public:
  /// Collective among `ranks`, this one among them, ascending; may block: at start-up only.
  MpiSharedMemory(const MpiCommunicatorHandle& communicator, std::span<const int> ranks, std::size_t block_bytes,
                  const TimeLimit& limit);
  /// Collective; while an exception unwinds the memory is left to the end of the process.
  ~MpiSharedMemory();
  MpiSharedMemory(const MpiSharedMemory&) = delete;
  MpiSharedMemory& operator=(const MpiSharedMemory&) = delete;

  /// Shapes: one block for each of the ranks, aligned to 64 bytes.
  [[nodiscard]] const std::vector<std::byte*>& blocks() const noexcept;

 private:
  struct Native;
  std::unique_ptr<Native> native_;
};

}  // namespace crossilo
