#include "crossilo/aggregate/device_mask.hpp"

#include "crossilo/aggregate/mask_cuda.hpp"

namespace crossilo {

template <class Word>
void DeviceMask::add_words(std::span<Keystream> streams, DeviceSpan<Word> words) {
  feeder_.feed<Word>(
      words.size, stream_,
      [&](std::span<Word> mask) {
        std::fill(mask.begin(), mask.end(), Word{0});
        add_keystreams(streams, mask);
      },
      [&](DeviceSpan<Word> mask, std::size_t first) {
        add_and_wipe_cuda(words.subspan(first, mask.size), mask, stream_);
      });
}

void DeviceMask::add(std::span<Keystream> streams, DeviceSpan<std::uint32_t> lanes,
                     DeviceSpan<std::uint64_t> statistics) {
  add_words(streams, lanes);
  for (Keystream& stream : streams) stream.cipher.seek(statistics_offset(lanes.bytes()));
  add_words(streams, statistics);
  feeder_.wait();
  for (const std::span<std::byte> segment : feeder_.host_segments()) wipe(segment);
}

}  // namespace crossilo
