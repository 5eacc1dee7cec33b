// Aim: lane_arithmetic over whole vectors on the GPU. Only device_update and its tests call it.
#pragma once

#include <cstdint>

#include "crossilo/foreign/cuda.hpp"
#include "crossilo/update/lane_arithmetic.hpp"

namespace crossilo {

// All of these queue their work behind what the stream has, and return. Pointers are those of the device.
// Throws: CudaError.

/// All words of a task; adds to `clamped` and `not_finite` what was met. Shapes: both 1.
void encode_cuda(const EncodeTask& task, DeviceSpan<std::uint64_t> clamped, DeviceSpan<std::uint64_t> not_finite,
                 const CudaStream& stream);
/// All words of a task; adds the number of lanes beyond the limit. Shapes: beyond 1.
void decode_cuda(const DecodeTask& task, DeviceSpan<std::uint64_t> beyond, const CudaStream& stream);
/// Shapes: parts NormBlocks::parts_of(values).
void norm_parts_cuda(DeviceSpan<const float> values, DeviceSpan<double> parts, const CudaStream& stream);
/// value = float(value x factor).
void scale_cuda(DeviceSpan<float> values, double factor, const CudaStream& stream);

}  // namespace crossilo
