// Aim: communicators inside one process: a whole federation on virtual time for tests, and one lone rank.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "crossilo/comm/communicator.hpp"

namespace crossilo {

/// One thing that happened in a local run.
struct LocalEvent {
  enum class Kind : std::uint8_t { baton, message, clock, end };
  Kind kind = Kind::baton;
  int rank = 0;  // who got the baton, received the message or ended
  Peer peer;     // message: its sender and tag
  double seconds = 0.0;
  bool operator==(const LocalEvent&) const = default;
};

/// How to run a federation inside this process.
struct LocalRun {
  int size = 1;
  std::uint64_t seed = 0;
  std::vector<int> node_of_rank{};             // ranks of one number may share windows; empty: nobody shares
  double tick_seconds = 1.0;                   // how far virtual time jumps when nobody can go on
  std::vector<LocalEvent>* history = nullptr;  // filled in if given
};

/// Runs `rank_main` once for each rank, each in a thread of its own, one at a time: idle() hands the baton to a rank
/// that the seed chooses. Virtual time moves only when every live rank has looked in vain, so deadlines cost no real
/// time. A rank that returns or throws is silent from then on; the others meet their deadlines.
/// Deterministic: the order of turns, messages and times follows from the seed alone.
/// Throws: what the lowest failed rank threw, after all have ended.
void run_local_ranks(const LocalRun& run, const std::function<void(Communicator&)>& rank_main);

/// A federation of one, without threads, on the steady clock: for baselines.
[[nodiscard]] std::unique_ptr<Communicator> make_solo_communicator();

}  // namespace crossilo
