#include "crossilo/aggregate/mask_cuda.hpp"

// Chosen by CMake in place of mask_cuda.cu where the program is built without CUDA. Nobody gets here: there is no
// device memory that these could be given.
namespace crossilo {

void add_and_wipe_cuda(DeviceSpan<std::uint32_t>, DeviceSpan<std::uint32_t>, const CudaStream&) {
  CROSSILO_ASSERT(!"built without CUDA");
}
void add_and_wipe_cuda(DeviceSpan<std::uint64_t>, DeviceSpan<std::uint64_t>, const CudaStream&) {
  CROSSILO_ASSERT(!"built without CUDA");
}

}  // namespace crossilo
