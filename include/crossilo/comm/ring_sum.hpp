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
    std::size_t segments_in_flight = 4;                // per peer
  };

  RingSum(Communicator& communicator, Options options);

  /// `words` on every rank becomes the total. Collective; equal sizes on all ranks.
  /// Throws: PeerLostError.
  void sum(std::span<std::uint32_t> words, const Deadline& deadline);
  void sum(std::span<std::uint64_t> words, const Deadline& deadline);

  /// Sums known vectors that must wrap, and compares a byte-order vector; proves the machine and the path.
  /// Collective. Throws: EnvironmentError that names the rank's host and what differed.
  void self_test(const Deadline& deadline);

  /// Bytes that this rank sent since construction.
  [[nodiscard]] std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }

 private:
  template <class Word>
  void sum_words(std::span<Word> words, const Deadline& deadline);

  Communicator& communicator_;
  Options options_;
  std::vector<std::uint64_t> receive_buffer_;  // size - 1 peers x segments_in_flight x segment_words x 8 bytes
  std::uint64_t bytes_sent_ = 0;
};

}  // namespace crossilo
