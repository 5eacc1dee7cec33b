// Aim: the lowest level of a sum: ranks that exchange no messages, since they share memory or a network of GPUs. Only
// sum_pipeline uses it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace crossilo {

/// Takes chunks up to the sum over a node's ranks and down to the totals, each step in the order of chunks. Member k
/// of the node holds the sum of slice k. Chunks whose plan has no other member pass at once.
class NodeLevel {
 public:
  virtual ~NodeLevel() = default;

  /// This rank's memory for the chunks of a slot.
  [[nodiscard]] virtual std::byte* memory_of(std::size_t slot) const = 0;
  /// A sum begins, of the chunks before `end` that have not come yet.
  virtual void begin(std::uint64_t /*end*/) {}
  /// True once nobody else needs what stood in the slot of chunk `number`.
  [[nodiscard]] virtual bool may_give(std::uint64_t /*number*/) const { return true; }

  /// Chunks before `given` hold this rank's words. True when anything moved.
  virtual bool advance_up(std::uint64_t given) = 0;
  /// The own slices of chunks before `total` hold the total over all ranks.
  virtual bool advance_down(std::uint64_t total) = 0;
  [[nodiscard]] virtual std::uint64_t added() const noexcept = 0;   // own slices hold the node's sum
  [[nodiscard]] virtual std::uint64_t spread() const noexcept = 0;  // the totals of all slices can be read
  /// Where a chunk's words stand whose slice `member` holds its total.
  [[nodiscard]] virtual const std::byte* words_of(std::uint64_t number, std::size_t member) const = 0;
  /// The totals of chunks before `taken` have been read.
  virtual void take(std::uint64_t /*taken*/) {}

  /// The rank whose words to a chunk before `given` have not come; -1: all have come, or nobody can tell whose have
  /// not.
  [[nodiscard]] virtual int owing_contribution(std::uint64_t given) const = 0;
  /// A rank that holds up what else is under way; -1: none does, or nobody can tell which.
  [[nodiscard]] virtual int owing_total() const = 0;
};

}  // namespace crossilo
