// Aim: the lowest level of a sum between the GPUs of a site. Only sum_pipeline uses it.
#pragma once

#include <vector>

#include "crossilo/comm/nccl_communicator.hpp"
#include "message_level.hpp"
#include "node_level.hpp"

namespace crossilo {

/// A chunk's words go to the device; NCCL adds them up, and the own slice comes back into pinned memory, where the
/// levels above find it; its total goes to the device again, NCCL gathers the slices of all, and the chunk comes back.
/// Chunks are under way in both directions at once: copies up, copies down and NCCL have a stream each, and the host
/// hands a chunk on from one to the next (docs/decisions/0016-the-site-sums-between-gpus.md).
class DeviceLevel final : public NodeLevel {
 public:
  /// With this thread's device. Collective among the ranks of `node`. Throws: PeerLostError, NcclError, CudaError.
  DeviceLevel(Communicator& communicator, const std::vector<SumChunk>& slots, std::vector<int> node,
              std::size_t chunk_words, const Deadline& deadline);

  [[nodiscard]] std::byte* memory_of(std::size_t slot) const override;
  void begin(std::uint64_t end) override { end_ = end; }
  bool advance_up(std::uint64_t given) override;
  bool advance_down(std::uint64_t total) override;
  [[nodiscard]] std::uint64_t added() const noexcept override { return added_; }
  [[nodiscard]] std::uint64_t spread() const noexcept override { return spread_; }
  [[nodiscard]] const std::byte* words_of(std::uint64_t number, std::size_t member) const override;
  [[nodiscard]] int owing_contribution(std::uint64_t given) const override;
  [[nodiscard]] int owing_total() const override { return site_.awaited_rank(); }

 private:
  /// NCCL's call that is under way.
  enum class Call : std::uint8_t { none, reduce_scatter, all_gather };
  struct SlotEvents {
    CudaEvent uploaded, downloaded;
  };

  [[nodiscard]] const SumChunk& chunk(std::uint64_t number) const { return slots_[number % slots_.size()]; }
  [[nodiscard]] SlotEvents& events(std::uint64_t number) { return events_[number % slots_.size()]; }
  /// False for chunks that go straight from rank to rank.
  [[nodiscard]] bool joins(std::uint64_t number) const { return chunk(number).plan->node.size() > 1; }
  [[nodiscard]] DeviceSpan<std::byte> on_device(std::uint64_t number, WordRange words) const;
  void upload(std::uint64_t number, WordRange words);
  void download(std::uint64_t number, std::initializer_list<WordRange> stretches);
  template <class Word>
  void start(Call call, std::uint64_t number);
  void start_call(Call call, std::uint64_t number);
  void finish_call();
  bool advance_calls();

  const std::vector<SumChunk>& slots_;
  NcclCommunicator site_;
  CudaStream up_, down_, calls_;
  std::size_t slot_bytes_;         // pinned
  std::size_t device_slot_bytes_;  // with NCCL's padding
  PinnedBuffer<std::byte> pinned_;
  DeviceBuffer<std::byte> device_;
  std::vector<SlotEvents> events_;
  Call under_way_ = Call::none;
  std::uint64_t end_ = 0;
  std::uint64_t given_ = 0;      // the words' way to the device has begun
  std::uint64_t scattered_ = 0;  // the own slice's way back has begun
  std::uint64_t added_ = 0;
  std::uint64_t total_ = 0;     // the total's way to the device has begun
  std::uint64_t gathered_ = 0;  // the totals' way back has begun
  std::uint64_t spread_ = 0;
};

}  // namespace crossilo
