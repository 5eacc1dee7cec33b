#include "crossilo/comm/node_window.hpp"

#include <atomic>

namespace crossilo {
namespace {

std::uint64_t& counter_in(std::byte* block, std::size_t counter) noexcept {
  return *reinterpret_cast<std::uint64_t*>(block + 64 * counter);
}

}  // namespace

void NodeWindow::post(std::size_t counter, std::uint64_t value) noexcept {
  std::atomic_ref(counter_in(blocks_[own_], counter)).store(value, std::memory_order_release);
  posted();
}

std::uint64_t NodeWindow::read(std::size_t member, std::size_t counter) const noexcept {
  return std::atomic_ref(counter_in(blocks_[member], counter)).load(std::memory_order_acquire);
}

}  // namespace crossilo
