// Aim: all that one round shares, and the chain of types that is the privacy proof: every stage has its own type,
// which only that stage can make. sum() takes a MaskedPayload; handing it anything earlier does not compile
// (tests/must_not_compile).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "crossilo/base/check.hpp"
#include "crossilo/base/types.hpp"
#include "crossilo/model/word_source.hpp"

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

/// Specs of the statistics above. Clip and the codec fill them in; a silo leaves them alone.
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

/// A payload's words: statistics that stand in memory, lanes that are made when they are asked for. A view.
struct PayloadWords {
  std::span<std::uint64_t> statistics{};
  std::size_t lane_words = 0;
  WordSource* lanes = nullptr;  // null: all of them are zero
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

/// Ring words at one stage of the line. Only `Maker` makes one. A view: the buffers and sources outlive it.
template <class Maker>
class Payload {
 public:
  /// What was moved from is empty: reading it, and so handing it to a stage again, is an InternalError.
  Payload(Payload&& other) noexcept : words_(std::exchange(other.words_, std::nullopt)), given_(other.given_) {}
  Payload& operator=(Payload&& other) noexcept {
    words_ = std::exchange(other.words_, std::nullopt);
    given_ = other.given_;
    return *this;
  }

  [[nodiscard]] const PayloadWords& words() const {
    CROSSILO_ASSERT(words_.has_value());
    return *words_;
  }
  [[nodiscard]] std::span<std::uint64_t> statistics() const { return words().statistics; }
  [[nodiscard]] std::size_t lane_words() const { return words().lane_words; }
  /// Lanes that nobody has asked for yet.
  [[nodiscard]] std::size_t lane_words_left() const { return lane_words() - given_; }
  /// Writes the next out.size() words of the lanes.
  void next_lanes(std::span<std::uint32_t> out) {
    CROSSILO_ASSERT(out.size() <= lane_words_left());
    given_ += out.size();
    if (words_->lanes != nullptr) return words_->lanes->next(out);
    std::ranges::fill(out, 0U);
  }

 private:
  friend Maker;
  explicit Payload(const PayloadWords& words) : words_(words) {}
  std::optional<PayloadWords> words_;
  std::size_t given_ = 0;
};

using SiloUpdate = Update<Silo>;         // trained, raw
using ClippedUpdate = Update<Clip>;      // norm bounded, finite or abstaining
using RingPayload = Payload<RingCodec>;  // fixed-point integers
using NoisedPayload = Payload<Noise>;    // noise added (or NoNoise, on the record)
using MaskedPayload = Payload<Mask>;     // the first type that may leave a rank

/// The sum over all ranks: statistics that are there, and lanes that arrive as they are asked for. Only SecureSum makes
/// one. A view: the sum outlives it, and no other sum begins before all totals were asked for.
class RingTotal {
 public:
  RingTotal(RingTotal&&) = default;
  RingTotal& operator=(RingTotal&&) = default;
  [[nodiscard]] std::span<const std::uint64_t> statistics() const noexcept { return statistics_; }
  [[nodiscard]] std::size_t lane_words() const noexcept { return lane_words_; }
  [[nodiscard]] TotalSource& lanes() noexcept { return *lanes_; }

 private:
  friend SecureSum;
  RingTotal(std::span<const std::uint64_t> statistics, std::size_t lane_words, TotalSource& lanes)
      : statistics_(statistics), lane_words_(lane_words), lanes_(&lanes) {}
  std::span<const std::uint64_t> statistics_;
  std::size_t lane_words_;
  TotalSource* lanes_;
};

/// The readable result of a sum, equal bit for bit on all ranks. A view: what it views outlives it.
struct RoundTotal {
  MeanSource* mean = nullptr;          // weighted means over the contributing silos; null: a sum of statistics alone
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
