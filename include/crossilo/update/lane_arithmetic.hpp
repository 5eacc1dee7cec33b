// Aim: what a GPU does to one ring word or one value, as plain functions: the same bits as the loops of lane_kernels,
// clip and squared_norm. Constexpr, so that the compiler of CUDA takes them as they are and tests run them on the host.
#pragma once

#include <cstdint>
#include <limits>

#include "crossilo/update/lane_kernels.hpp"

namespace crossilo {

/// What a block that was encoded held. On the processor Clip counts the former, since statistics leave first there.
struct EncodeCounts {
  std::uint64_t clamped = 0;     // |v| > C, and NaN
  std::uint64_t not_finite = 0;  // NaN and infinity
};

/// One block of values to encode; pointers of the memory that the functions run on.
struct EncodeTask {
  float* values = nullptr;
  const std::uint32_t* random = nullptr;
  std::uint32_t* words = nullptr;
  std::uint64_t parameters = 0;
  EncodeConstants constants;
  unsigned lane_bits = 32;
  bool keeps_remainder = false;  // values become what the lanes do not carry of them
  [[nodiscard]] constexpr std::uint64_t word_count() const { return (parameters * lane_bits + 31) / 32; }
};

/// One block of total words to decode.
struct DecodeTask {
  const std::uint32_t* words = nullptr;
  float* mean = nullptr;
  std::uint64_t parameters = 0;
  double unit_value = 0.0;
  std::int32_t limit = 0;
  unsigned lane_bits = 32;
  [[nodiscard]] constexpr std::uint64_t word_count() const { return (parameters * lane_bits + 31) / 32; }
};

/// floor(value x factor + u), clamped; u in [0, 1) from 32 random bits. A NaN gives the lowest value.
constexpr std::int32_t quantised(float value, std::uint32_t random, const EncodeConstants& constants) {
  const double u = static_cast<double>(static_cast<std::int32_t>(random)) * 0x1p-32 + 0.5;
  double ring = static_cast<double>(value) * constants.factor + u;
  ring = ring > -constants.ring_limit ? ring : -constants.ring_limit;
  ring = ring < constants.ring_limit ? ring : constants.ring_limit;
  const auto truncated = static_cast<std::int32_t>(ring);
  return truncated - static_cast<std::int32_t>(static_cast<double>(truncated) > ring);
}

/// What a lane does not carry of its value; of a value beyond the bound, what it does not carry of the bound, or one
/// wild value would be sent for ever.
constexpr float not_carried(float value, std::int32_t lane, const EncodeConstants& constants) {
  if (!(constants.factor > 0.0)) return 0.0F;
  const float bound = constants.parameter_bound;
  const float within = value > bound ? bound : value < -bound ? -bound : value;
  return static_cast<float>(within - lane / constants.factor);
}

/// Writes word `j` of a task's words. Returns what it met.
constexpr EncodeCounts encode_word(const EncodeTask& task, std::uint64_t j) {
  const std::uint64_t lanes_per_word = 32 / task.lane_bits;
  const std::uint64_t first = j * lanes_per_word;
  EncodeCounts counts;
  std::uint32_t word = 0;
  for (std::uint64_t k = 0; k < lanes_per_word && first + k < task.parameters; ++k) {
    float& value = task.values[first + k];
    const float magnitude = value < 0.0F ? -value : value;
    counts.clamped += !(magnitude <= task.constants.parameter_bound);
    counts.not_finite += !(magnitude <= std::numeric_limits<float>::max());
    const std::int32_t lane = quantised(value, task.random[first + k], task.constants);
    word += static_cast<std::uint32_t>(lane) << (task.lane_bits * k);
    if (task.keeps_remainder) value = not_carried(value, lane, task.constants);
  }
  task.words[j] = word;
  return counts;
}

/// Writes the means of word `j`. Returns the number of lanes beyond +-limit.
constexpr std::uint64_t decode_word(const DecodeTask& task, std::uint64_t j) {
  const std::uint64_t lanes_per_word = 32 / task.lane_bits;
  const std::uint64_t first = j * lanes_per_word;
  const unsigned unused_bits = 32 - task.lane_bits;
  std::uint64_t beyond = 0;
  std::uint32_t word = task.words[j];
  for (std::uint64_t k = 0; k < lanes_per_word && first + k < task.parameters; ++k) {
    const std::int32_t lane = static_cast<std::int32_t>(word << unused_bits) >> unused_bits;  // sign-extends
    word = (word - static_cast<std::uint32_t>(lane)) >> (task.lane_bits % 32);
    beyond += (lane > task.limit) | (lane < -task.limit);
    task.mean[first + k] = static_cast<float>(static_cast<double>(lane) * task.unit_value);
  }
  return beyond;
}

/// How squared_norm adds: blocks of 4096 values, each in 8 interleaved parts, the blocks one after the other.
struct NormBlocks {
  static constexpr std::uint64_t kValues = 4096;
  static constexpr std::uint64_t kParts = 8;
  /// Parts of a vector of that many values.
  static constexpr std::uint64_t parts_of(std::uint64_t values) { return (values + kValues - 1) / kValues * kParts; }
  /// Part `j` of a vector, counted over all blocks.
  static constexpr double part(const float* values, std::uint64_t count, std::uint64_t j) {
    const std::uint64_t first = j / kParts * kValues;
    const std::uint64_t end = count - first < kValues ? count : first + kValues;
    double sum = 0.0;
    for (std::uint64_t i = first + j % kParts; i < end; i += kParts) {
      const double value = values[i];
      sum += value * value;
    }
    return sum;
  }
  /// The norm's square from all parts of a vector.
  static constexpr double sum(const double* parts, std::uint64_t count) {
    double total = 0.0;
    for (const double* p = parts; p != parts + count; p += kParts)
      total += ((p[0] + p[1]) + (p[2] + p[3])) + ((p[4] + p[5]) + (p[6] + p[7]));
    return total;
  }
};

}  // namespace crossilo
