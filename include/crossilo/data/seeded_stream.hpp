// Aim: random numbers for made and divided data that are the same on every machine.
#pragma once

#include <cstdint>

#include "crossilo/data/split.hpp"

namespace crossilo {

/// SplitMix64: a seed and a use give one endless row of numbers. Not for secrets.
/// Deterministic: integers, and floating point with + − × ÷ alone, so that no library's logarithm decides a bit.
class SeededStream {
 public:
  /// Streams of different uses are independent of each other.
  explicit SeededStream(std::uint64_t seed, std::uint64_t use = 0) : state_(mix64(mix64(seed) ^ use)) {}

  [[nodiscard]] std::uint64_t next() {
    const std::uint64_t value = mix64(state_);
    state_ += 0x9e3779b97f4a7c15u;
    return value;
  }
  /// From 0 up to, but not including, 1: a multiple of 2^-53.
  [[nodiscard]] double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  /// A whole number below `count`, which is above 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t count) {
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(next()) * count) >> 64);
  }
  /// Mean 0, standard deviation 1.
  /// Source: Kinderman, Monahan, "Computer generation of random variables using the ratio of uniform deviates", ACM
  /// TOMS 3 (1977). A logarithm only decides whether a number is taken, so it is the same bits with any library.
  [[nodiscard]] double normal();

 private:
  std::uint64_t state_;
};

}  // namespace crossilo
