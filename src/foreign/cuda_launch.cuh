// Aim: one way to run a function for each of many numbers on the device.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>

#include "crossilo/foreign/cuda.hpp"

namespace crossilo {

/// Calls run(i) for every i below count, in no order.
template <class Run>
__global__ void for_each_kernel(std::uint64_t count, Run run) {
  const std::uint64_t threads = std::uint64_t{gridDim.x} * blockDim.x;
  for (std::uint64_t i = std::uint64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += threads) run(i);
}

/// Queues for_each_kernel; `run` is copied to the device, so it holds device pointers.
template <class Run>
void for_each_on_device(std::uint64_t count, Run run, const char* name, const CudaStream& stream) {
  constexpr std::uint64_t kThreads = 256;
  constexpr std::uint64_t kBlocksMax = 4096;  // threads stride over the rest
  if (count == 0) return;
  const auto blocks = static_cast<unsigned>(std::min(kBlocksMax, (count + kThreads - 1) / kThreads));
  for_each_kernel<<<blocks, kThreads, 0, stream.native()>>>(count, run);
  check_cuda(cudaGetLastError(), name);
}

/// Adds to a counter that many threads share; most have nothing to add.
__device__ inline void add_to(std::uint64_t* counter, std::uint64_t number) {
  static_assert(sizeof(unsigned long long) == sizeof(std::uint64_t));
  if (number != 0) atomicAdd(reinterpret_cast<unsigned long long*>(counter), number);
}

}  // namespace crossilo
