// Aim: masks for words that stand in a GPU's memory: the twin of add_keystreams, equal bit for bit.
#pragma once

#include "crossilo/aggregate/mask.hpp"
#include "crossilo/foreign/cuda_feeder.hpp"

namespace crossilo {

/// Keys and keystreams stay with the host's cipher; the device only ever sees all streams added up, one segment at a
/// time, and that is wiped there and here (docs/decisions/0014-masks-for-the-gpu-are-made-on-the-host.md).
class DeviceMask {
 public:
  /// Adds all streams, which must stand at their begin, to the words; the statistics continue each stream at
  /// statistics_offset. Returns when the device has done it; other streams must have done theirs with the words
  /// before. Throws: CudaError.
  void add(std::span<Keystream> streams, DeviceSpan<std::uint32_t> lanes, DeviceSpan<std::uint64_t> statistics);

 private:
  template <class Word>
  void add_words(std::span<Keystream> streams, DeviceSpan<Word> words);

  CudaStream stream_;
  CudaFeeder feeder_;
};

}  // namespace crossilo
