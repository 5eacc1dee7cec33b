// Aim: words go to a device and back, in the order in which they are queued, also through segments that are used again.
// Method: round trips, on a GPU with CUDA, otherwise on the pretended device of tests/support/cuda_on_host.
#include <numeric>

#include "crossilo/foreign/cuda_feeder.hpp"
#include "support/gpu.hpp"

namespace crossilo {
namespace {

using CudaDeviceTest = testing::GpuTest;

TEST_F(CudaDeviceTest, WordsGoThereAndBack) {
  const std::vector<std::uint64_t> words{1, 2, 3, ~std::uint64_t{0}};
  testing::OnDevice on_device(words);
  EXPECT_EQ(on_device.back(), words);
}

TEST_F(CudaDeviceTest, AnEventThatWasNeverRecordedIsFinished) {
  const CudaEvent event;
  EXPECT_TRUE(event.finished());
}

TEST_F(CudaDeviceTest, TheFeederReusesItsSegmentsInOrder) {
  constexpr std::size_t kWords = 5 * CudaFeeder::kSegmentBytes / sizeof(std::uint32_t) + 7;
  testing::OnDevice all(std::vector<std::uint32_t>(kWords, 0));
  PinnedBuffer<std::uint32_t> host(kWords);
  CudaStream stream;
  CudaFeeder feeder;
  std::uint32_t next = 0;
  feeder.feed<std::uint32_t>(
      kWords, stream,
      [&](std::span<std::uint32_t> words) { std::generate(words.begin(), words.end(), [&] { return next++; }); },
      [&](DeviceSpan<std::uint32_t> words, std::size_t first) {
        stream.copy(DeviceSpan<const std::uint32_t>(words), host.span().subspan(first, words.size));
      });
  feeder.wait();
  for (std::size_t i = 0; i < kWords; ++i) ASSERT_EQ(host.span()[i], i);
}

}  // namespace
}  // namespace crossilo
