// Aim: the flat sum of ring words over all ranks, by direct exchange, without any MPI reduction.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "crossilo/comm/communicator.hpp"

namespace crossilo {

/// Sums vectors of ring words over all ranks of a communicator, modulo 2^32 or 2^64, in place.
///
/// Each rank owns one shard: it receives the shard from everybody, adds, and sends the total back. Shards are cut into
/// segments, several are under way at a time. All buffers are allocated (and touched) in the constructor.
/// Deterministic: addition modulo a power of two is associative, so the total is the same bit for bit for every rank
/// count, segment size and order of arrival.
class RingSum {
 public:
  struct Options {
    std::size_t segment_words = std::size_t{1} << 16;  // words per message
    std::size_t segments_in_flight = 4;                // per peer and direction
  };

  RingSum(Communicator& communicator, Options options);

  /// `words` on every rank becomes the total. Collective; equal sizes on all ranks.
  /// Throws: PeerLostError; messages into `words` may be under way then, so neither it nor the communicator may be used
  /// again.
  void sum(std::span<std::uint32_t> words, const Deadline& deadline);
  void sum(std::span<std::uint64_t> words, const Deadline& deadline);

  /// Sums known vectors that must wrap, and compares a byte-order vector; proves the machine and the path.
  /// Collective. Throws: EnvironmentError that names the rank's host and what differed.
  void self_test(const Deadline& deadline);

  /// Bytes that this rank sent since construction.
  [[nodiscard]] std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }

 private:
  /// The requests of one kind of message with one peer, oldest first; `started - done` of them are under way.
  struct Lane {
    std::vector<Request> requests;  // segments_in_flight, used in turn
    std::size_t started = 0;        // segments
    std::size_t done = 0;
  };

  /// What is exchanged with one peer.
  struct Exchange {
    int rank = 0;
    Lane send_contribution;     // my words of the peer's shard
    Lane receive_contribution;  // the peer's words of my shard
    Lane send_total;            // the total of my shard
    Lane receive_total;         // the total of the peer's shard
  };

  template <class Word>
  struct Sum;  // one sum under way

  template <class Word>
  void sum_words(std::span<Word> words, const Deadline& deadline);
  template <class Word>
  void check_wrapping(const Deadline& deadline);
  void check_byte_order(const Deadline& deadline);

  Communicator& communicator_;
  Options options_;
  std::vector<Exchange> exchanges_;        // one for each peer, from rank + 1 around
  std::vector<std::byte> receive_buffer_;  // size - 1 peers x segments_in_flight x segment_words x 8
  std::uint64_t bytes_sent_ = 0;
};

}  // namespace crossilo
