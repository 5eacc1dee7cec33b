// Aim: bound what one silo can do to the model, and catch updates that are not finite.
#pragma once

#include "crossilo/model/payload.hpp"

namespace crossilo {

/// Scales an update down to an L2 norm of at most `clip_norm` (0: no bound). An update with a value that is not finite
/// abstains: its parameters become zero.
class Clip {
 public:
  explicit Clip(double clip_norm);
  /// Deterministic: the norm is summed in double, in fixed blocks of 4096.
  [[nodiscard]] ClippedUpdate operator()(SiloUpdate&& update) const;

 private:
  double clip_norm_;
};

}  // namespace crossilo
