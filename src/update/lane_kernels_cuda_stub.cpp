#include "crossilo/update/lane_kernels_cuda.hpp"

// Chosen by CMake in place of lane_kernels_cuda.cu where the program is built without CUDA. Nobody gets here: there is
// no device memory that these could be given.
namespace crossilo {

void encode_cuda(const EncodeTask&, DeviceSpan<std::uint64_t>, DeviceSpan<std::uint64_t>, const CudaStream&) {
  CROSSILO_ASSERT(!"built without CUDA");
}
void decode_cuda(const DecodeTask&, DeviceSpan<std::uint64_t>, const CudaStream&) {
  CROSSILO_ASSERT(!"built without CUDA");
}
void norm_parts_cuda(DeviceSpan<const float>, DeviceSpan<double>, const CudaStream&) {
  CROSSILO_ASSERT(!"built without CUDA");
}
void scale_cuda(DeviceSpan<float>, double, const CudaStream&) { CROSSILO_ASSERT(!"built without CUDA"); }

}  // namespace crossilo
