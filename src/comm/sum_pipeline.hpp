// Aim: chunks of vectors on their way through the levels of a sum. Only ring_sum.cpp uses it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "crossilo/comm/ring_sum.hpp"
#include "crossilo/comm/sum_traffic.hpp"
#include "message_level.hpp"

namespace crossilo {

/// What all ranks agreed on at the start.
struct SumAgreement {
  SumShape shape;
  SumChunking chunking;
};

/// Finds out who shares memory and how much of it there is; equal on all ranks. Collective.
[[nodiscard]] SumAgreement agree_on_sum(Communicator& communicator, const RingSum::Options& options,
                                        const Deadline& deadline);

/// One rank's part in all sums of a start. Each step takes the chunks in their order, so one counter a step says all.
class RingSum::Pipeline {
 public:
  Pipeline(Communicator& communicator, SumAgreement agreement);

  void start(std::size_t statistics, std::size_t words, RingSource& source, const Deadline& deadline);
  [[nodiscard]] RingTotals next();
  void measure(LinkMeter* meter) noexcept {
    meter_ = meter;
    levels_.back().measure(meter);
  }
  [[nodiscard]] std::uint64_t bytes_sent() const noexcept;
  [[nodiscard]] const SumShape& shape() const noexcept { return shape_; }
  [[nodiscard]] Communicator& communicator() noexcept { return communicator_; }
  [[nodiscard]] std::size_t chunk_words() const noexcept { return chunk_words_; }

 private:
  enum Counter : std::size_t { kPublished, kTotal, kTaken };
  struct KeptPlan {
    bool goes_flat = false;
    SumPlan plan;
  };

  [[nodiscard]] SumChunk& chunk(std::uint64_t number) { return slots_[number % slots_.size()]; }
  [[nodiscard]] const SumPlan& plan_for(std::size_t words, WordType type);
  void describe(std::uint64_t number);
  bool open();
  bool publish();
  bool reduce_in_node();
  bool exchange();
  void add_slices(std::uint64_t number);
  /// Where the chunk stands in the region of a member of its plan's node.
  [[nodiscard]] std::byte* words_of(std::uint64_t number, std::size_t member) const;
  /// Which member of the window is through the fewest chunks, and through how many.
  struct Slowest {
    int rank = 0;
    std::uint64_t chunks = 0;
  };
  [[nodiscard]] Slowest slowest(Counter counter) const;
  /// True where the members that share this chunk, if any, are through the step.
  [[nodiscard]] bool neighbours_have(Counter counter, std::uint64_t number) const;
  [[nodiscard]] WaitProgress look();
  [[nodiscard]] int awaited_rank() const;
  [[nodiscard]] RingTotals slice_at(std::uint64_t number, std::size_t member) const;

  Communicator& communicator_;
  SumShape shape_;
  SumShape flat_;
  std::size_t flat_words_max_;
  std::size_t chunk_words_;
  std::vector<SumChunk> slots_;
  std::vector<int> node_;  // ranks that share the window
  std::unique_ptr<NodeWindow> window_;
  std::array<MessageLevel, SumPlan::kLevels> levels_;
  LinkMeter* meter_ = nullptr;
  std::vector<std::unique_ptr<KeptPlan>> plans_;
  RingSource* source_ = nullptr;  // of the sum under way
  Deadline deadline_;
  std::size_t statistics_ = 0;
  std::size_t words_ = 0;
  std::uint64_t begin_ = 0;  // its first chunk
  std::uint64_t end_ = 0;
  std::uint64_t open_ = 0;          // chunks before it have a slot
  std::uint64_t published_ = 0;     // this rank's words stand in its region
  std::uint64_t reduced_ = 0;       // the own slice holds the node's sum
  std::uint64_t total_ = 0;         // the own slice holds the total, and peers know
  std::uint64_t taken_ = 0;         // its totals were read by who asked for them
  bool has_totals_ = false;         // the next chunk is there to be taken
  std::size_t slices_ = 0;          // of it that were handed out
  std::uint64_t window_bytes_ = 0;  // that others of the node read: their slices, and the totals of the own one
};

}  // namespace crossilo
