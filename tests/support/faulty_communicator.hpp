// Aim: let a rank die or hang at a chosen point of its conversation.
// Method: a communicator around another one, which counts the calls and then throws RankDied or stays silent.
#pragma once

#include <cstdint>
#include <stdexcept>

#include "crossilo/comm/communicator.hpp"

namespace crossilo::test {

/// Thrown by a rank that was told to die.
class RankDied : public std::runtime_error {
 public:
  RankDied() : std::runtime_error("this rank was told to die") {}
};

class FaultyCommunicator final : public Communicator {
 public:
  struct Fault {
    std::uint64_t at_call = 0;  // of start_send, start_receive and test together, from 0 on
    double hang_seconds = 0.0;  // silent for so long before it dies; 0 dies at once
  };

  FaultyCommunicator(Communicator& inner, Fault fault) : inner_(inner), fault_(fault) {}

  [[nodiscard]] int rank() const noexcept override { return inner_.rank(); }
  [[nodiscard]] int size() const noexcept override { return inner_.size(); }
  [[nodiscard]] Clock& clock() noexcept override { return inner_.clock(); }
  [[nodiscard]] Request start_send(ConstWords words, Peer to) override {
    count_call();
    return inner_.start_send(words, to);
  }
  [[nodiscard]] Request start_receive(Words words, Peer from) override {
    count_call();
    return inner_.start_receive(words, from);
  }
  [[nodiscard]] bool test(Request& request) override {
    count_call();
    return inner_.test(request);
  }
  void idle() override { inner_.idle(); }
  [[nodiscard]] int node() const noexcept override { return inner_.node(); }
  [[nodiscard]] std::size_t window_bytes_free() const override { return inner_.window_bytes_free(); }
  [[nodiscard]] std::unique_ptr<NodeWindow> open_node_window(std::span<const int> ranks, std::size_t region_bytes,
                                                             const Deadline& deadline) override {
    return inner_.open_node_window(ranks, region_bytes, deadline);
  }

 private:
  void count_call() {
    if (calls_++ < fault_.at_call) return;
    const double wake_seconds = inner_.clock().now_seconds() + fault_.hang_seconds;
    while (inner_.clock().now_seconds() < wake_seconds) inner_.idle();
    throw RankDied();
  }

  Communicator& inner_;
  Fault fault_;
  std::uint64_t calls_ = 0;
};

}  // namespace crossilo::test
