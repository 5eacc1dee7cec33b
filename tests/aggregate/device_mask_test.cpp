// Aim: masks of words on a GPU have the bits of their twin on the processor, and leave no mask behind.
// Method: both over the same streams, with lanes that end within a cipher block and over segments; skips where no GPU
// is.
#include "crossilo/aggregate/device_mask.hpp"

#include <numeric>

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
    add_keystreams_cpu(host_streams, lanes, statistics);
    EXPECT_EQ(device_lanes.back(), lanes) << count << " lanes";
    EXPECT_EQ(device_statistics.back(), statistics) << count << " lanes";
  }
}

}  // namespace
}  // namespace crossilo
