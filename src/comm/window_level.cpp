#include "window_level.hpp"

#include <algorithm>

namespace crossilo {

WindowLevel::WindowLevel(Communicator& communicator, const std::vector<SumChunk>& slots, std::vector<int> node,
                         std::size_t chunk_words, const Deadline& deadline)
    : slots_(slots),
      node_(std::move(node)),
      slot_bytes_(chunk_words * sizeof(std::uint32_t)),
      window_(communicator.open_node_window(node_, slots.size() * slot_bytes_, deadline)),
      member_(static_cast<std::size_t>(std::ranges::find(node_, communicator.rank()) - node_.begin())) {}

std::byte* WindowLevel::memory_of(std::size_t slot) const {
  return window_->region(member_).data() + slot * slot_bytes_;
}

const std::byte* WindowLevel::words_of(std::uint64_t number, std::size_t member) const {
  if (chunk(number).plan->node.size() == 1) return chunk(number).words;
  return window_->region(member).data() + number % slots_.size() * slot_bytes_;
}

WindowLevel::Slowest WindowLevel::slowest(Counter counter) const {
  Slowest slowest;
  for (std::size_t member = 0; member < node_.size(); ++member) {
    if (member == member_) continue;
    // Each counter is read once: it may move on meanwhile.
    if (const std::uint64_t chunks = window_->read(member, counter); chunks < slowest.chunks)
      slowest = {.rank = node_[member], .chunks = chunks};
  }
  return slowest;
}

bool WindowLevel::neighbours_have(Counter counter, std::uint64_t number) const {
  const bool has_neighbours = chunk(number).plan->node.size() > 1;
  return !has_neighbours || slowest(counter).chunks > number;
}

bool WindowLevel::may_give(std::uint64_t number) const {
  return number < slots_.size() || number - slots_.size() < slowest(kTaken).chunks;
}

/// The own slice of all members, in pieces that stay in the first-level cache.
void WindowLevel::add_slices(std::uint64_t number) {
  constexpr std::size_t kBlockBytes = 8192;
  const SumChunk& what = chunk(number);
  const WordRange slice = what.plan->own_slice();
  const std::size_t members = what.plan->node.size();
  const std::size_t block = kBlockBytes / size_of(what.type);
  for (std::size_t begin = slice.begin; begin < slice.end; begin += block) {
    const std::size_t words = std::min(block, slice.end - begin);
    for (std::size_t step = 1; step < members; ++step) {
      const std::byte* const peer = words_of(number, (what.plan->member + step) % members);
      add_words(what.at(begin), peer + begin * size_of(what.type), words, what.type);
    }
  }
}

bool WindowLevel::advance_up(std::uint64_t given) {
  bool moved = false;
  if (given_ != given) window_->post(kGiven, given_ = given);
  for (; added_ < given_ && neighbours_have(kGiven, added_); moved = true) add_slices(added_++);
  return moved;
}

bool WindowLevel::advance_down(std::uint64_t total) {
  bool moved = total_ != total;
  if (moved) window_->post(kTotal, total_ = total);
  for (; spread_ < total_ && neighbours_have(kTotal, spread_); ++spread_) moved = true;
  return moved;
}

void WindowLevel::take(std::uint64_t taken) { window_->post(kTaken, taken); }

int WindowLevel::owing_contribution(std::uint64_t given) const { return added_ < given ? slowest(kGiven).rank : -1; }

int WindowLevel::owing_total() const {
  if (spread_ < total_) return slowest(kTotal).rank;
  return may_give(given_) ? -1 : slowest(kTaken).rank;
}

}  // namespace crossilo
