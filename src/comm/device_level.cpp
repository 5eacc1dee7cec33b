#include "device_level.hpp"

#include <algorithm>

namespace crossilo {
namespace {

/// Room for NCCL's equal parts: each is a whole number of cache lines of the widest words.
std::size_t padded_bytes(std::size_t chunk_words, std::size_t members) {
  return chunk_words * sizeof(std::uint32_t) + members * 16 * sizeof(std::uint64_t);
}

}  // namespace

DeviceLevel::DeviceLevel(Communicator& communicator, const std::vector<SumChunk>& slots, std::vector<int> node,
                         std::size_t chunk_words, const Deadline& deadline)
    : slots_(slots),
      site_(communicator, node, deadline),
      slot_bytes_(chunk_words * sizeof(std::uint32_t)),
      device_slot_bytes_(padded_bytes(chunk_words, node.size())),
      pinned_(slots.size() * slot_bytes_),
      device_(slots.size() * device_slot_bytes_),
      events_(slots.size()) {
  up_.fill_with_zeros(device_.span());  // NCCL sends the padding, too: nobody gets what another program left there
}

std::byte* DeviceLevel::memory_of(std::size_t slot) const { return pinned_.span().data() + slot * slot_bytes_; }

const std::byte* DeviceLevel::words_of(std::uint64_t number, std::size_t /*member*/) const {
  return chunk(number).words;
}

DeviceSpan<std::byte> DeviceLevel::on_device(std::uint64_t number, WordRange words) const {
  const std::size_t width = size_of(chunk(number).type);
  return device_.span().subspan(number % slots_.size() * device_slot_bytes_ + words.begin * width,
                                words.words() * width);
}

void DeviceLevel::upload(std::uint64_t number, WordRange words) {
  const DeviceSpan<std::byte> to = on_device(number, words);
  up_.copy(std::span<const std::byte>(chunk(number).at(words.begin), to.size), to);
  events(number).uploaded.record(up_);
}

void DeviceLevel::download(std::uint64_t number, std::initializer_list<WordRange> stretches) {
  for (const WordRange& words : stretches) {
    const DeviceSpan<std::byte> from = on_device(number, words);
    if (from.size > 0)
      down_.copy(DeviceSpan<const std::byte>(from), std::span<std::byte>(chunk(number).at(words.begin), from.size));
  }
  events(number).downloaded.record(down_);
}

template <class Word>
void DeviceLevel::start(Call call, std::uint64_t number) {
  const SumPlan& plan = *chunk(number).plan;
  const std::size_t padded = plan.slice_words() * plan.node.size();
  const DeviceSpan<Word> words{reinterpret_cast<Word*>(on_device(number, {0, padded}).data), padded};
  if (call == Call::reduce_scatter)
    site_.start_reduce_scatter(words, calls_);
  else
    site_.start_all_gather(words, calls_);
  under_way_ = call;
}

void DeviceLevel::start_call(Call call, std::uint64_t number) {
  if (!joins(number))
    ++(call == Call::reduce_scatter ? scattered_ : gathered_);
  else if (chunk(number).type == WordType::u32)
    start<std::uint32_t>(call, number);
  else
    start<std::uint64_t>(call, number);
}

/// The own slice stays as it is while totals come back: peers of other sites may still be reading it.
void DeviceLevel::finish_call() {
  const bool scattered = under_way_ == Call::reduce_scatter;
  const std::uint64_t number = scattered ? scattered_++ : gathered_++;
  const WordRange slice = chunk(number).plan->own_slice();
  if (scattered)
    download(number, {slice});
  else
    download(number, {{0, slice.begin}, {slice.end, chunk(number).plan->words}});
  under_way_ = Call::none;
}

/// NCCL's calls, one at a time. All ranks must make them in one order, whatever arrives first: totals are gathered only
/// when every slot has been reduced, which is as many chunks ahead as there ever are.
bool DeviceLevel::advance_calls() {
  bool moved = false;
  while (true) {
    if (under_way_ != Call::none) {
      if (!site_.test()) return moved;
      finish_call();
      moved = true;
    }
    const bool reduces = scattered_ < std::min(end_, gathered_ + slots_.size());
    const std::uint64_t number = reduces ? scattered_ : gathered_;
    if (number == (reduces ? given_ : total_) || !events(number).uploaded.finished()) return moved;
    start_call(reduces ? Call::reduce_scatter : Call::all_gather, number);
    moved = true;
  }
}

bool DeviceLevel::advance_up(std::uint64_t given) {
  for (; given_ < given; ++given_)
    if (joins(given_)) upload(given_, {0, chunk(given_).plan->words});
  bool moved = advance_calls();
  for (; added_ < scattered_ && events(added_).downloaded.finished(); ++added_) moved = true;
  return moved;
}

bool DeviceLevel::advance_down(std::uint64_t total) {
  for (; total_ < total; ++total_)
    if (joins(total_)) upload(total_, chunk(total_).plan->own_slice());
  bool moved = advance_calls();
  for (; spread_ < gathered_ && events(spread_).downloaded.finished(); ++spread_) moved = true;
  return moved;
}

int DeviceLevel::owing_contribution(std::uint64_t given) const { return added_ < given ? site_.awaited_rank() : -1; }

}  // namespace crossilo
