// Aim: the lowest level of a sum in memory that the ranks of a node share. Only sum_pipeline uses it.
#pragma once

#include <memory>
#include <vector>

#include "crossilo/comm/communicator.hpp"
#include "message_level.hpp"
#include "node_level.hpp"

namespace crossilo {

/// Each rank reads its slice straight from the regions of all members.
class WindowLevel final : public NodeLevel {
 public:
  /// Collective among the ranks of `node`.
  WindowLevel(Communicator& communicator, const std::vector<SumChunk>& slots, std::vector<int> node,
              std::size_t chunk_words, const Deadline& deadline);

  [[nodiscard]] std::byte* memory_of(std::size_t slot) const override;
  [[nodiscard]] bool may_give(std::uint64_t number) const override;
  bool advance_up(std::uint64_t given) override;
  bool advance_down(std::uint64_t total) override;
  [[nodiscard]] std::uint64_t added() const noexcept override { return added_; }
  [[nodiscard]] std::uint64_t spread() const noexcept override { return spread_; }
  [[nodiscard]] const std::byte* words_of(std::uint64_t number, std::size_t member) const override;
  void take(std::uint64_t taken) override;
  [[nodiscard]] int owing_contribution(std::uint64_t given) const override;
  [[nodiscard]] int owing_total() const override;

 private:
  enum Counter : std::size_t { kGiven, kTotal, kTaken };
  /// Which other member of the window is through the fewest chunks, and through how many.
  struct Slowest {
    int rank = -1;
    std::uint64_t chunks = ~std::uint64_t{0};
  };

  [[nodiscard]] const SumChunk& chunk(std::uint64_t number) const { return slots_[number % slots_.size()]; }
  [[nodiscard]] Slowest slowest(Counter counter) const;
  /// True where the members that share this chunk, if any, are through the step.
  [[nodiscard]] bool neighbours_have(Counter counter, std::uint64_t number) const;
  void add_slices(std::uint64_t number);

  const std::vector<SumChunk>& slots_;
  std::vector<int> node_;
  std::size_t slot_bytes_;
  std::unique_ptr<NodeWindow> window_;
  std::size_t member_;
  std::uint64_t given_ = 0;  // the own words stand in the own region, and peers know
  std::uint64_t added_ = 0;
  std::uint64_t total_ = 0;  // the own slice holds the total, and peers know
  std::uint64_t spread_ = 0;
};

}  // namespace crossilo
