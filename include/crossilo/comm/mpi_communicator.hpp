// Aim: the communicator of a real job, over nonblocking MPI point-to-point calls only.
#pragma once

#include <memory>

#include "crossilo/comm/communicator.hpp"
#include "crossilo/foreign/mpi.hpp"

namespace crossilo {

/// Messages over MPI_Isend, MPI_Irecv and MPI_Test. Requests live in slots that are used again and again.
///
/// MPI carries no type: of the contract's "count and type" a receive sees what changes the number of bytes.
/// After an error it may be destroyed with messages under way; the process should end then.
class MpiCommunicator final : public Communicator {
 public:
  explicit MpiCommunicator(MpiCommunicatorHandle handle);
  ~MpiCommunicator() override;

  [[nodiscard]] int rank() const noexcept override;
  [[nodiscard]] int size() const noexcept override;
  [[nodiscard]] Clock& clock() noexcept override;
  [[nodiscard]] Request start_send(ConstWords words, Peer to) override;
  [[nodiscard]] Request start_receive(Words words, Peer from) override;
  [[nodiscard]] bool test(Request& request) override;
  /// Yields the processor; sleeps shortly once nothing moved for a while, so that waiting ranks leave it to others.
  void idle() override;
  void moved() noexcept override;
  [[nodiscard]] int node() const noexcept override;
  /// Of /dev/shm, where Open MPI keeps them.
  [[nodiscard]] std::size_t window_bytes_free() const override;
  [[nodiscard]] std::unique_ptr<NodeWindow> open_node_window(std::span<const int> ranks, std::size_t region_bytes,
                                                             const Deadline& deadline) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace crossilo
