// Aim: all that one round shares, and the chain of types that is the privacy proof: every stage has its own type,
// which only that stage can make. sum() takes a MaskedPayload; handing it anything earlier does not compile
// (tests/must_not_compile).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "crossilo/base/check.hpp"
#include "crossilo/base/types.hpp"

namespace crossilo {

/// Which readable sum a payload belongs to; part of every mask derivation.
enum class SumKind : std::uint8_t { scaling_mean, scaling_variance, round, final_evaluation };

/// A vector of parameters that travels in lanes of ring words.
struct LaneBlock {
  std::string name;            // "model_delta"
  std::size_t parameters = 0;  // d
  unsigned lane_bits = 32;     // w: 32, 16 or 8
  double bound = 16.0;         // C: a power of two, from public state; larger values are clamped and counted
  /// Ring words the block takes: ceil(d / (32 / w)).
  [[nodiscard]] std::size_t words() const noexcept { return (parameters + lanes_per_word() - 1) / lanes_per_word(); }
  [[nodiscard]] std::size_t lanes_per_word() const noexcept { return 32 / lane_bits; }
};

/// How a lane block travels in one sum; from public state, equal on all ranks.
struct LaneChoice {
  unsigned lane_bits = 32;
  double bound = 16.0;  // a power of two
};

/// One number of the statistics block: signed fixed point in a 64-bit word.
struct StatisticSpec {
  std::string name;
  double resolution = 1.0;  // value of one unit; a power of two
  double bound = 1.0;       // |value| of one silo may not exceed it
};

/// The statistics that every payload starts with; others follow from kFirstFreeStatistic on.
inline constexpr std::size_t kContributedWeight = 0;  // the silo's public weight, 0 when it abstains
inline constexpr std::size_t kAbstentions = 1;        // 1 when it abstains
inline constexpr std::size_t kClampedParameters = 2;  // of the first lane block: beyond +-C, clamped
inline constexpr std::size_t kClampedBuffers = 3;     // of the other lane blocks
inline constexpr std::size_t kFirstFreeStatistic = 4;

/// Specs of the statistics above. The codec fills them in; a silo leaves them alone.
[[nodiscard]] std::vector<StatisticSpec> leading_statistics();

/// The named blocks of one payload. Lane blocks lie behind each other, the statistics stand apart in 64-bit words.
struct PayloadLayout {
  std::vector<LaneBlock> lanes;
  std::vector<StatisticSpec> statistics;

  [[nodiscard]] std::size_t parameters() const noexcept;
  [[nodiscard]] std::size_t lane_words() const noexcept;
  /// Bytes that one silo hands to the sum: 4 x lane words + 8 x statistics.
  [[nodiscard]] std::size_t payload_bytes() const noexcept { return 4 * lane_words() + 8 * statistics.size(); }
};

/// Public facts about the silos of a round. Shares sum to 1 (in double, in roster order).
struct Cohort {
  std::vector<SiloId> silos;           // ascending
  std::vector<std::uint64_t> weights;  // public; one rule for the federation
  [[nodiscard]] std::size_t size() const noexcept { return silos.size(); }
  [[nodiscard]] bool contains(SiloId silo) const noexcept;
  [[nodiscard]] std::uint64_t total_weight() const noexcept;
  /// s_i = w_i / sum of w. Throws: InternalError when the silo is not in the cohort.
  [[nodiscard]] double share(SiloId silo) const;
  /// w_i. Throws: InternalError when the silo is not in the cohort.
  [[nodiscard]] std::uint64_t weight(SiloId silo) const;
};

enum class StopReason : std::uint8_t { none, rounds_done, signal, patience };

/// What one sum is about; fixed in open, alike on all ranks, before anything is trained.
struct RoundTicket {
  SumKind kind = SumKind::round;
  RoundIndex round{};
  std::uint64_t counter = 0;      // never repeats within one start of the job
  Cohort cohort;                  // who trains and weighs in this round
  std::size_t silos = 0;          // of the whole roster: all of them give their statistics
  Hash256 parent_model{};         // hash of the model the round starts from
  std::vector<LaneChoice> lanes;  // one for each lane block of the layout; empty: as the layout says
  StopReason stop = StopReason::none;
};

/// Buffers of one silo's update; allocated once, used in every round.
struct UpdateBuffer {
  std::vector<float> parameters;   // d
  std::vector<double> statistics;  // one value for each StatisticSpec
};

/// Buffers of ring words; allocated once, used in every round.
struct WordBuffer {
  std::vector<std::uint32_t> lanes;
  std::vector<std::uint64_t> statistics;
  bool carries_lanes;  // without lanes, it is a payload whose lanes are all zero
  explicit WordBuffer(const PayloadLayout& layout)
      : lanes(layout.lane_words()), statistics(layout.statistics.size()), carries_lanes(!layout.lanes.empty()) {}
};

class Silo;
class Clip;
class RingCodec;
class Noise;
class Mask;
class SecureSum;
class ServerOptimizer;

/// A silo's numbers before encoding. Only `Maker` makes one. A view: the buffer outlives it.
template <class Maker>
class Update {
 public:
  /// What was moved from is empty: reading it is an InternalError.
  Update(Update&& other) noexcept
      : silo_(other.silo_), buffer_(std::exchange(other.buffer_, nullptr)), abstains_(other.abstains_) {}
  Update& operator=(Update&& other) noexcept {
    silo_ = other.silo_;
    buffer_ = std::exchange(other.buffer_, nullptr);
    abstains_ = other.abstains_;
    return *this;
  }

  [[nodiscard]] SiloId silo() const noexcept { return silo_; }
  [[nodiscard]] std::span<float> parameters() const { return buffer().parameters; }
  [[nodiscard]] std::span<double> statistics() const { return buffer().statistics; }
  /// True when this silo cannot contribute (a delta that is not finite): its lanes will be zero.
  [[nodiscard]] bool abstains() const noexcept { return abstains_; }

 private:
  friend Maker;
  template <class>
  friend class Update;
  Update(SiloId silo, UpdateBuffer& buffer, bool abstains) : silo_(silo), buffer_(&buffer), abstains_(abstains) {}
  /// The next stage takes the view over.
  template <class Earlier>
  Update(Update<Earlier>&& earlier, bool abstains)
      : silo_(earlier.silo_), buffer_(std::exchange(earlier.buffer_, nullptr)), abstains_(abstains) {}
  [[nodiscard]] UpdateBuffer& buffer() const {
    CROSSILO_ASSERT(buffer_ != nullptr);
    return *buffer_;
  }
  SiloId silo_;
  UpdateBuffer* buffer_;
  bool abstains_;
};

/// Ring words at one stage of the line. Only `Maker` makes one. A view: the buffer outlives it.
template <class Maker>
class Payload {
 public:
  /// What was moved from is empty: reading it, and so handing it to a stage again, is an InternalError.
  Payload(Payload&& other) noexcept : buffer_(std::exchange(other.buffer_, nullptr)) {}
  Payload& operator=(Payload&& other) noexcept {
    buffer_ = std::exchange(other.buffer_, nullptr);
    return *this;
  }

  [[nodiscard]] std::span<std::uint32_t> lanes() const { return buffer().lanes; }
  [[nodiscard]] std::span<std::uint64_t> statistics() const { return buffer().statistics; }

 private:
  friend Maker;
  template <class>
  friend class Payload;
  explicit Payload(WordBuffer& buffer) : buffer_(&buffer) {}
  /// The next stage takes the view over.
  template <class Earlier>
  explicit Payload(Payload<Earlier>&& earlier) : buffer_(std::exchange(earlier.buffer_, nullptr)) {
    CROSSILO_ASSERT(buffer_ != nullptr);
  }
  [[nodiscard]] WordBuffer& buffer() const {
    CROSSILO_ASSERT(buffer_ != nullptr);
    return *buffer_;
  }
  WordBuffer* buffer_;
};

using SiloUpdate = Update<Silo>;         // trained, raw
using ClippedUpdate = Update<Clip>;      // norm bounded, finite or abstaining
using RingPayload = Payload<RingCodec>;  // fixed-point integers
using NoisedPayload = Payload<Noise>;    // noise added (or NoNoise, on the record)
using MaskedPayload = Payload<Mask>;     // the first type that may leave a rank
using RingTotal = Payload<SecureSum>;    // the sum over all ranks

/// The readable result of a sum, equal bit for bit on all ranks. A view: its buffer outlives it.
struct RoundTotal {
  std::span<const float> mean;         // weighted mean of the parameters over the contributing silos; d
  std::span<const double> statistics;  // totals, in the order of PayloadLayout::statistics
  double contributed_share = 0.0;      // of the cohort's weight; 0: nothing is applied
};

/// The model after a round, equal bit for bit on all ranks. A view: its buffer outlives it.
struct GlobalModel {
  RoundIndex round{};                 // the last round that was applied
  std::span<const float> parameters;  // d
  Hash256 hash{};                     // fingerprint of the parameters' bytes (foreign/openssl)
};

}  // namespace crossilo
