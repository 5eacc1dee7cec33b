// Aim: the only door through which a payload leaves a rank.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "crossilo/comm/ring_sum.hpp"
#include "crossilo/model/payload.hpp"

namespace crossilo {

/// Sums masked payloads over all ranks. Takes a MaskedPayload and nothing earlier: that is the privacy proof.
class SecureSum final : RingSource, TotalSource {
 public:
  SecureSum(RingSum& ring_sum, double peer_seconds_max);
  /// The total, on every rank: of the statistics at once, of the lanes when they are asked for; the payload's own lanes
  /// are asked for meanwhile. One sum at a time. Collective. Throws, also while totals are asked for: PeerLostError.
  [[nodiscard]] RingTotal operator()(MaskedPayload&& payload, const RoundTicket& ticket);

  /// Of asking for totals, since the last call.
  using TimedSource::take_seconds;

 private:
  void give(std::span<std::uint32_t> out) override;
  void give(std::span<std::uint64_t> out) override;
  [[nodiscard]] std::span<const std::uint32_t> read() override { return ring_sum_.next().words; }

  RingSum& ring_sum_;
  double peer_seconds_max_;
  std::optional<MaskedPayload> payload_;  // at hand
  std::size_t statistics_given_ = 0;
  std::vector<std::uint64_t> statistics_;  // the totals
};

}  // namespace crossilo
