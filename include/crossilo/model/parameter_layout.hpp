// Aim: how a model's flat vector divides into what is trained and what is only averaged.
#pragma once

#include <cstddef>
#include <vector>

namespace crossilo {

/// A stretch of the flat vector.
struct ParameterRange {
  std::size_t offset = 0;
  std::size_t count = 0;
};

/// The flat vector of d = weights + buffers values: first what the optimizer trains, then the float buffers of
/// normalisation layers, which take the weighted mean of the silos' (their own block, untouched by clipping and by
/// the server optimizer).
struct ParameterLayout {
  std::size_t weights = 0;
  std::size_t buffers = 0;
  std::vector<ParameterRange> non_negative;  // running variances: never below 0 after a round
  [[nodiscard]] std::size_t size() const noexcept { return weights + buffers; }
};

}  // namespace crossilo
