// Aim: the only door through which a payload leaves a rank.
#pragma once

#include "crossilo/comm/ring_sum.hpp"
#include "crossilo/model/payload.hpp"

namespace crossilo {

/// Sums masked payloads over all ranks. Takes a MaskedPayload and nothing earlier: that is the privacy proof.
class SecureSum {
 public:
  SecureSum(RingSum& ring_sum, double peer_seconds_max);
  /// The total, on every rank, in the payload's own buffer. Collective. Throws: PeerLostError.
  [[nodiscard]] RingTotal operator()(MaskedPayload&& payload, const RoundTicket& ticket);

 private:
  RingSum& ring_sum_;
  double peer_seconds_max_;
};

}  // namespace crossilo
