// Aim: masks of words on a GPU have the bits of their twin on the processor, and leave no mask behind.
// Method: both over the same streams, with lanes that end within a cipher block and over segments; skips where no GPU
// is.
#include "crossilo/aggregate/device_mask.hpp"

#include <numeric>

#include "crossilo/aggregate/mask_cuda.hpp"
#include "support/gpu.hpp"

namespace crossilo {
namespace {

using testing::OnDevice;
using DeviceMaskTest = testing::GpuTest;

std::vector<Keystream> streams() {
  std::vector<Keystream> all;
  for (const unsigned char key : {1, 2, 3})
    all.push_back({.cipher = AesCtr(Key256{std::byte{key}}), .subtract = key == 2});
  return all;
}

TEST_F(DeviceMaskTest, AddsTheSameWords) {
  const std::size_t segment = CudaFeeder::kSegmentBytes / sizeof(std::uint32_t);
  DeviceMask mask;
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{5}, segment, 3 * segment + 3}) {
    std::vector<std::uint32_t> lanes(count);
    std::iota(lanes.begin(), lanes.end(), 1U);
    std::vector<std::uint64_t> statistics{0, 1, ~std::uint64_t{0}, 5, 6};
    OnDevice device_lanes(lanes);
    OnDevice device_statistics(statistics);
    std::vector<Keystream> device_streams = streams();
    mask.add(device_streams, device_lanes.span(), device_statistics.span());
    std::vector<Keystream> host_streams = streams();
    add_keystreams(host_streams, lanes);
    for (Keystream& stream : host_streams) stream.cipher.seek(statistics_offset(4 * lanes.size()));
    add_keystreams(host_streams, statistics);
    EXPECT_EQ(device_lanes.back(), lanes) << count << " lanes";
    EXPECT_EQ(device_statistics.back(), statistics) << count << " lanes";
  }
}

TEST_F(DeviceMaskTest, LeavesNoMaskOnTheDevice) {
  OnDevice words(std::vector<std::uint32_t>{1, 2, 0xffffffffU});
  OnDevice mask(std::vector<std::uint32_t>{5, 6, 7});
  const CudaStream stream;
  add_and_wipe_cuda(words.span(), mask.span(), stream);
  CudaEvent done;
  done.record(stream);
  done.wait("mask");
  EXPECT_EQ(words.back(), (std::vector<std::uint32_t>{6, 8, 6}));
  EXPECT_EQ(mask.back(), (std::vector<std::uint32_t>{0, 0, 0}));
}

}  // namespace
}  // namespace crossilo
