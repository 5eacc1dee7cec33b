// Aim: in place of src/foreign/cuda_launch.cuh, so that .cu files compile for the pretended device.
// Method: a kernel is a piece of the stream's work, its threads run in a scrambled order.
#pragma once

#include "support/cuda_on_host/device.hpp"

#define __device__

namespace crossilo {

template <class Run>
void for_each_on_device(std::uint64_t count, Run run, const char*, const CudaStream& stream) {
  constexpr std::uint64_t kStep = 1'000'003;  // prime, and no count here is a multiple of it
  stream.native()->queue([=] {
    for (std::uint64_t i = 0; i < count; ++i) run(i * kStep % count);
    return true;
  });
}

inline void add_to(std::uint64_t* counter, std::uint64_t number) { *counter += number; }

}  // namespace crossilo
