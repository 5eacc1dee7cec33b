// Aim: the ring's arithmetic as slow, plain loops, written from its definition and not from the codec.
// Method: double and 64-bit integers, one parameter at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace crossilo::oracle {

/// Q = 2^(w-1) - 1 - n(1 + B).
inline std::int64_t capacity(unsigned lane_bits, std::int64_t silos, std::int64_t noise_bound) {
  return (std::int64_t{1} << (lane_bits - 1)) - 1 - silos * (1 + noise_bound);
}

/// q = floor(v s Q / C + u), clamped to +-(floor(s Q) + 1).
inline std::int64_t quantise(float value, double share, std::int64_t capacity, double bound, double u) {
  const double ring_share = share * static_cast<double>(capacity);
  const double limit = std::floor(ring_share) + 1.0;
  const double rounded = std::floor(static_cast<double>(value) * (ring_share / bound) + u);
  return static_cast<std::int64_t>(std::clamp(rounded, -limit, limit));
}

/// u in [0, 1) of 32 random bits that are read as a signed number.
inline double rounding_offset(std::uint32_t bits) {
  return (static_cast<double>(static_cast<std::int32_t>(bits)) + 2147483648.0) / 4294967296.0;
}

/// sum of lanes[k] 2^(w k), one word for 32 / w lanes, modulo 2^32.
inline std::vector<std::uint32_t> pack(const std::vector<std::int64_t>& lanes, unsigned lane_bits) {
  const std::size_t per_word = 32 / lane_bits;
  std::vector<std::uint32_t> words((lanes.size() + per_word - 1) / per_word);
  for (std::size_t k = 0; k < lanes.size(); ++k) {
    const std::int64_t power = std::int64_t{1} << (lane_bits * (k % per_word));
    const std::int64_t modulus = std::int64_t{1} << 32;
    const std::int64_t term = (lanes[k] % modulus + modulus) % modulus * power % modulus;
    words[k / per_word] = static_cast<std::uint32_t>((words[k / per_word] + term) % modulus);
  }
  return words;
}

/// Weighted mean of the silos that contribute, in long double.
inline std::vector<double> weighted_mean(const std::vector<std::vector<float>>& silos,
                                         const std::vector<std::uint64_t>& weights,
                                         const std::vector<bool>& contributes) {
  std::vector<double> mean(silos.front().size());
  long double total = 0;
  for (std::size_t i = 0; i < silos.size(); ++i) total += contributes[i] ? weights[i] : 0;
  for (std::size_t k = 0; k < mean.size(); ++k) {
    long double sum = 0;
    for (std::size_t i = 0; i < silos.size(); ++i)
      if (contributes[i]) sum += static_cast<long double>(weights[i]) * silos[i][k];
    mean[k] = static_cast<double>(sum / total);
  }
  return mean;
}

}  // namespace crossilo::oracle
