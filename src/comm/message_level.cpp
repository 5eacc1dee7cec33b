#include "message_level.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "crossilo/base/check.hpp"

namespace crossilo {
namespace {

template <class Word>
void add(std::byte* total, const std::byte* words, std::size_t count) {
  auto* __restrict into = reinterpret_cast<Word*>(total);
  const auto* __restrict from = reinterpret_cast<const Word*>(words);
  for (std::size_t i = 0; i < count; ++i) into[i] += from[i];
}

}  // namespace

void add_words(std::byte* total, const std::byte* words, std::size_t count, WordType type) {
  if (type == WordType::u32) return add<std::uint32_t>(total, words, count);
  add<std::uint64_t>(total, words, count);
}

MessageLevel::MessageLevel(Communicator& communicator, std::size_t level, const std::vector<SumChunk>& slots)
    : communicator_(communicator), level_(level), slots_(slots) {}

MessageLevel::~MessageLevel() {
  if (std::ranges::all_of(requests_, &Request::done)) return;
  communicator_.keep(std::make_shared<std::vector<std::byte>>(std::move(arrivals_)));
}

/// Calls visit for every pair of this rank with another owner of one of its cells, in an order that both share.
template <class Visit>
void MessageLevel::for_each_message(std::uint64_t number, Visit&& visit) const {
  std::size_t index = 0;
  std::size_t received = 0;
  for (const SumCell& cell : chunk(number).plan->levels[level_]) {
    for (std::size_t k = 0; k < cell.owners.size(); ++k) {
      if (k == cell.own) continue;
      visit(Message{.cell = cell, .peer_part = k, .request = index++, .received_before = received});
      received += cell.own_part().words() * size_of(chunk(number).type);
    }
  }
}

void MessageLevel::reserve(const SumPlan& plan, WordType type) {
  std::size_t messages = 0;
  std::size_t words = 0;
  for (const SumCell& cell : plan.levels[level_]) {
    messages += cell.owners.size() - 1;
    words += cell.own_part().words() * (cell.owners.size() - 1);
  }
  if (messages > messages_max_) {
    messages_max_ = messages;
    requests_.assign(slots_.size() * 4 * messages, Request{});
  }
  constexpr std::size_t kAlignment = 16;  // of the allocation; each slot's words begin as even
  const std::size_t bytes = (words * size_of(type) + kAlignment - 1) / kAlignment * kAlignment;
  if (bytes > arrival_bytes_max_) {
    arrival_bytes_max_ = bytes;
    arrivals_.resize(slots_.size() * arrival_bytes_max_);
  }
}

Peer MessageLevel::peer(int rank, Step step) const noexcept {
  return {
      .rank = rank,
      .tag = (kind_of(step) == LinkMeter::Message::total ? ReservedTag::ring_total : ReservedTag::ring_contribution) +
             static_cast<int>(level_)};
}

/// Own words of the peer's part, or the total of the own part. Empty parts are no message.
void MessageLevel::send(std::uint64_t number, Step step) {
  const SumChunk& what = chunk(number);
  for_each_message(number, [&](const Message& message) {
    const WordRange part = step == kSend ? message.cell.part(message.peer_part) : message.cell.own_part();
    if (part.words() == 0) return;
    const int to = message.cell.owners[message.peer_part];
    if (meter_ != nullptr) meter_->leaves(kind_of(step), to);
    requests_[index_of(number, step, message)] =
        communicator_.start_send(ConstWords(what.at(part.begin), part.words(), what.type), peer(to, step));
    bytes_sent_ += part.words() * size_of(what.type);
  });
}

/// The peer's words of the own part, beside it; or the total of the peer's part, in place.
void MessageLevel::receive(std::uint64_t number, Step step) {
  const SumChunk& what = chunk(number);
  for_each_message(number, [&](const Message& message) {
    const WordRange part = step == kReceive ? message.cell.own_part() : message.cell.part(message.peer_part);
    if (part.words() == 0) return;
    std::byte* const into = step == kReceive ? arrival(number, message) : what.at(part.begin);
    requests_[index_of(number, step, message)] = communicator_.start_receive(
        Words(into, part.words(), what.type), peer(message.cell.owners[message.peer_part], step));
  });
}

/// True when all messages of a step are through; contributions are added as they arrive.
bool MessageLevel::finish(std::uint64_t number, Step step, bool& moved) {
  const SumChunk& what = chunk(number);
  bool all = true;
  for_each_message(number, [&](const Message& message) {
    Request& one = requests_[index_of(number, step, message)];
    if (one.done()) return;
    if (!communicator_.test(one)) {
      all = false;
      return;
    }
    moved = true;
    const WordRange part = step == kReceive ? message.cell.own_part() : message.cell.part(message.peer_part);
    if (meter_ != nullptr && (step == kReceive || step == kReceiveTotal))
      meter_->comes(kind_of(step), message.cell.owners[message.peer_part], part.words(), what.type);
    if (step != kReceive) return;
    add_words(what.at(part.begin), arrival(number, message), part.words(), what.type);
  });
  return all;
}

bool MessageLevel::advance_up(std::uint64_t open, std::uint64_t below) {
  bool moved = false;
  for (; posted_ < open; ++posted_) receive(posted_, kReceive);
  for (; sent_ < below; ++sent_) send(sent_, kSend);
  for (; contributions_left_ < sent_ && finish(contributions_left_, kSend, moved); ++contributions_left_) moved = true;
  for (; added_ < below && finish(added_, kReceive, moved); ++added_) moved = true;
  return moved;
}

bool MessageLevel::advance_down(std::uint64_t above) {
  bool moved = false;
  // A total is received where the contribution stood, so once that has left.
  for (; totals_posted_ < contributions_left_; ++totals_posted_) receive(totals_posted_, kReceiveTotal);
  for (; totals_sent_ < above; ++totals_sent_) send(totals_sent_, kSendTotal);
  for (; totals_left_ < totals_sent_ && finish(totals_left_, kSendTotal, moved); ++totals_left_) moved = true;
  const std::uint64_t expected = std::min(totals_posted_, totals_sent_);
  for (; spread_ < expected && finish(spread_, kReceiveTotal, moved); ++spread_) moved = true;
  return moved;
}

int MessageLevel::first_open(std::uint64_t number, Step step) const {
  int rank = -1;
  for_each_message(number, [&](const Message& message) {
    if (rank < 0 && !requests_[index_of(number, step, message)].done()) rank = message.cell.owners[message.peer_part];
  });
  return rank;
}

int MessageLevel::owing_contribution(std::uint64_t below) const {
  return added_ < below ? first_open(added_, kReceive) : -1;
}

int MessageLevel::owing_total() const {
  int rank = -1;
  if (spread_ < std::min(totals_posted_, totals_sent_)) rank = first_open(spread_, kReceiveTotal);
  if (rank < 0 && contributions_left_ < sent_) rank = first_open(contributions_left_, kSend);
  if (rank < 0 && totals_left_ < totals_sent_) rank = first_open(totals_left_, kSendTotal);
  return rank;
}

}  // namespace crossilo
