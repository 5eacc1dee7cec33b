// Aim: foreign/cuda of the pretended device. Method: in place of cuda.cpp and cuda_stub.cpp, every function of both.
#include "crossilo/foreign/cuda.hpp"

#include <cstdlib>
#include <cstring>
#include <new>

#include "crossilo/base/text.hpp"
#include "crossilo/comm/communicator.hpp"
#include "support/cuda_on_host/device.hpp"

namespace crossilo {

void check_cuda(int result, const char* call, std::source_location) {
  if (result != 0) throw CudaError(call);
}
std::string cuda_version() { return "pretended"; }
bool is_built_with_cuda() noexcept { return true; }
CudaDevices find_cuda_devices() {  // those that Slurm deals out, otherwise one
  const char* const visible = std::getenv("CUDA_VISIBLE_DEVICES");
  CudaDevices devices{.ids = parts_of(visible == nullptr ? "pretended" : visible, ','), .none_because = ""};
  for (std::string& id : devices.ids) id += " of " + host_name();
  return devices;
}
void use_cuda_device(int) {}

namespace detail {

void* DeviceMemoryTraits::make(std::size_t bytes) {
  void* memory = ::operator new(bytes);
  std::memset(memory, kFreshByte, bytes);  // of any value at first
  return memory;
}
void DeviceMemoryTraits::close(void* memory) noexcept { ::operator delete(memory); }
void* PinnedMemoryTraits::make(std::size_t bytes) { return DeviceMemoryTraits::make(bytes); }
void PinnedMemoryTraits::close(void* memory) noexcept { ::operator delete(memory); }
void CudaStreamTraits::close(CUstream_st* stream) noexcept { delete stream; }
void CudaEventTraits::close(CUevent_st* event) noexcept { delete event; }

}  // namespace detail

CudaStream::CudaStream() : handle_(new CUstream_st) {}

void CudaStream::copy_bytes(const void* from, void* to, std::size_t bytes) const {
  native()->queue([=] {
    if (bytes > 0) std::memcpy(to, from, bytes);
    return true;
  });
}

void CudaStream::zero_bytes(void* at, std::size_t bytes) const {
  native()->queue([=] {
    if (bytes > 0) std::memset(at, 0, bytes);
    return true;
  });
}

CudaEvent::CudaEvent() : handle_(new CUevent_st) {}

void CudaEvent::record(const CudaStream& stream) {
  *handle_.get() = {.stream = stream.native(), .mark = stream.native()->queued};
}

bool CudaEvent::finished() const {
  const CUevent_st& event = *handle_.get();
  if (event.stream == nullptr || event.stream->done >= event.mark) return true;
  event.stream->do_one_piece();
  return event.stream->done >= event.mark;
}

void CudaEvent::wait(const char*, double) const {
  while (!finished()) {
  }
}

}  // namespace crossilo
