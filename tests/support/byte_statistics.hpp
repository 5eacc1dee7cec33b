// Aim: whether bytes look like noise.
// Method: the frequencies of the 256 byte values.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <span>

namespace crossilo::testing {

struct ByteStatistics {
  double chi_square = 0.0;  // 255 degrees of freedom: 255 +- 22.6 for noise
  double entropy_bits = 0.0;

  explicit ByteStatistics(std::span<const std::byte> bytes) {
    std::array<double, 256> counts{};
    for (const std::byte byte : bytes) counts[std::to_integer<std::size_t>(byte)] += 1.0;
    const double total = static_cast<double>(bytes.size());
    for (const double count : counts) {
      chi_square += (count - total / 256) * (count - total / 256) / (total / 256);
      if (count > 0) entropy_bits -= count / total * std::log2(count / total);
    }
  }
};

}  // namespace crossilo::testing
