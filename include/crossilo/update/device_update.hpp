// Aim: clip, encode and decode where the parameters stand in a GPU's memory: twins of Clip and RingCodec's loops, equal
// bit for bit.
#pragma once

#include "crossilo/foreign/cuda_feeder.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "crossilo/update/clip.hpp"
#include "crossilo/update/lane_arithmetic.hpp"

namespace crossilo {

/// All work goes to one stream; each call returns when the device has done it. Other streams must have done theirs with
/// its arguments before. Allocates at its construction alone.
class DeviceUpdate {
 public:
  /// `parameters_max`: the longest vector that is clipped. Throws: CudaError.
  explicit DeviceUpdate(std::size_t parameters_max);

  [[nodiscard]] const CudaStream& stream() const noexcept { return stream_; }

  /// As Clip does to an update's parameters. Returns whether the update abstains; `abstains`: it did so already.
  [[nodiscard]] bool clip(const Clip& clip, DeviceSpan<float> parameters, bool abstains);
  /// As RingCodec encodes one block: takes the next words of `rounding`; with 8-bit lanes values become the remainder.
  [[nodiscard]] EncodeCounts encode(const LaneBlock& block, const EncodeConstants& constants, DeviceSpan<float> values,
                                    AesCtr& rounding, DeviceSpan<std::uint32_t> words);
  /// As RingCodec decodes one block. Returns the number of lanes beyond +-limit.
  [[nodiscard]] std::uint64_t decode(const LaneBlock& block, DeviceSpan<const std::uint32_t> words, double unit_value,
                                     std::int32_t limit, DeviceSpan<float> mean);

 private:
  [[nodiscard]] double squared_norm(DeviceSpan<const float> values);
  /// Copies the counters to the host, behind all that is queued, and waits.
  void read_counters(const char* what);
  [[nodiscard]] DeviceSpan<std::uint64_t> counter(std::size_t index) const {
    return counters_.span().subspan(index, 1);
  }

  CudaStream stream_;
  CudaEvent done_;
  CudaFeeder feeder_;
  DeviceBuffer<double> parts_;
  PinnedBuffer<double> host_parts_;
  DeviceBuffer<std::uint64_t> counters_;
  PinnedBuffer<std::uint64_t> host_counters_;
};

}  // namespace crossilo
