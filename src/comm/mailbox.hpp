// Aim: messages between ranks that share this process; the part that LocalCommunicator and the lone rank have in
// common.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "crossilo/comm/communicator.hpp"
#include "message_mismatch.hpp"

namespace crossilo {

/// Pairs sends with receives, in order for each (sender, receiver, tag). The strictest reading of the contract: a send
/// completes only after its receiver has tested it complete, so programs that rely on buffering do not pass.
class Mailbox {
 public:
  /// A message that was delivered just now.
  struct Delivery {
    int from = 0;
    int to = 0;
    int tag = 0;
  };

  [[nodiscard]] Request start_send(int from, Peer to, ConstWords words);
  [[nodiscard]] Request start_receive(int to, Peer from, Words words);

  /// Completes the request if it can be. `may_arrive` decides whether a message that could arrive now does so.
  /// Throws: EnvironmentError on another count or type; InternalError when a sender changed its buffer meanwhile.
  [[nodiscard]] bool test(Request& request, const Communicator& names, const std::function<bool()>& may_arrive,
                          const std::function<void(const Delivery&)>& on_delivery);

 private:
  struct Message {
    bool is_send = false;
    bool delivered = false;
    int from = 0;
    int to = 0;
    int tag = 0;
    MessageShape shape;
    const void* source = nullptr;       // of a send
    void* target = nullptr;             // of a receive
    std::vector<std::byte> copy;        // what a send held when it was started
    std::optional<std::uint32_t> peer;  // the slot of the other side, once paired
    bool in_use = false;
  };

  std::uint32_t add(Message message);
  void pair_up(std::uint32_t slot);
  void release(Request& request);

  std::vector<Message> messages_;
  std::vector<std::uint32_t> free_slots_;
  std::deque<std::uint32_t> unpaired_;  // in the order in which they were started
};

}  // namespace crossilo
