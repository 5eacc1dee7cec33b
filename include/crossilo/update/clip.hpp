// Aim: bound what one silo can do to the model, and catch updates that are not finite.
#pragma once

#include <cstddef>
#include <limits>

#include "crossilo/model/payload.hpp"

namespace crossilo {

/// Scales the model delta of an update down to an L2 norm of at most `clip_norm` (0: no bound). An update with a value
/// that is not finite, in its buffers too, abstains: its parameters become zero.
class Clip {
 public:
  /// `weights`: how many of the update's parameters are model delta; the buffers behind them keep their size.
  explicit Clip(double clip_norm, std::size_t weights = std::numeric_limits<std::size_t>::max());
  /// Deterministic: the norm is summed in double, in fixed blocks of 4096.
  [[nodiscard]] ClippedUpdate operator()(SiloUpdate&& update) const;

 private:
  double clip_norm_;
  std::size_t weights_;
};

}  // namespace crossilo
