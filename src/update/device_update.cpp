#include "crossilo/update/device_update.hpp"

#include "crossilo/update/lane_kernels_cuda.hpp"
#include "crossilo/update/ring_codec.hpp"

namespace crossilo {
namespace {

constexpr std::size_t kCounters = 2;

}  // namespace

DeviceUpdate::DeviceUpdate(std::size_t parameters_max)
    : parts_(NormBlocks::parts_of(parameters_max)),
      host_parts_(NormBlocks::parts_of(parameters_max)),
      counters_(kCounters),
      host_counters_(kCounters) {}

double DeviceUpdate::squared_norm(DeviceSpan<const float> values) {
  const std::size_t count = NormBlocks::parts_of(values.size);
  if (count == 0) return 0.0;
  CROSSILO_ASSERT(count <= parts_.span().size);
  const DeviceSpan<double> parts = parts_.span().subspan(0, count);
  const std::span<double> host = host_parts_.span().first(count);
  norm_parts_cuda(values, parts, stream_);
  stream_.copy(DeviceSpan<const double>(parts), host);
  done_.record(stream_);
  done_.wait("clip");
  return NormBlocks::sum(host.data(), host.size());
}

bool DeviceUpdate::clip(const Clip& clip, DeviceSpan<float> parameters, bool abstains) {
  const std::size_t weights = clip.weights_of(parameters.size);
  const DeviceSpan<float> delta = parameters.subspan(0, weights);
  const ClipDecision decision =
      clip.decide({.squared = squared_norm(delta),
                   .squared_buffers = squared_norm(parameters.subspan(weights, parameters.size - weights)),
                   .abstains = abstains});
  if (decision.abstains)
    stream_.fill_with_zeros(parameters);
  else if (decision.factor != 1.0)
    scale_cuda(delta, decision.factor, stream_);
  done_.record(stream_);
  done_.wait("clip");
  return decision.abstains;
}

EncodeCounts DeviceUpdate::encode(const LaneBlock& block, const EncodeConstants& constants, DeviceSpan<float> values,
                                  AesCtr& rounding, DeviceSpan<std::uint32_t> words) {
  CROSSILO_ASSERT(values.size == block.parameters && words.size == block.words());
  stream_.fill_with_zeros(counters_.span());
  feeder_.feed<std::uint32_t>(
      block.parameters, stream_,
      [&](std::span<std::uint32_t> random) { rounding.generate(std::as_writable_bytes(random)); },
      [&](DeviceSpan<std::uint32_t> random, std::size_t first) {
        const EncodeTask task{.values = values.data + first,
                              .random = random.data,
                              .words = words.data + first / block.lanes_per_word(),
                              .parameters = random.size,
                              .constants = constants,
                              .lane_bits = block.lane_bits,
                              .keeps_remainder = feeds_errors_back(block.lane_bits)};
        encode_cuda(task, counter(0), counter(1), stream_);
      });
  read_counters("encode");
  return {.clamped = host_counters_.span()[0], .not_finite = host_counters_.span()[1]};
}

std::uint64_t DeviceUpdate::decode(const LaneBlock& block, DeviceSpan<const std::uint32_t> words, double unit_value,
                                   std::int32_t limit, DeviceSpan<float> mean) {
  CROSSILO_ASSERT(mean.size == block.parameters && words.size == block.words());
  stream_.fill_with_zeros(counters_.span());
  decode_cuda({.words = words.data,
               .mean = mean.data,
               .parameters = mean.size,
               .unit_value = unit_value,
               .limit = limit,
               .lane_bits = block.lane_bits},
              counter(0), stream_);
  read_counters("decode");
  return host_counters_.span()[0];
}

void DeviceUpdate::read_counters(const char* what) {
  stream_.copy(DeviceSpan<const std::uint64_t>(counters_.span()), host_counters_.span());
  done_.record(stream_);
  done_.wait(what);
}

}  // namespace crossilo
