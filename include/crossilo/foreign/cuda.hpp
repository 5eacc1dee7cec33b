// Aim: CUDA's devices, memory, streams and events as C++ objects; <cuda_runtime.h> stays out of this header. In a build
// without CUDA (src/foreign/cuda_stub.cpp) there is no device, and all else throws.
#pragma once

#include <cstddef>
#include <cstdint>
#include <source_location>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "crossilo/base/check.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/base/unique_handle.hpp"

struct CUstream_st;
struct CUevent_st;

namespace crossilo {

/// A failed CUDA call, or CUDA asked for where it is not.
class CudaError : public EnvironmentError {
 public:
  using EnvironmentError::EnvironmentError;
};

/// Returns only if `result` (a cudaError_t) is cudaSuccess. Throws: CudaError with the call, the code, CUDA's text and
/// the place.
void check_cuda(int result, const char* call, std::source_location where = std::source_location::current());

/// "13.0": the runtime library that this program is linked to; says so where it is linked to none.
[[nodiscard]] std::string cuda_version();

[[nodiscard]] bool is_built_with_cuda() noexcept;

/// The GPUs that this process may use.
struct CudaDevices {
  std::vector<std::string> ids;  // by CUDA's number; unique on this machine
  std::string none_because;      // why there are none; empty otherwise
};
/// All, or none where one of them does not answer.
[[nodiscard]] CudaDevices find_cuda_devices();
/// From now on this thread uses the device of that number.
void use_cuda_device(int device);

/// Words in the memory of a device: an address that the host may not read. Alive until: its owner is.
template <class Word>
struct DeviceSpan {
  Word* data = nullptr;
  std::size_t size = 0;

  [[nodiscard]] std::size_t bytes() const noexcept { return size * sizeof(Word); }
  [[nodiscard]] DeviceSpan subspan(std::size_t first, std::size_t count) const {
    CROSSILO_ASSERT(first <= size && count <= size - first);
    return {data + first, count};
  }
  template <class Readable>
  requires std::is_same_v<Readable, const Word>
  operator DeviceSpan<Readable>() const noexcept { return {data, size}; }
};

namespace detail {
// What is closed while an exception unwinds is left to the end of the process: CUDA would wait for a device that may be
// the reason for the exception.
struct DeviceMemoryTraits {
  using Handle = void*;
  static Handle none() noexcept { return nullptr; }
  static Handle make(std::size_t bytes);
  static void close(Handle handle) noexcept;
};
struct PinnedMemoryTraits {
  using Handle = void*;
  static Handle none() noexcept { return nullptr; }
  static Handle make(std::size_t bytes);
  static void close(Handle handle) noexcept;
};
struct CudaStreamTraits {
  using Handle = CUstream_st*;
  static Handle none() noexcept { return nullptr; }
  static void close(Handle handle) noexcept;
};
struct CudaEventTraits {
  using Handle = CUevent_st*;
  static Handle none() noexcept { return nullptr; }
  static void close(Handle handle) noexcept;
};
}  // namespace detail

/// Words of the device, of any value at first. Allocated once: freeing waits for the device.
template <class Word>
class DeviceBuffer {
 public:
  explicit DeviceBuffer(std::size_t size)
      : memory_(detail::DeviceMemoryTraits::make(size * sizeof(Word))), size_(size) {}
  [[nodiscard]] DeviceSpan<Word> span() const noexcept { return {static_cast<Word*>(memory_.get()), size_}; }

 private:
  UniqueHandle<detail::DeviceMemoryTraits> memory_;
  std::size_t size_;
};

/// Words of the host that stay in place, so that the device copies them while the host works on.
template <class Word>
class PinnedBuffer {
 public:
  explicit PinnedBuffer(std::size_t size)
      : memory_(detail::PinnedMemoryTraits::make(size * sizeof(Word))), size_(size) {}
  [[nodiscard]] std::span<Word> span() const noexcept { return {static_cast<Word*>(memory_.get()), size_}; }

 private:
  UniqueHandle<detail::PinnedMemoryTraits> memory_;
  std::size_t size_;
};

/// A queue of work for the device. Nothing here waits: an event tells when work is done.
class CudaStream {
 public:
  CudaStream();
  [[nodiscard]] CUstream_st* native() const noexcept { return handle_.get(); }

  /// Queues a copy. Shapes: equal sizes. Alive until: an event recorded afterwards has finished; host memory is pinned.
  template <class Word>
  void copy(std::span<const Word> from, DeviceSpan<Word> to) const {
    CROSSILO_ASSERT(from.size() == to.size);
    copy_bytes(from.data(), to.data, to.bytes());
  }
  template <class Word>
  void copy(DeviceSpan<const Word> from, std::span<Word> to) const {
    CROSSILO_ASSERT(from.size == to.size());
    copy_bytes(from.data, to.data(), from.bytes());
  }
  template <class Word>
  void fill_with_zeros(DeviceSpan<Word> words) const {
    zero_bytes(words.data, words.bytes());
  }

 private:
  void copy_bytes(const void* from, void* to, std::size_t bytes) const;
  void zero_bytes(void* at, std::size_t bytes) const;
  UniqueHandle<detail::CudaStreamTraits> handle_;
};

/// A mark in a stream.
class CudaEvent {
 public:
  CudaEvent();
  void record(const CudaStream& stream);
  /// True once the device has come to the mark; true before the first record(). Never blocks. Throws: CudaError when
  /// work before the mark failed.
  [[nodiscard]] bool finished() const;
  /// Looks again and again until the mark is finished. `what` names the work. Throws: CudaError after seconds_max.
  void wait(const char* what, double seconds_max = 60.0) const;

 private:
  UniqueHandle<detail::CudaEventTraits> handle_;
};

}  // namespace crossilo
