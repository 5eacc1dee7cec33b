#include "mailbox.hpp"

#include <algorithm>
#include <cstring>

#include "crossilo/base/check.hpp"

namespace crossilo {

Request Mailbox::start_send(int from, Peer to, ConstWords words) {
  const auto* bytes = static_cast<const std::byte*>(words.data);
  return {add({.is_send = true,
               .from = from,
               .to = to.rank,
               .tag = to.tag,
               .shape = {words.count, words.type},
               .source = words.data,
               .copy = std::vector<std::byte>(bytes, bytes + words.count * size_of(words.type)),
               .peer = {}})};
}

Request Mailbox::start_receive(int to, Peer from, Words words) {
  return {add({.from = from.rank,
               .to = to,
               .tag = from.tag,
               .shape = {words.count, words.type},
               .target = words.data,
               .copy = {},
               .peer = {}})};
}

std::uint32_t Mailbox::add(Message message) {
  CROSSILO_ASSERT(message.shape.count <= Communicator::kMessageWordsMax);
  CROSSILO_ASSERT(message.tag >= 0 && message.tag <= ReservedTag::last);
  message.in_use = true;
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(messages_.size()));
    messages_.emplace_back();
  }
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  messages_[slot] = std::move(message);
  pair_up(slot);
  return slot;
}

void Mailbox::pair_up(std::uint32_t slot) {
  Message& mine = messages_[slot];
  const auto other = std::find_if(unpaired_.begin(), unpaired_.end(), [&](std::uint32_t candidate) {
    const Message& theirs = messages_[candidate];
    return theirs.is_send != mine.is_send && theirs.from == mine.from && theirs.to == mine.to && theirs.tag == mine.tag;
  });
  if (other == unpaired_.end()) return unpaired_.push_back(slot);
  mine.peer = *other;
  messages_[*other].peer = slot;
  unpaired_.erase(other);
}

bool Mailbox::test(Request& request, const Communicator& names, const std::function<bool()>& may_arrive,
                   const std::function<void(const Delivery&)>& on_delivery) {
  if (request.done()) return true;
  Message& mine = messages_[request.slot];
  CROSSILO_ASSERT(mine.in_use);
  if (mine.is_send) {
    if (!mine.delivered) return false;
    const bool unchanged = mine.copy.empty() || std::memcmp(mine.source, mine.copy.data(), mine.copy.size()) == 0;
    CROSSILO_ASSERT(unchanged && "a send buffer stays untouched until test() says true");
    release(request);
    return true;
  }
  if (!mine.peer || !may_arrive()) return false;
  Message& theirs = messages_[*mine.peer];
  theirs.delivered = true;
  if (theirs.shape != mine.shape) throw message_mismatch(names.peer_name(mine.from), {mine.from, mine.tag}, mine.shape);
  if (!theirs.copy.empty()) std::memcpy(mine.target, theirs.copy.data(), theirs.copy.size());
  on_delivery({.from = mine.from, .to = mine.to, .tag = mine.tag});
  release(request);
  return true;
}

void Mailbox::release(Request& request) {
  messages_[request.slot] = Message{};
  free_slots_.push_back(request.slot);
  request.slot = Request::kDone;
}

}  // namespace crossilo
