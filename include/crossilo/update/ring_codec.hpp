// Aim: real numbers to ring words and back, so that every sum is a sum of integers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "crossilo/base/random.hpp"
#include "crossilo/model/payload.hpp"
#include "crossilo/update/lane_decoder.hpp"
#include "crossilo/update/lane_encoder.hpp"

namespace crossilo {

/// The constants of one lane block for one cohort (docs/ring-arithmetic.md has the proof).
/// Q = 2^(w-1) - 1 - n(1 + B); |q_i| <= floor(s_i Q) + 1; so |sum of q| < 2^(w-1).
struct LaneScale {
  std::int64_t capacity = 0;  // Q
  double unit = 0.0;          // C / Q: the value of one ring unit of a weighted mean
  /// Throws: ConfigError when Q < 8n; names the lane width that fits n silos.
  static LaneScale of(const LaneBlock& block, std::size_t cohort_size, std::int64_t noise_bound);
};

/// Encodes one silo's update into a payload and decodes a total. Fixed to one layout; the width and bound of its lanes
/// may differ from sum to sum, as the ticket says.
///
/// encode: q = round(v s_i Q / C), stochastically, in double; clamped in double to +-(floor(s_i Q) + 1), only then
/// converted. Rounding bits: AES-256-CTR keyed by derive(public root, rounding, {round, silo, parent}).
/// decode: lanes from the lowest up (sign-extend, subtract, shift); mean = X C / Q / contributed share.
/// Only + - x / in a fixed order: equal bits on every machine.
class RingCodec {
 public:
  struct Options {
    PayloadLayout layout;
    PublicRoot root;               // for rounding
    std::int64_t noise_bound = 0;  // B: |noise| of one silo and lane, in ring units
  };
  explicit RingCodec(Options options);

  [[nodiscard]] const PayloadLayout& layout() const noexcept { return options_.layout; }
  [[nodiscard]] std::int64_t noise_bound() const noexcept { return options_.noise_bound; }

  /// The lanes are encoded while they are asked for; until the last of them was, or the next encode, the payload views
  /// this codec and the update's buffer. `on_encoded` is called then, unless all lanes are zero.
  /// Shapes: update.parameters() d, update.statistics() as the layout says (the contributed weight and the abstentions
  /// are filled in here).
  /// An abstaining silo: zero lanes, contributed weight 0, abstentions 1; its other statistics are kept.
  /// A silo outside the cohort: an update without parameters; zero lanes, weight 0.
  /// Where feeds_errors_back(): update.parameters() becomes what the lanes do not carry of it.
  /// Throws: DataError that names a statistic beyond its bound, but neither its value nor the silo.
  [[nodiscard]] RingPayload encode(ClippedUpdate&& update, const RoundTicket& ticket, EncodedCall on_encoded = {});

  /// The means are decoded while they are asked for; until the last of them was, the result views this codec, the total
  /// and `statistics`. Shapes: d means; statistics as the layout says.
  /// Throws, also while means are asked for: DivergedError when a total lies outside its declared range (n x bound).
  [[nodiscard]] RoundTotal decode(RingTotal& total, const RoundTicket& ticket, std::span<double> statistics);

  /// Of encoding, since the last call.
  [[nodiscard]] double take_encode_seconds() noexcept { return encoder_.take_seconds(); }

 private:
  [[nodiscard]] LaneBlock block_of(const RoundTicket& ticket, std::size_t index) const;
  [[nodiscard]] std::size_t lane_words(const RoundTicket& ticket) const;
  void start_encoder(const ClippedUpdate& update, const RoundTicket& ticket, EncodedCall on_encoded);

  Options options_;
  std::vector<std::uint64_t> words_;  // of the statistics of the payload at hand
  LaneEncoder encoder_;
  LaneDecoder decoder_;
};

}  // namespace crossilo
