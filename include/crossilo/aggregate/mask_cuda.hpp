// Aim: the one step of masking that runs on the GPU. Only device_mask calls it.
#pragma once

#include <cstdint>

#include "crossilo/foreign/cuda.hpp"

namespace crossilo {

/// Queues words[i] += mask[i], modulo 2^32 or 2^64; every mask[i] is zero afterwards. Shapes: equal. Throws: CudaError.
void add_and_wipe_cuda(DeviceSpan<std::uint32_t> words, DeviceSpan<std::uint32_t> mask, const CudaStream& stream);
void add_and_wipe_cuda(DeviceSpan<std::uint64_t> words, DeviceSpan<std::uint64_t> mask, const CudaStream& stream);

}  // namespace crossilo
