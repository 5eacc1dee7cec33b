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
#include "node_level.hpp"

namespace crossilo {

/// What all ranks agreed on at the start.
struct SumAgreement {
  SumShape shape;
  SumChunking chunking;
  bool joins_devices = false;  // of this rank's node
};

/// Finds out who has a GPU, who shares memory and how much of it there is; equal on all ranks. Collective.
[[nodiscard]] SumAgreement agree_on_sum(Communicator& communicator, const RingSum::Options& options,
                                        const Deadline& deadline);

/// One rank's part in all sums of a start. Each step takes the chunks in their order, so one counter a step says all.
class RingSum::Pipeline {
 public:
  Pipeline(Communicator& communicator, SumAgreement agreement, const Deadline& deadline);

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
  struct KeptPlan {
    bool goes_flat = false;
    SumPlan plan;
  };

  [[nodiscard]] SumChunk& chunk(std::uint64_t number) { return slots_[number % slots_.size()]; }
  [[nodiscard]] const SumPlan& plan_for(std::size_t words, WordType type);
  void prepare(std::size_t words, WordType type);
  void describe(std::uint64_t number);
  bool open();
  bool publish();
  bool exchange();
  [[nodiscard]] WaitProgress look();
  [[nodiscard]] int awaited_rank() const;
  [[nodiscard]] RingTotals slice_at(std::uint64_t number, std::size_t member) const;

  Communicator& communicator_;
  SumShape shape_;
  SumShape flat_;
  std::size_t flat_words_max_;
  std::size_t chunk_words_;
  std::vector<SumChunk> slots_;
  std::unique_ptr<NodeLevel> node_;
  std::array<MessageLevel, SumPlan::kLevels> levels_;
  LinkMeter* meter_ = nullptr;
  std::vector<std::unique_ptr<KeptPlan>> plans_;
  RingSource* source_ = nullptr;  // of the sum under way
  Deadline deadline_;
  std::size_t statistics_ = 0;
  std::size_t words_ = 0;
  std::uint64_t begin_ = 0;  // its first chunk
  std::uint64_t end_ = 0;
  std::uint64_t open_ = 0;        // chunks before it have a slot
  std::uint64_t published_ = 0;   // this rank's words stand in their slot
  std::uint64_t taken_ = 0;       // its totals were read by who asked for them
  bool has_totals_ = false;       // the next chunk is there to be taken
  std::size_t slices_ = 0;        // of it that were handed out
  std::uint64_t node_bytes_ = 0;  // that others of the node have of this rank: their slices, and the own one's totals
};

}  // namespace crossilo
