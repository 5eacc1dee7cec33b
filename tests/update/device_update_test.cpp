// Aim: clip, encode and decode on a GPU have the bits of their twins on the processor.
// Method: extreme and random blocks of every lane width through both; on a GPU with CUDA, otherwise on the pretended
// device.
#include "crossilo/update/device_update.hpp"

#include "support/fake_line.hpp"
#include "support/gpu.hpp"
#include "update/extreme_updates.hpp"

namespace crossilo {
namespace {

using testing::BlockOfValues;
using testing::OnDevice;
using DeviceUpdateTest = testing::GpuTest;

constexpr Key256 kKey{std::byte{7}};

TEST_F(DeviceUpdateTest, EncodesAsTheProcessorDoes) {
  DeviceUpdate device(0);
  std::vector<BlockOfValues> blocks = testing::extreme_blocks();
  const std::size_t segment = CudaFeeder::kSegmentBytes / sizeof(std::uint32_t);
  for (const unsigned lane_bits : {32U, 16U, 8U})  // over several segments of random words
    blocks.push_back(testing::block_of_values(lane_bits, 3 * segment + 5, 0.5));
  for (BlockOfValues& block : blocks) {
    AesCtr(kKey).generate(std::as_writable_bytes(std::span(block.random)));
    const testing::EncodedOnHost expected(block);
    OnDevice values(block.values);
    OnDevice words(std::vector<std::uint32_t>(block.word_count(), 0xdeadbeefU));
    AesCtr rounding(kKey);
    const EncodeCounts counts = device.encode(block.block(), block.constants, values.span(), rounding, words.span());
    EXPECT_EQ(words.back(), expected.words) << block.lane_bits << " bits, " << block.values.size() << " values";
    EXPECT_EQ(counts.clamped, expected.counts.clamped);
    EXPECT_EQ(counts.not_finite, expected.counts.not_finite);
    EXPECT_TRUE(testing::same_bits(values.back(), expected.remainder));
  }
}

TEST_F(DeviceUpdateTest, DecodesAsTheProcessorDoes) {
  DeviceUpdate device(0);
  for (const BlockOfValues& block : testing::extreme_blocks()) {
    const std::span<const std::uint32_t> random(block.random);
    OnDevice words(random.first(block.word_count()));
    const testing::DecodedOnHost expected(block, random.first(block.word_count()));
    OnDevice mean(std::vector<float>(block.values.size(), 7.0F));
    EXPECT_EQ(device.decode(block.block(), words.span(), testing::kUnitValue, block.limit(), mean.span()),
              expected.beyond);
    EXPECT_TRUE(testing::same_bits(mean.back(), expected.mean)) << block.lane_bits << " bits";
  }
}

TEST_F(DeviceUpdateTest, ClipsAsTheProcessorDoes) {
  constexpr std::size_t kCountMax = 20'000;
  DeviceUpdate device(kCountMax);
  for (const std::size_t count : {1U, 8U, 4097U, 20'000U})
    for (const float bad : {0.0F, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
      for (const double bound : {0.0, 1.0, 1e300}) {
        std::vector<float> values = testing::random_floats(count);
        values.back() = bad;
        testing::SiloBuffers buffers(testing::layout_of({{.name = "model_delta", .parameters = count}}));
        const ClippedUpdate expected = testing::clipped({0}, values, testing::ticket_of({1}), buffers, bound);
        OnDevice on_device(values);
        EXPECT_EQ(device.clip(Clip(bound), on_device.span(), false), expected.abstains());
        EXPECT_TRUE(testing::same_bits(on_device.back(), expected.parameters())) << count << " values, bound " << bound;
      }
}

TEST_F(DeviceUpdateTest, LeavesBuffersAndClearsWhoAbstains) {
  DeviceUpdate device(8);
  OnDevice values(std::vector<float>{3.0F, 4.0F, 100.0F});
  EXPECT_FALSE(device.clip(Clip(1.0, 2), values.span(), false));
  EXPECT_EQ(values.back()[2], 100.0F);
  EXPECT_LE(values.back()[0], 0.6F);
  EXPECT_TRUE(device.clip(Clip(1.0, 2), values.span(), true));
  EXPECT_EQ(values.back(), (std::vector<float>(3, 0.0F)));
}

}  // namespace
}  // namespace crossilo
