// Aim: what the GPU computes for one word or value has the bits of the processor's loops, whatever comes in.
// Method: the functions that the GPU runs, called here in a scrambled order, against lane_kernels and squared_norm.
#include "crossilo/update/lane_arithmetic.hpp"

#include <gtest/gtest.h>

#include <bit>

#include "crossilo/base/squared_norm.hpp"
#include "update/extreme_updates.hpp"

namespace crossilo {
namespace {

using testing::BlockOfValues;

/// Calls run(i) for every i below count; neighbours are far apart, as on a device nobody knows the order.
template <class Run>
void in_any_order(std::uint64_t count, Run run) {
  constexpr std::uint64_t kStep = 7919;  // prime, and no count here is a multiple of it
  for (std::uint64_t i = 0; i < count; ++i) run(i * kStep % count);
}

TEST(LaneArithmetic, EncodesAsTheLoopsDo) {
  for (const BlockOfValues& block : testing::extreme_blocks()) {
    const testing::EncodedOnHost expected(block);
    std::vector<float> values = block.values;
    std::vector<std::uint32_t> words(expected.words.size(), 0xdeadbeefU);
    const EncodeTask task{.values = values.data(),
                          .random = block.random.data(),
                          .words = words.data(),
                          .parameters = values.size(),
                          .constants = block.constants,
                          .lane_bits = block.lane_bits,
                          .keeps_remainder = block.lane_bits == 8};
    ASSERT_EQ(task.word_count(), words.size());
    EncodeCounts counts;
    in_any_order(task.word_count(), [&](std::uint64_t j) {
      const EncodeCounts met = encode_word(task, j);
      counts.clamped += met.clamped;
      counts.not_finite += met.not_finite;
    });
    EXPECT_EQ(words, expected.words) << block.lane_bits << " bits, " << values.size() << " values";
    EXPECT_EQ(counts.clamped, expected.counts.clamped);
    EXPECT_EQ(counts.not_finite, expected.counts.not_finite);
    EXPECT_TRUE(testing::same_bits(values, expected.remainder)) << block.lane_bits << " bits";
  }
}

TEST(LaneArithmetic, DecodesAsTheLoopsDo) {
  for (const BlockOfValues& block : testing::extreme_blocks()) {
    const std::vector<std::uint32_t> words(block.random.begin(),
                                           block.random.begin() + static_cast<std::ptrdiff_t>(block.word_count()));
    const testing::DecodedOnHost expected(block, words);
    std::vector<float> mean(block.values.size(), 7.0F);
    const DecodeTask task{.words = words.data(),
                          .mean = mean.data(),
                          .parameters = mean.size(),
                          .unit_value = testing::kUnitValue,
                          .limit = block.limit(),
                          .lane_bits = block.lane_bits};
    std::uint64_t beyond = 0;
    in_any_order(task.word_count(), [&](std::uint64_t j) { beyond += decode_word(task, j); });
    EXPECT_TRUE(testing::same_bits(mean, expected.mean)) << block.lane_bits << " bits, " << mean.size() << " values";
    EXPECT_EQ(beyond, expected.beyond);
  }
}

TEST(LaneArithmetic, AddsANormInTheOrderOfSquaredNorm) {
  for (const std::size_t count : {0U, 1U, 7U, 8U, 9U, 4095U, 4096U, 4097U, 12'289U}) {
    const std::vector<float> values = testing::random_floats(count);
    std::vector<double> parts(NormBlocks::parts_of(count), -1.0);
    if (count > 0)
      in_any_order(parts.size(), [&](std::uint64_t j) { parts[j] = NormBlocks::part(values.data(), count, j); });
    const double sum = NormBlocks::sum(parts.data(), parts.size());
    EXPECT_EQ(std::bit_cast<std::uint64_t>(sum), std::bit_cast<std::uint64_t>(squared_norm(values))) << count;
  }
}

}  // namespace
}  // namespace crossilo
