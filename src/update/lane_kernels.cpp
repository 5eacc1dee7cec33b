#include "crossilo/update/lane_kernels.hpp"

#include <cmath>
#include <limits>

#include "crossilo/base/check.hpp"

// Each loop's body is inlined into one function per vector unit, so that the compiler vectorises it for that unit.
// The bodies use only + x, comparisons and conversions, which round alike everywhere (-ffp-contract=off).
#if defined(__x86_64__)
#define CROSSILO_FOR_AVX2 __attribute__((target("avx2")))
#define CROSSILO_FOR_AVX512 __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw")))
#else
#define CROSSILO_FOR_AVX2
#define CROSSILO_FOR_AVX512
#endif
#define CROSSILO_INLINE __attribute__((always_inline)) inline

namespace crossilo {
namespace {

CROSSILO_INLINE std::uint64_t beyond_body(const float* values, float bound, std::size_t count) {
  std::uint32_t beyond = 0;
  for (std::size_t k = 0; k < count; ++k) beyond += !(std::fabs(values[k]) <= bound);
  return beyond;
}

// Two loops, so that floats and doubles each fill their vectors.
CROSSILO_INLINE std::uint64_t encode_body(const float* __restrict values, const std::uint32_t* __restrict random,
                                          const EncodeConstants constants, std::int32_t* __restrict out,
                                          std::size_t count) {
  const double high = constants.ring_limit;
  const double low = -high;
  for (std::size_t k = 0; k < count; ++k) {
    // 32 bits as u in [0, 1): read as signed, since every vector unit converts signed integers.
    const double u = static_cast<double>(static_cast<std::int32_t>(random[k])) * 0x1p-32 + 0.5;
    double ring = static_cast<double>(values[k]) * constants.factor + u;
    // The limit is whole, so clamping before the floor is the same as after it. A NaN compares false: it becomes `low`.
    ring = ring > low ? ring : low;
    ring = ring < high ? ring : high;
    const auto truncated = static_cast<std::int32_t>(ring);
    out[k] = truncated - static_cast<std::int32_t>(static_cast<double>(truncated) > ring);
  }
  return beyond_body(values, std::numeric_limits<float>::max(), count);
}

CROSSILO_INLINE DecodeCounts decode_body(const std::int32_t* __restrict lanes, double unit_value, std::int32_t limit,
                                         float* __restrict mean, std::size_t count) {
  std::uint32_t beyond = 0;
  std::uint32_t largest = 0;
  for (std::size_t k = 0; k < count; ++k) {
    const std::uint32_t sign = lanes[k] < 0 ? ~0U : 0U;
    const std::uint32_t magnitude = (static_cast<std::uint32_t>(lanes[k]) ^ sign) - sign;
    largest = magnitude > largest ? magnitude : largest;
    beyond += (lanes[k] > limit) | (lanes[k] < -limit);
    mean[k] = static_cast<float>(static_cast<double>(lanes[k]) * unit_value);
  }
  return {.beyond = beyond, .largest = largest};
}

std::uint64_t beyond_baseline(const float* values, float bound, std::size_t count) {
  return beyond_body(values, bound, count);
}
CROSSILO_FOR_AVX2 std::uint64_t beyond_avx2(const float* values, float bound, std::size_t count) {
  return beyond_body(values, bound, count);
}
CROSSILO_FOR_AVX512 std::uint64_t beyond_avx512(const float* values, float bound, std::size_t count) {
  return beyond_body(values, bound, count);
}

std::uint64_t encode_baseline(const float* values, const std::uint32_t* random, const EncodeConstants& constants,
                              std::int32_t* out, std::size_t count) {
  return encode_body(values, random, constants, out, count);
}
CROSSILO_FOR_AVX2 std::uint64_t encode_avx2(const float* values, const std::uint32_t* random,
                                            const EncodeConstants& constants, std::int32_t* out, std::size_t count) {
  return encode_body(values, random, constants, out, count);
}
CROSSILO_FOR_AVX512 std::uint64_t encode_avx512(const float* values, const std::uint32_t* random,
                                                const EncodeConstants& constants, std::int32_t* out,
                                                std::size_t count) {
  return encode_body(values, random, constants, out, count);
}

DecodeCounts decode_baseline(const std::int32_t* lanes, double unit_value, std::int32_t limit, float* mean,
                             std::size_t count) {
  return decode_body(lanes, unit_value, limit, mean, count);
}
CROSSILO_FOR_AVX2 DecodeCounts decode_avx2(const std::int32_t* lanes, double unit_value, std::int32_t limit,
                                           float* mean, std::size_t count) {
  return decode_body(lanes, unit_value, limit, mean, count);
}
CROSSILO_FOR_AVX512 DecodeCounts decode_avx512(const std::int32_t* lanes, double unit_value, std::int32_t limit,
                                               float* mean, std::size_t count) {
  return decode_body(lanes, unit_value, limit, mean, count);
}

template <unsigned LaneBits>
void pack(std::span<const std::int32_t> lanes, std::span<std::uint32_t> words) {
  constexpr std::size_t kLanes = 32 / LaneBits;
  const std::size_t whole = lanes.size() / kLanes;
  for (std::size_t j = 0; j < whole; ++j) {
    std::uint32_t word = 0;
    for (unsigned k = 0; k < kLanes; ++k) word += static_cast<std::uint32_t>(lanes[j * kLanes + k]) << (LaneBits * k);
    words[j] = word;
  }
  if (whole < words.size()) words[whole] = 0;
  for (std::size_t i = whole * kLanes; i < lanes.size(); ++i)
    words[whole] += static_cast<std::uint32_t>(lanes[i]) << (LaneBits * (i % kLanes));
}

template <unsigned LaneBits, class Lane>
void unpack(std::span<const std::uint32_t> words, std::span<std::int32_t> lanes) {
  constexpr std::size_t kLanes = 32 / LaneBits;
  const auto take_lowest = [](std::uint32_t& word) {
    const auto lane = static_cast<Lane>(word);  // sign-extends the lowest lane
    word = (word - static_cast<std::uint32_t>(lane)) >> (LaneBits % 32);
    return static_cast<std::int32_t>(lane);
  };
  const std::size_t whole = lanes.size() / kLanes;
  for (std::size_t j = 0; j < whole; ++j) {
    std::uint32_t word = words[j];
    for (std::size_t k = 0; k < kLanes; ++k) lanes[j * kLanes + k] = take_lowest(word);
  }
  if (whole == words.size()) return;
  std::uint32_t word = words[whole];
  for (std::size_t i = whole * kLanes; i < lanes.size(); ++i) lanes[i] = take_lowest(word);
}

}  // namespace

VectorUnit widest_vector_unit() noexcept {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw"))
    return VectorUnit::avx512;
  if (__builtin_cpu_supports("avx2")) return VectorUnit::avx2;
#endif
  return VectorUnit::baseline;
}

EncodeConstants EncodeConstants::of(double share, std::int64_t capacity, double bound) {
  const double ring_share = share * static_cast<double>(capacity);  // s_i Q
  return {.factor = ring_share / bound,
          .ring_limit = std::floor(ring_share) + 1.0,
          .parameter_bound = static_cast<float>(bound)};
}

std::uint64_t count_beyond(std::span<const float> values, float bound, VectorUnit unit) {
  CROSSILO_ASSERT(values.size() <= std::numeric_limits<std::int32_t>::max());  // the loops count in 32 bits
  const auto count = unit == VectorUnit::avx512 ? beyond_avx512
                     : unit == VectorUnit::avx2 ? beyond_avx2
                                                : beyond_baseline;
  return count(values.data(), bound, values.size());
}

std::uint64_t encode_lanes(std::span<const float> values, std::span<const std::uint32_t> random,
                           const EncodeConstants& constants, std::span<std::int32_t> out, VectorUnit unit) {
  CROSSILO_ASSERT(values.size() == random.size() && values.size() == out.size());
  CROSSILO_ASSERT(values.size() <= std::numeric_limits<std::int32_t>::max());  // the loops count in 32 bits
  CROSSILO_ASSERT(constants.ring_limit <= 0x1p31 - 1);                         // so that every lane fits an int32
  const auto encode = unit == VectorUnit::avx512 ? encode_avx512
                      : unit == VectorUnit::avx2 ? encode_avx2
                                                 : encode_baseline;
  return encode(values.data(), random.data(), constants, out.data(), values.size());
}

void pack_lanes(std::span<const std::int32_t> lanes, unsigned lane_bits, std::span<std::uint32_t> words) {
  CROSSILO_ASSERT(lane_bits == 32 || lane_bits == 16 || lane_bits == 8);
  CROSSILO_ASSERT(words.size() == (lanes.size() * lane_bits + 31) / 32);
  lane_bits == 32 ? pack<32>(lanes, words) : lane_bits == 16 ? pack<16>(lanes, words) : pack<8>(lanes, words);
}

void unpack_lanes(std::span<const std::uint32_t> words, unsigned lane_bits, std::span<std::int32_t> lanes) {
  CROSSILO_ASSERT(lane_bits == 32 || lane_bits == 16 || lane_bits == 8);
  CROSSILO_ASSERT(words.size() == (lanes.size() * lane_bits + 31) / 32);
  lane_bits == 32   ? unpack<32, std::int32_t>(words, lanes)
  : lane_bits == 16 ? unpack<16, std::int16_t>(words, lanes)
                    : unpack<8, std::int8_t>(words, lanes);
}

DecodeCounts decode_lanes(std::span<const std::int32_t> lanes, double unit_value, std::int32_t limit,
                          std::span<float> mean, VectorUnit unit) {
  CROSSILO_ASSERT(lanes.size() == mean.size());
  const auto decode = unit == VectorUnit::avx512 ? decode_avx512
                      : unit == VectorUnit::avx2 ? decode_avx2
                                                 : decode_baseline;
  return decode(lanes.data(), unit_value, limit, mean.data(), lanes.size());
}

}  // namespace crossilo
