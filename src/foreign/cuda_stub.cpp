#include "crossilo/foreign/cuda.hpp"

// Chosen by CMake in place of cuda.cpp where the program is built without CUDA.
namespace crossilo {
namespace {

[[noreturn]] void refuse() {
  throw CudaError("this crossilo is built without CUDA: build it again with the preset cuda (docs/install.md)");
}

}  // namespace

void check_cuda(int, const char*, std::source_location) { refuse(); }
std::string cuda_version() { return "not used in this build"; }
bool is_built_with_cuda() noexcept { return false; }
CudaDevices find_cuda_devices() { return {.ids = {}, .none_because = "built without CUDA"}; }
void use_cuda_device(int) { refuse(); }

namespace detail {
void* DeviceMemoryTraits::make(std::size_t) { refuse(); }
void* PinnedMemoryTraits::make(std::size_t) { refuse(); }
void DeviceMemoryTraits::close(void*) noexcept {}
void PinnedMemoryTraits::close(void*) noexcept {}
void CudaStreamTraits::close(CUstream_st*) noexcept {}
void CudaEventTraits::close(CUevent_st*) noexcept {}
}  // namespace detail

CudaStream::CudaStream() { refuse(); }
void CudaStream::copy_bytes(const void*, void*, std::size_t) const { refuse(); }
void CudaStream::zero_bytes(void*, std::size_t) const { refuse(); }
CudaEvent::CudaEvent() { refuse(); }
void CudaEvent::record(const CudaStream&) { refuse(); }
bool CudaEvent::finished() const { refuse(); }
void CudaEvent::wait(const char*, double) const { refuse(); }

}  // namespace crossilo
