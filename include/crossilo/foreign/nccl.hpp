// Aim: one owning NCCL communicator as a C++ object; <nccl.h> stays out of this header. In a build without NCCL
// (src/foreign/nccl_stub.cpp) there is none, and all throws.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string>

#include "crossilo/foreign/cuda.hpp"

struct ncclComm;

namespace crossilo {

/// A failed NCCL call, or NCCL asked for where it is not.
class NcclError : public EnvironmentError {
 public:
  explicit NcclError(const std::string& text, bool is_of_a_peer = false)
      : EnvironmentError(text), is_of_a_peer_(is_of_a_peer) {}
  /// True when another process ended, or cannot be reached any more.
  [[nodiscard]] bool is_of_a_peer() const noexcept { return is_of_a_peer_; }

 private:
  bool is_of_a_peer_;
};

/// Returns only if `result` (an ncclResult_t) is ncclSuccess. Throws: NcclError with the call, the code, NCCL's text
/// and the place.
void check_nccl(int result, const char* call, std::source_location where = std::source_location::current());

/// "2.28.9": the library that this program is linked to; says so where it is linked to none.
[[nodiscard]] std::string nccl_version();

/// What the ranks of one communicator have to agree on before they can meet.
using NcclId = std::array<std::byte, 128>;
[[nodiscard]] NcclId make_nccl_id();

/// One rank's end of an NCCL communicator that never blocks: a call starts something, ready() tells when it is on its
/// stream. Collective: all ranks make the same calls in the same order. One device per rank.
/// Dies aborted where an exception unwinds or something failed, since peers may be gone; otherwise it ends in order, so
/// what it started must have finished on its stream by then.
class NcclHandle {
 public:
  struct Place {
    int rank = 0;
    int size = 1;
  };
  /// Starts to join, with this thread's device. Throws: NcclError.
  NcclHandle(const NcclId& id, Place place);
  ~NcclHandle();
  NcclHandle(const NcclHandle&) = delete;
  NcclHandle& operator=(const NcclHandle&) = delete;

  /// True once the last call has done its part on the host; the next may be made only then. Never blocks.
  /// Throws: NcclError after a failure, also one of a peer, of this or any earlier call.
  [[nodiscard]] bool ready();

  /// Ends all that is under way, on the device too, without the peers. Nothing may be started afterwards.
  void abort() noexcept;

  /// Queues the sum of all ranks' `words`, of which each rank gets its own part, in place: part r of `words` is that of
  /// rank r. Unsigned words wrap. Shapes: words.size is a multiple of the number of ranks.
  void start_reduce_scatter(DeviceSpan<std::uint32_t> words, const CudaStream& stream);
  void start_reduce_scatter(DeviceSpan<std::uint64_t> words, const CudaStream& stream);
  /// Queues that every rank gets part r of `words` from rank r, in place. Shapes: as above.
  void start_all_gather(DeviceSpan<std::uint32_t> words, const CudaStream& stream);
  void start_all_gather(DeviceSpan<std::uint64_t> words, const CudaStream& stream);

 private:
  template <class Word>
  void reduce_scatter(DeviceSpan<Word> words, const CudaStream& stream);
  template <class Word>
  void all_gather(DeviceSpan<Word> words, const CudaStream& stream);
  [[nodiscard]] std::size_t part_of(std::size_t words) const;
  void started(int result, const char* call);

  ncclComm* native_ = nullptr;
  Place place_;
  int exceptions_at_start_;
  bool failed_ = false;
};

}  // namespace crossilo
