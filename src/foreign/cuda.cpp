#include "crossilo/foreign/cuda.hpp"

#include <cuda_runtime_api.h>
#include <sched.h>

#include <exception>

#include "crossilo/base/clock.hpp"

namespace crossilo {
namespace {

std::string text_of(int result) {
  const auto error = static_cast<cudaError_t>(result);
  return std::string(cudaGetErrorName(error)) + ", " + cudaGetErrorString(error);
}

/// A destructor cannot report a failure, and what can fail there is a failure of earlier work.
template <class Close, class Handle>
void close_unless_unwinding(Close close, Handle handle) noexcept {
  if (std::uncaught_exceptions() == 0) static_cast<void>(close(handle));
}

}  // namespace

void check_cuda(int result, const char* call, std::source_location where) {
  if (result == cudaSuccess) return;
  throw CudaError(std::string(call) + " failed with code " + std::to_string(result) + ": " + text_of(result) + " (" +
                  where.file_name() + ":" + std::to_string(where.line()) + ")");
}

std::string cuda_version() {
  int version = 0;  // 13000: 13.0
  check_cuda(cudaRuntimeGetVersion(&version), "cudaRuntimeGetVersion");
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

bool is_built_with_cuda() noexcept { return true; }

CudaDevices find_cuda_devices() {
  int count = 0;
  const cudaError_t result = cudaGetDeviceCount(&count);
  if (result != cudaSuccess) return {.ids = {}, .none_because = text_of(result)};
  CudaDevices found{.ids = {}, .none_because = count == 0 ? "the driver shows none to this process" : ""};
  for (int device = 0; device < count; ++device) {
    cudaDeviceProp properties;
    if (const cudaError_t fault = cudaGetDeviceProperties(&properties, device); fault != cudaSuccess)
      return {.ids = {}, .none_because = "GPU " + std::to_string(device) + ": " + text_of(fault)};
    found.ids.emplace_back(properties.uuid.bytes, sizeof properties.uuid.bytes);
  }
  return found;
}

void use_cuda_device(int device) { check_cuda(cudaSetDevice(device), "cudaSetDevice"); }

namespace detail {

void* DeviceMemoryTraits::make(std::size_t bytes) {
  void* memory = nullptr;
  check_cuda(cudaMalloc(&memory, bytes), "cudaMalloc");
  return memory;
}
void DeviceMemoryTraits::close(void* memory) noexcept { close_unless_unwinding(cudaFree, memory); }

void* PinnedMemoryTraits::make(std::size_t bytes) {
  void* memory = nullptr;
  check_cuda(cudaMallocHost(&memory, bytes), "cudaMallocHost");
  return memory;
}
void PinnedMemoryTraits::close(void* memory) noexcept { close_unless_unwinding(cudaFreeHost, memory); }

void CudaStreamTraits::close(CUstream_st* stream) noexcept { close_unless_unwinding(cudaStreamDestroy, stream); }
void CudaEventTraits::close(CUevent_st* event) noexcept { close_unless_unwinding(cudaEventDestroy, event); }

}  // namespace detail

CudaStream::CudaStream() {
  CUstream_st* stream = nullptr;
  check_cuda(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
  handle_ = UniqueHandle<detail::CudaStreamTraits>(stream);
}

void CudaStream::copy_bytes(const void* from, void* to, std::size_t bytes) const {
  check_cuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, native()), "cudaMemcpyAsync");
}

void CudaStream::zero_bytes(void* at, std::size_t bytes) const {
  check_cuda(cudaMemsetAsync(at, 0, bytes, native()), "cudaMemsetAsync");
}

CudaEvent::CudaEvent() {
  CUevent_st* event = nullptr;
  check_cuda(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreateWithFlags");
  handle_ = UniqueHandle<detail::CudaEventTraits>(event);
}

void CudaEvent::record(const CudaStream& stream) {
  check_cuda(cudaEventRecord(handle_.get(), stream.native()), "cudaEventRecord");
}

bool CudaEvent::finished() const {
  const cudaError_t result = cudaEventQuery(handle_.get());
  if (result == cudaErrorNotReady) return false;
  check_cuda(result, "cudaEventQuery");
  return true;
}

void CudaEvent::wait(const char* what, double seconds_max) const {
  const double end = steady_clock().now_seconds() + seconds_max;
  while (!finished()) {
    if (steady_clock().now_seconds() > end)
      throw CudaError(std::string("the GPU has not finished '") + what + "' within " + std::to_string(seconds_max) +
                      " s; look at it with nvidia-smi");
    // It cannot fail; if it did, the next look would come at once.
    static_cast<void>(::sched_yield());
  }
}

}  // namespace crossilo
