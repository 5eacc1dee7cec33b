// Aim: how long the way between two sites is, and how much it carries, from messages that sums exchange anyway.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "crossilo/comm/communicator.hpp"

namespace crossilo {

/// The way between two sites, as sums found it.
struct SiteLink {
  std::size_t site = 0;
  std::size_t other_site = 0;                // above `site`
  std::optional<double> round_trip_seconds;  // none: their first ranks exchanged no message
  std::optional<double> bytes_per_second;    // of payload, the slower direction; none: too little came to tell
};

/// Watches what one rank sends to other sites and gets from them. A sum (RingSum::measure) tells it of each message.
///
/// Round trip: own words go to a peer, whose total of them comes back; the time between, less how long the peer had
/// the words, is one round trip, whoever else was waited for. It is taken from the first such messages of each sum,
/// between the first ranks of both sites, and the shortest counts. It is no shorter than the link's, and longer by
/// what stood in queues: little in sums of statistics alone.
/// Bandwidth: of the last sum alone. Bytes of ring words that came from a site between their first total and their last
/// one, over this time: by then all ranks are in the sum, and what had waited for them is through. The bytes of a
/// site's ranks, which work in parallel, are added up, and the longest time counts. It is what the sum drew from the
/// link: less than that carries where one side was done sooner, another link held the sum up, or it was too short for
/// new connections to come up to speed, which takes a dozen round trips.
class LinkMeter {
 public:
  enum class Message : std::uint8_t { words, total };
  /// Fewer bytes may have stood in buffers as a whole, and then tell nothing.
  static constexpr double kBytesMin = 1e6;

  /// Sites are numbered from 0 on, without gaps.
  LinkMeter(Communicator& communicator, std::span<const int> site_of_rank);

  void begin_sum();
  /// Right before a message to that rank is started.
  void leaves(Message message, int rank);
  /// Right after a message from that rank was found to be there.
  void comes(Message message, int rank, std::size_t words, WordType type);

  /// Every two sites, in ascending order; equal on all ranks. Collective. Throws: PeerLostError.
  [[nodiscard]] std::vector<SiteLink> gather(const Deadline& deadline);

 private:
  static constexpr double kNever = std::numeric_limits<double>::quiet_NaN();
  static constexpr std::size_t kSumsMax = 8;  // whose round trips are taken; up to the first round there are five
  /// By this rank's own clock.
  struct Trip {
    double words_left = kNever, words_came = kNever, total_left = kNever, total_came = kNever;
  };
  /// What this rank saw of a site; sent as it is.
  struct View {
    std::array<Trip, kSumsMax> trips{};
    double bytes = 0.0;  // from the first total to the last
    double first_total = kNever;
    double last_total = kNever;
    double bytes_behind = 0.0;  // the last total
  };

  /// The moment of such a message, where it is one to keep and the first of its kind.
  void note(double Trip::*moment, int rank);
  [[nodiscard]] double now_seconds() const;

  Communicator& communicator_;
  std::vector<std::size_t> site_of_rank_;
  std::vector<int> first_rank_;  // of each site
  std::vector<View> views_;      // of each site
  std::size_t own_site_;
  std::size_t sums_ = 0;
  double begun_seconds_;
};

}  // namespace crossilo
