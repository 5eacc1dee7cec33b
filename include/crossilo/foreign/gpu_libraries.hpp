// Aim: what of CUDA and NCCL is on this machine, without linking either.
#pragma once

#include <string>

namespace crossilo {

/// A library as the loader finds it; both empty when it is not there.
struct GpuLibrary {
  std::string path;
  std::string version;  // empty as well when it would not say
};

/// The CUDA version that the driver (libcuda.so.1) can serve.
[[nodiscard]] GpuLibrary find_cuda_driver();
[[nodiscard]] GpuLibrary find_nccl();

}  // namespace crossilo
