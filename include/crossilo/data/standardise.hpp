// Aim: one value scaled, alike in training, evaluation and prediction.
#pragma once

#include <cmath>

namespace crossilo {

/// (x - mean) / standard_deviation; a missing value (NaN) becomes 0, the mean; a standard deviation of 0 counts as 1.
/// Deterministic.
inline float standardised(float x, double mean, double standard_deviation) {
  if (std::isnan(x)) return 0.0f;
  return static_cast<float>((static_cast<double>(x) - mean) / (standard_deviation > 0.0 ? standard_deviation : 1.0));
}

}  // namespace crossilo
