// Aim: the sum of ring words over all ranks: by shared memory in a node, or by GPUs in a site; by direct exchange
// between nodes and sites.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "crossilo/comm/communicator.hpp"
#include "crossilo/comm/link_meter.hpp"
#include "crossilo/comm/sum_plan.hpp"

namespace crossilo {

/// Where a sum takes this rank's words from: stretch by stretch, so that they need not stand in memory as a whole.
class RingSource {
 public:
  virtual ~RingSource() = default;
  /// Writes the next own words; each is asked for once, in ascending order. `out` may be read by others as soon as this
  /// returns, and while it is written.
  virtual void give(std::span<std::uint32_t> out) = 0;
  virtual void give(std::span<std::uint64_t> out) = 0;
};

/// The next totals of a sum, of one kind or the other. A view of memory that peers share.
struct RingTotals {
  std::span<const std::uint64_t> statistics{};
  std::span<const std::uint32_t> words{};
  [[nodiscard]] bool empty() const noexcept { return statistics.empty() && words.empty(); }
};

/// Sums vectors of ring words over all ranks of a communicator, modulo 2^32 or 2^64.
///
/// A vector flows through in chunks. Each rank puts its words into its region of the node's window; member k of a node
/// adds up slice k of all members, straight from their regions; owners of a slice exchange parts of it, between the
/// nodes of a site and then between sites (SumPlan); totals go back the same way, and each rank reads them from its
/// peers' regions. Where all ranks of a site have a GPU, the site is one node, and NCCL takes the window's place.
/// Several chunks are under way, at different levels. All buffers are allocated (and touched) in the constructor; a sum
/// of sizes that were summed before allocates nothing. Deterministic: addition modulo a power of two is associative, so
/// the total is the same bit for bit for every rank count, shape, chunk size and order of arrival.
class RingSum {
 public:
  struct Options {
    std::vector<int> site_of_rank{};                    // empty: one site
    std::size_t message_words = std::size_t{1} << 15;   // wanted length of a message, in words of 32 bits
    std::size_t window_words = std::size_t{1} << 20;    // of a rank's region: what is under way at a time
    std::size_t flat_words_max = std::size_t{1} << 10;  // shorter vectors go straight from rank to rank
    bool shares_memory = true;                          // false: messages in a node, too
    bool has_device = false;                            // this thread's CUDA device is no other rank's

    /// A region no larger than a payload of so many words needs; with several sites, as much as a long link holds.
    static Options for_payload(std::size_t words, std::vector<int> site_of_rank = {});
  };

  /// Collective, and may block for a moment: memory is shared. Throws: PeerLostError; NcclError, CudaError with
  /// devices.
  RingSum(Communicator& communicator, Options options,
          const Deadline& deadline = {.seconds = 60.0, .step = "start-up"});
  ~RingSum();

  /// Begins to sum `statistics` words of 64 bits and `words` words of 32 bits. Collective; equal sizes on all ranks.
  /// Alive until: next() gave nothing: `source`, and the text of the deadline.
  void start(std::size_t statistics, std::size_t words, RingSource& source, const Deadline& deadline);
  /// The next totals, in ascending order, the statistics before the words; nothing once the sum is through, and until
  /// then it must be called. They hold until the next call, so that a reader needs to keep none of them.
  /// Throws: PeerLostError; messages may be under way then, so neither this nor the communicator may be used again.
  [[nodiscard]] RingTotals next();

  /// Sums vectors in memory, which on every rank become their totals, in place. Collective. Throws: PeerLostError.
  void sum(std::span<std::uint64_t> statistics, std::span<std::uint32_t> words, const Deadline& deadline);
  void sum(std::span<std::uint32_t> words, const Deadline& deadline);
  void sum(std::span<std::uint64_t> words, const Deadline& deadline);

  /// Sums known vectors that must wrap, and compares a byte-order vector; proves the machine and the path.
  /// Collective. Throws: EnvironmentError that names the rank's host and what differed.
  void self_test(const Deadline& deadline);

  /// From now on the meter hears of what crosses between sites; null: none does. Alive until: replaced.
  void measure(LinkMeter* meter) noexcept;

  /// Bytes that others had of this rank since construction: in messages, or out of its region.
  [[nodiscard]] std::uint64_t bytes_sent() const noexcept;
  /// How the ranks lie, after it was found out who shares memory.
  [[nodiscard]] const SumShape& shape() const noexcept;

 private:
  class Pipeline;
  std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace crossilo
