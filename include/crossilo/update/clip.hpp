// Aim: bound what one silo can do to the model, and catch updates that are not finite.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>

#include "crossilo/model/payload.hpp"

namespace crossilo {

/// What Clip looks at in an update.
struct ClipInput {
  double squared = 0.0;          // squared_norm of the model delta
  double squared_buffers = 0.0;  // squared_norm of what stands behind it
  bool abstains = false;         // it did so before
};
/// What Clip does to an update: its parameters become zero, or the model delta is scaled by the factor.
struct ClipDecision {
  bool abstains = false;
  double factor = 1.0;
};

/// Scales the model delta of an update down to an L2 norm of at most `clip_norm` (0: no bound). An update with a value
/// that is not finite, in its buffers too, abstains: its parameters become zero. Counts in the statistics what lies
/// beyond the bounds of the lanes that the ticket names: of the model delta by the first, of the buffers by the last.
class Clip {
 public:
  /// `weights`: how many of the update's parameters are model delta; the buffers behind them keep their size.
  explicit Clip(double clip_norm, std::size_t weights = std::numeric_limits<std::size_t>::max());
  /// Deterministic: the norm is summed in double, in fixed blocks of 4096.
  [[nodiscard]] ClippedUpdate operator()(SiloUpdate&& update, const RoundTicket& ticket) const;

  /// The rule itself, for the twin on a GPU (update/device_update).
  [[nodiscard]] ClipDecision decide(const ClipInput& input) const;
  /// How many of an update's parameters are model delta.
  [[nodiscard]] std::size_t weights_of(std::size_t parameters) const noexcept { return std::min(weights_, parameters); }

 private:
  double clip_norm_;
  std::size_t weights_;
};

}  // namespace crossilo
