// Aim: what a sum moves over each border, by the plan of the product, without running it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "crossilo/comm/ring_sum.hpp"
#include "crossilo/comm/sum_plan.hpp"

namespace crossilo {

/// How a vector is cut: equal on all ranks.
struct SumChunking {
  std::size_t chunk_words = 0;     // of 32 bits
  std::size_t slots = 0;           // chunks that a region holds
  std::size_t flat_words_max = 0;  // chunks up to here go straight from rank to rank; 0: none
};

/// `window_words`: room of a region where memory is short; otherwise what the options want.
[[nodiscard]] SumChunking chunking_of(const SumShape& shape, const RingSum::Options& options, std::size_t window_words);

/// Payload of all messages of one sum, in bytes; nothing of it goes over a border inside a node.
struct SumTraffic {
  SumChunking chunking;
  std::uint64_t chunks = 0;
  std::vector<std::uint64_t> sent_of_site;      // to other sites; sites in ascending order of their numbers
  std::vector<std::uint64_t> received_of_site;  // from other sites
  std::uint64_t node_bytes_max = 0;             // sent to, or received from, other nodes of the site by one node
  std::uint64_t pair_bytes_max = 0;             // from one rank to one rank of another site
  std::uint64_t rank_messages_max = 0;          // sent by one rank
};

/// What a sum of `words` words of 32 bits over the ranks of `shape` moves.
[[nodiscard]] SumTraffic sum_traffic(const SumShape& shape, std::size_t words);

}  // namespace crossilo
