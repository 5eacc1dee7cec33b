// Aim: tell a rank that waits, or works long, from one that is lost. Only communicator.cpp uses it.
#pragma once

#include <cstdint>
#include <vector>

#include "crossilo/comm/communicator.hpp"

namespace crossilo {

/// One byte to every peer now and then while nothing moves. Who is held up by a lost rank holds others up himself; by
/// its signs nobody takes it for the lost one.
class SignsOfLife {
 public:
  explicit SignsOfLife(Communicator& communicator);

  /// Forgets what came before this wait, for it may be old, and is to show life at once.
  void begin_wait();
  /// Sends signs where the last ones are `every_seconds` old, and takes those that came.
  void exchange(bool waits, double every_seconds);
  /// The rank that has been silent for `seconds` at least, since `since_seconds` on: `awaited` if it has, else the one
  /// that was heard of last; -1: all were heard.
  [[nodiscard]] int silent_rank(int awaited, double since_seconds, double seconds) const;
  /// False if a peer said last that it works: it will go on by itself.
  [[nodiscard]] bool all_wait() const;

 private:
  struct PeerSigns {
    int rank = 0;
    Request send;
    Request receive;
    std::byte sent{};
    std::byte received{};
    double heard_seconds = -1.0;  // by the communicator's clock; before the first sign: never
    bool waits = true;
  };
  void listen(PeerSigns& peer);

  Communicator& communicator_;
  std::vector<PeerSigns> peers_;
  double shown_seconds_;
};

}  // namespace crossilo
