// Aim: blocks of values that are hard to encode, and what the processor's loops make of them.
// Method: limits, NaN, infinity, denormals and random values of every magnitude; every lane width, ends of all lengths.
#pragma once

#include <bit>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "crossilo/model/payload.hpp"
#include "crossilo/update/lane_arithmetic.hpp"
#include "crossilo/update/ring_codec.hpp"

namespace crossilo::testing {

inline constexpr double kUnitValue = 1.0 / 3.0;

inline bool same_bits(std::span<const float> one, std::span<const float> other) {
  return one.size() == other.size() && (one.empty() || std::memcmp(one.data(), other.data(), one.size_bytes()) == 0);
}

/// Finite floats of every magnitude; the same ones for the same count.
inline std::vector<float> random_floats(std::size_t count) {
  std::mt19937 generator(static_cast<unsigned>(count));
  std::vector<float> values;
  while (values.size() < count) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(generator()));
    if (value - value == 0.0F) values.push_back(value);
  }
  return values;
}

struct BlockOfValues {
  unsigned lane_bits = 32;
  EncodeConstants constants;
  std::vector<float> values;
  std::vector<std::uint32_t> random;

  [[nodiscard]] LaneBlock block() const {
    return {.name = "b", .parameters = values.size(), .lane_bits = lane_bits, .bound = constants.parameter_bound};
  }
  [[nodiscard]] std::size_t word_count() const { return block().words(); }
  /// Half the lanes of random words are beyond it.
  [[nodiscard]] std::int32_t limit() const { return std::numeric_limits<std::int32_t>::max() >> (33 - lane_bits); }
};

inline BlockOfValues block_of_values(unsigned lane_bits, std::size_t count, double share) {
  constexpr double kBound = 16.0;
  constexpr auto bound = static_cast<float>(kBound);
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kDenormal = std::numeric_limits<float>::denorm_min();
  constexpr std::size_t kSilos = 3;
  BlockOfValues block{.lane_bits = lane_bits};
  const LaneScale scale = LaneScale::of({.name = "b", .lane_bits = lane_bits, .bound = kBound}, kSilos, 0);
  block.constants = EncodeConstants::of(share, scale.capacity, kBound);
  block.values = {bound,
                  -bound,
                  std::nextafter(bound, 100.0F),
                  std::numeric_limits<float>::quiet_NaN(),
                  kInfinity,
                  -kInfinity,
                  kDenormal,
                  -kDenormal,
                  0.0F,
                  -0.0F,
                  15.999999F,
                  std::numeric_limits<float>::max()};
  const std::vector<float> any = random_floats(count);
  block.values.insert(block.values.end(), any.begin(), any.end());
  std::mt19937 generator(lane_bits);
  std::uniform_real_distribution<float> usual(-bound, bound);
  while (block.values.size() < 2 * count) block.values.push_back(usual(generator));
  block.values.resize(count);
  for (std::size_t k = 0; k < count; ++k)
    block.random.push_back(k % 5 == 0   ? 0x7fffffffU  // u just below 1
                           : k % 5 == 1 ? 0x80000000U  // u = 0
                                        : static_cast<std::uint32_t>(generator()));
  return block;
}

inline std::vector<BlockOfValues> extreme_blocks() {
  std::vector<BlockOfValues> blocks;
  for (const unsigned lane_bits : {32U, 16U, 8U})
    for (const std::size_t count : {0U, 1U, 2U, 3U, 4U, 5U, 12U, 1003U, 5000U})
      for (const double share : {1.0 / 3.0, 1.0, 0.0}) blocks.push_back(block_of_values(lane_bits, count, share));
  return blocks;
}

/// What RingCodec's loops make of a block.
struct EncodedOnHost {
  EncodeCounts counts;
  std::vector<std::uint32_t> words;
  std::vector<float> remainder;  // with 8 bits; otherwise the values

  explicit EncodedOnHost(const BlockOfValues& block) : words(block.word_count()), remainder(block.values) {
    std::vector<std::int32_t> lanes(block.values.size());
    counts.not_finite = encode_lanes(block.values, block.random, block.constants, lanes, VectorUnit::baseline);
    counts.clamped = count_beyond(block.values, block.constants.parameter_bound, VectorUnit::baseline);
    pack_lanes(lanes, block.lane_bits, words);
    const double factor = block.constants.factor;
    const float bound = block.constants.parameter_bound;
    if (feeds_errors_back(block.lane_bits))
      for (std::size_t i = 0; i < remainder.size(); ++i)
        remainder[i] =
            factor > 0.0 ? static_cast<float>(std::clamp(remainder[i], -bound, bound) - lanes[i] / factor) : 0.0F;
  }
};

struct DecodedOnHost {
  std::vector<float> mean;
  std::uint64_t beyond = 0;

  DecodedOnHost(const BlockOfValues& block, std::span<const std::uint32_t> words) : mean(block.values.size()) {
    std::vector<std::int32_t> lanes(mean.size());
    unpack_lanes(words, block.lane_bits, lanes);
    beyond = decode_lanes(lanes, kUnitValue, block.limit(), mean, VectorUnit::baseline).beyond;
  }
};

}  // namespace crossilo::testing
