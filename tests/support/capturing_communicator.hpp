// Aim: let a test see every buffer that a rank hands to its network.
// Method: a communicator around another one, which copies each message when it is started.
#pragma once

#include <cstring>
#include <vector>

#include "crossilo/comm/communicator.hpp"

namespace crossilo::test {

class CapturingCommunicator final : public Communicator {
 public:
  struct Captured {
    Peer to;
    WordType type = WordType::byte;
    std::vector<std::byte> bytes;
  };

  explicit CapturingCommunicator(Communicator& inner) : inner_(inner) {}

  /// Everything sent so far, in order.
  [[nodiscard]] const std::vector<Captured>& captured() const noexcept { return captured_; }

  [[nodiscard]] int rank() const noexcept override { return inner_.rank(); }
  [[nodiscard]] int size() const noexcept override { return inner_.size(); }
  [[nodiscard]] Clock& clock() noexcept override { return inner_.clock(); }
  [[nodiscard]] Request start_send(ConstWords words, Peer to) override {
    const auto* bytes = static_cast<const std::byte*>(words.data);
    captured_.push_back({to, words.type, {bytes, bytes + words.count * size_of(words.type)}});
    return inner_.start_send(words, to);
  }
  [[nodiscard]] Request start_receive(Words words, Peer from) override { return inner_.start_receive(words, from); }
  [[nodiscard]] bool test(Request& request) override { return inner_.test(request); }
  void idle() override { inner_.idle(); }

 private:
  Communicator& inner_;
  std::vector<Captured> captured_;
};

}  // namespace crossilo::test
