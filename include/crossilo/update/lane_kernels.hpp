// Aim: the inner loops of the ring codec, once per vector unit, all with equal bits. Only this layer, its tests and
// its bench call them.
#pragma once

#include <cstdint>
#include <span>

namespace crossilo {

/// Vector units that the loops are compiled for.
enum class VectorUnit : std::uint8_t { baseline, avx2, avx512 };

/// The widest one of this machine.
[[nodiscard]] VectorUnit widest_vector_unit() noexcept;

/// Constants of one silo and one lane block.
struct EncodeConstants {
  double factor = 0.0;        // s_i Q / C: ring units per unit of a parameter
  double ring_limit = 0.0;    // floor(s_i Q) + 1: no |q| exceeds it; below 2^31
  float parameter_bound = 0;  // C
  /// For a silo with share s_i of the cohort's weight, capacity Q and bound C.
  static EncodeConstants of(double share, std::int64_t capacity, double bound);
};

/// How many values have |v| > bound, or are not a number. Shapes: fewer than 2^31.
[[nodiscard]] std::uint64_t count_beyond(std::span<const float> values, float bound, VectorUnit unit);

/// What one call of decode_lanes met.
struct DecodeCounts {
  std::uint64_t beyond = 0;   // lanes beyond +-limit
  std::uint32_t largest = 0;  // magnitude of a lane
};

/// out[k] = floor(values[k] x factor + u_k), clamped to +-ring_limit; u_k in [0, 1) from 32 random bits.
/// A NaN gives -ring_limit. Returns how many values are not finite. Deterministic: equal bits for every unit.
/// Shapes: values, random, out: equal.
[[nodiscard]] std::uint64_t encode_lanes(std::span<const float> values, std::span<const std::uint32_t> random,
                                         const EncodeConstants& constants, std::span<std::int32_t> out,
                                         VectorUnit unit);

/// words[j] = sum of lanes[j L + k] 2^(w k) modulo 2^32, L = 32 / w; missing lanes of the last word are zero.
/// Shapes: words ceil(lanes / L).
void pack_lanes(std::span<const std::int32_t> lanes, unsigned lane_bits, std::span<std::uint32_t> words);

/// The signed lanes of summed words, from the lowest up. Shapes: as pack_lanes.
void unpack_lanes(std::span<const std::uint32_t> words, unsigned lane_bits, std::span<std::int32_t> lanes);

/// mean[k] = lanes[k] x unit_value, rounded once.
/// Deterministic: equal bits for every unit. Shapes: mean and lanes equal.
[[nodiscard]] DecodeCounts decode_lanes(std::span<const std::int32_t> lanes, double unit_value, std::int32_t limit,
                                        std::span<float> mean, VectorUnit unit);

}  // namespace crossilo
