// Aim: words that the host makes, such as keystreams, given to the device while the host makes the next ones.
#pragma once

#include <algorithm>
#include <array>

#include "crossilo/foreign/cuda.hpp"

namespace crossilo {

/// Two segments of pinned memory and their places on the device, used in turn; allocated once.
class CudaFeeder {
 public:
  static constexpr std::size_t kSegmentBytes = std::size_t{1} << 20;

  /// For each segment of `count` words: make(span) fills it on the host; then use(words on the device, first word)
  /// queues work behind its copy. Returns when all is queued. Alive until: `stream` has come to its end.
  template <class Word, class Make, class Use>
  void feed(std::size_t count, const CudaStream& stream, Make&& make, Use&& use) {
    constexpr std::size_t kWords = kSegmentBytes / sizeof(Word);
    for (std::size_t first = 0; first < count; first += kWords) {
      Slot& slot = slots_[next_];
      next_ = (next_ + 1) % slots_.size();
      slot.used.wait("use of a segment");
      const std::size_t words = std::min(kWords, count - first);
      const std::span<Word> host(reinterpret_cast<Word*>(slot.host.span().data()), words);
      const DeviceSpan<Word> device{reinterpret_cast<Word*>(slot.device.span().data), words};
      make(host);
      stream.copy(std::span<const Word>(host), device);
      use(device, first);
      slot.used.record(stream);
    }
  }

  /// Waits until the device has used all segments.
  void wait() const {
    for (const Slot& slot : slots_) slot.used.wait("use of a segment");
  }
  /// The host's memory of the segments, to wipe what was secret; only after wait().
  [[nodiscard]] std::array<std::span<std::byte>, 2> host_segments() const {
    return {slots_[0].host.span(), slots_[1].host.span()};
  }

 private:
  struct Slot {
    PinnedBuffer<std::byte> host{kSegmentBytes};
    DeviceBuffer<std::byte> device{kSegmentBytes};
    CudaEvent used;
  };
  std::array<Slot, 2> slots_;
  std::size_t next_ = 0;
};

}  // namespace crossilo
