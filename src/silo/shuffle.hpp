// Aim: a random order that is the same on every machine and standard library.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <utility>

namespace crossilo {

/// A number below `bound`, each equally likely: draws beyond the largest multiple of `bound` are thrown away.
inline std::uint64_t draw_below(std::mt19937_64& generator, std::uint64_t bound) {
  const std::uint64_t surplus = (0 - bound) % bound;  // 2^64 mod bound
  std::uint64_t drawn = generator();
  while (drawn < surplus) drawn = generator();
  return drawn % bound;
}

/// Shuffles in place (Fisher and Yates). Deterministic: std::shuffle differs between standard libraries.
template <class T>
void shuffle(std::span<T> items, std::mt19937_64& generator) {
  for (std::size_t left = items.size(); left > 1; --left)
    std::swap(items[left - 1], items[draw_below(generator, left)]);
}

}  // namespace crossilo
