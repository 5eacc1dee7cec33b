// Aim: one level of a sum over messages: owners of a cell exchange its parts directly. Only ring_sum.cpp uses it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "crossilo/comm/communicator.hpp"
#include "crossilo/comm/link_meter.hpp"
#include "crossilo/comm/sum_plan.hpp"

namespace crossilo {

/// A stretch of a vector under way, in the slot of a window. Chunks are numbered; chunk c stands in slot c % slots.
struct SumChunk {
  std::byte* words = nullptr;  // in the own region: first what this rank gave, then partial sums, then totals
  WordType type = WordType::u32;
  const SumPlan* plan = nullptr;

  [[nodiscard]] std::byte* at(std::size_t word) const noexcept { return words + word * size_of(type); }
};

/// total[i] += words[i], modulo 2^32 or 2^64.
void add_words(std::byte* total, const std::byte* words, std::size_t count, WordType type);

/// Takes chunks through one level, upwards to the sum over the level's groups and downwards to the totals, each step
/// in the order of chunks, so that messages of one kind need one tag. Every counter says how many chunks are through
/// a step.
class MessageLevel {
 public:
  MessageLevel(Communicator& communicator, std::size_t level, const std::vector<SumChunk>& slots);
  /// Leaves its memory to the communicator where messages are still under way: they may come yet.
  ~MessageLevel();
  MessageLevel(const MessageLevel&) = delete;
  MessageLevel& operator=(const MessageLevel&) = delete;

  /// Makes room for chunks of this plan, where there is too little: not while chunks are under way.
  void reserve(const SumPlan& plan, WordType type);
  /// From now on the meter, if any, hears of every message.
  void measure(LinkMeter* meter) noexcept { meter_ = meter; }

  /// Chunks before `open` have their slot; those before `below` hold this group's sum. True when anything moved.
  bool advance_up(std::uint64_t open, std::uint64_t below);
  /// Chunks before `above` hold, in the own parts, the total over all ranks.
  bool advance_down(std::uint64_t above);

  [[nodiscard]] std::uint64_t added() const noexcept { return added_; }       // own parts hold the sum of the level
  [[nodiscard]] std::uint64_t spread() const noexcept { return spread_; }     // all own cells hold the total
  [[nodiscard]] std::uint64_t left() const noexcept { return totals_left_; }  // nothing of them is under way any more

  /// The rank whose contribution to a chunk before `below` has not come; -1: all have come.
  [[nodiscard]] int owing_contribution(std::uint64_t below) const;
  /// A rank with which a message about totals is under way; -1: none.
  [[nodiscard]] int owing_total() const;

  [[nodiscard]] std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }

 private:
  enum Step : std::size_t { kSend, kReceive, kSendTotal, kReceiveTotal };
  struct Message {
    const SumCell& cell;
    std::size_t peer_part;
    std::size_t request;          // index of the message in its chunk
    std::size_t received_before;  // bytes of earlier contributions of the chunk
  };

  [[nodiscard]] const SumChunk& chunk(std::uint64_t number) const { return slots_[number % slots_.size()]; }
  [[nodiscard]] std::size_t index_of(std::uint64_t number, Step step, const Message& message) const {
    return ((number % slots_.size()) * 4 + step) * messages_max_ + message.request;
  }
  [[nodiscard]] std::byte* arrival(std::uint64_t number, const Message& message) {
    return arrivals_.data() + (number % slots_.size()) * arrival_bytes_max_ + message.received_before;
  }
  template <class Visit>
  void for_each_message(std::uint64_t number, Visit&& visit) const;
  void send(std::uint64_t number, Step step);
  void receive(std::uint64_t number, Step step);
  bool finish(std::uint64_t number, Step step, bool& moved);
  [[nodiscard]] int first_open(std::uint64_t number, Step step) const;
  [[nodiscard]] Peer peer(int rank, Step step) const noexcept;
  static LinkMeter::Message kind_of(Step step) noexcept {
    return step == kSend || step == kReceive ? LinkMeter::Message::words : LinkMeter::Message::total;
  }

  Communicator& communicator_;
  std::size_t level_;
  const std::vector<SumChunk>& slots_;
  std::size_t messages_max_ = 0;       // of one kind, in a chunk
  std::size_t arrival_bytes_max_ = 0;  // of contributions, in a chunk
  std::vector<Request> requests_;      // slots x 4 steps x messages_max_
  std::vector<std::byte> arrivals_;    // slots x arrival_bytes_max_
  std::uint64_t posted_ = 0;           // contributions are awaited
  std::uint64_t sent_ = 0;             // own contributions are on their way
  std::uint64_t contributions_left_ = 0;
  std::uint64_t added_ = 0;
  std::uint64_t totals_posted_ = 0;
  std::uint64_t totals_sent_ = 0;
  std::uint64_t totals_left_ = 0;
  std::uint64_t spread_ = 0;
  std::uint64_t bytes_sent_ = 0;
  LinkMeter* meter_ = nullptr;
};

}  // namespace crossilo
