#include "signs_of_life.hpp"

#include <algorithm>
#include <limits>
#include <span>

namespace crossilo {
namespace {

constexpr std::byte kWaits{1};
constexpr std::byte kWorks{2};

}  // namespace

SignsOfLife::SignsOfLife(Communicator& communicator)
    : communicator_(communicator), shown_seconds_(communicator.clock().now_seconds()) {
  for (int rank = 0; rank < communicator.size(); ++rank)
    if (rank != communicator.rank()) peers_.push_back({.rank = rank, .send = {}, .receive = {}});
}

/// Takes all signs of a peer that have come, and waits for the next.
void SignsOfLife::listen(PeerSigns& peer) {
  while (communicator_.test(peer.receive)) {
    if (peer.received != std::byte{}) {
      peer.heard_seconds = communicator_.clock().now_seconds();
      peer.waits = peer.received == kWaits;
      peer.received = std::byte{};
    }
    peer.receive = communicator_.start_receive(std::span(&peer.received, 1), {peer.rank, ReservedTag::sign_of_life});
  }
}

void SignsOfLife::begin_wait() {
  shown_seconds_ = std::numeric_limits<double>::lowest();
  for (PeerSigns& peer : peers_) {
    listen(peer);
    peer.heard_seconds = -1.0;
  }
}

void SignsOfLife::exchange(bool waits, double every_seconds) {
  const double now_seconds = communicator_.clock().now_seconds();
  const bool is_due = now_seconds - shown_seconds_ >= every_seconds;
  if (!waits && !is_due) return;
  if (is_due) shown_seconds_ = now_seconds;
  for (PeerSigns& peer : peers_) {
    listen(peer);
    // One that is lost takes no more; nothing piles up for it.
    if (!is_due || !communicator_.test(peer.send)) continue;
    peer.sent = waits ? kWaits : kWorks;
    peer.send =
        communicator_.start_send(std::span<const std::byte>(&peer.sent, 1), {peer.rank, ReservedTag::sign_of_life});
  }
}

int SignsOfLife::silent_rank(int awaited, double since_seconds, double seconds) const {
  const double now_seconds = communicator_.clock().now_seconds();
  int silent = -1;
  double longest = 0.0;
  for (const PeerSigns& peer : peers_) {
    const double silence = now_seconds - std::max(peer.heard_seconds, since_seconds);
    if (silence < seconds) continue;
    if (peer.rank == awaited) return awaited;
    if (silence > longest) silent = peer.rank;
    longest = std::max(longest, silence);
  }
  return silent;
}

bool SignsOfLife::all_wait() const { return std::ranges::all_of(peers_, &PeerSigns::waits); }

}  // namespace crossilo
