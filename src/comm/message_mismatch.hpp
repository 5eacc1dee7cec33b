// Aim: the one error text for a message that is not what the receiver expected.
#pragma once

#include "crossilo/base/error.hpp"
#include "crossilo/comm/communicator.hpp"

namespace crossilo {

/// How many words of which type a message holds.
struct MessageShape {
  std::size_t count = 0;
  WordType type = WordType::byte;
  bool operator==(const MessageShape&) const = default;
};

/// "expected 4 words of 8 bytes from silo va (rank 3, host n4) under tag 7, but …".
[[nodiscard]] EnvironmentError message_mismatch(const std::string& sender, Peer from, MessageShape expected);

}  // namespace crossilo
