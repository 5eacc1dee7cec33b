// Aim: memory that the ranks of one node share, and the counters by which they hand it over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace crossilo {

/// One region of memory a member, which all members read and only its owner writes; and a few counters a member, by
/// which an owner says how far its peers may read. Members are the ranks that the window was opened with, in order.
///
/// A member that reads a counter sees all that its owner wrote before it posted it. Made by
/// Communicator::open_node_window. Each counter has a cache line of its own.
class NodeWindow {
 public:
  static constexpr std::size_t kCounters = 3;
  static constexpr std::size_t kHeaderBytes = 64 * kCounters;

  virtual ~NodeWindow() = default;

  /// A member's region. Aligned to 64 bytes. Only the own one may be written.
  [[nodiscard]] std::span<std::byte> region(std::size_t member) const noexcept {
    return {blocks_[member] + kHeaderBytes, region_bytes_};
  }
  /// Sets one of the own counters.
  void post(std::size_t counter, std::uint64_t value) noexcept;
  [[nodiscard]] std::uint64_t read(std::size_t member, std::size_t counter) const noexcept;

 protected:
  /// `blocks`: for each member kHeaderBytes, zero at first, and `region_bytes` behind it.
  NodeWindow(std::vector<std::byte*> blocks, std::size_t own, std::size_t region_bytes)
      : blocks_(std::move(blocks)), own_(own), region_bytes_(region_bytes) {}
  /// A counter was set: wakes those who wait where polling alone would not.
  virtual void posted() noexcept {}

 private:
  std::vector<std::byte*> blocks_;
  std::size_t own_;
  std::size_t region_bytes_;
};

}  // namespace crossilo
