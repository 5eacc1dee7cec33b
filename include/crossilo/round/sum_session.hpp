// Aim: what all sums of one start of the job share: the roster, the mask, and a counter that never repeats.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "crossilo/aggregate/mask.hpp"
#include "crossilo/aggregate/secure_sum.hpp"
#include "crossilo/comm/communicator.hpp"
#include "crossilo/round/roster.hpp"
#include "crossilo/round/round_record.hpp"

namespace crossilo {

/// What a rank brings to open.
struct OpenRequest {
  SumKind kind = SumKind::round;
  RoundIndex round{};
  Hash256 model{};                      // the model this rank starts from
  std::span<const LaneChoice> lanes{};  // how each lane block travels; none in sums of statistics alone
  bool wants_stop = false;              // a signal was seen, or no round is left
  bool out_of_patience = false;         // follows from totals that all ranks have read, so all bring the same
  const Cohort* cohort = nullptr;       // who trains; null: everybody
  RoundIndex timed_round{};             // the round that `seconds` are of
  PhaseSeconds seconds{};               // that this rank spent in it
};

struct OpenMessage;

/// Opens, masks and sums payloads between the ranks of one roster.
class SumSession {
 public:
  struct Options {
    RingSum::Options ring_sum;
    double peer_seconds_max = 60.0;
  };
  SumSession(Communicator& communicator, Roster roster, std::unique_ptr<Mask> mask, Options options);
  ~SumSession();

  /// Fixes what one sum is about, alike on all ranks: compares everybody's kind, counter, round, cohort,
  /// lanes and model, collects stop wishes. Collective.
  /// The ticket holds until the next open.
  /// Throws: DivergedError that names what differs and the silos whose view most others do not share; PeerLostError.
  [[nodiscard]] const RoundTicket& open(const OpenRequest& request);

  /// Returns once every rank has come here. Collective. Throws: PeerLostError.
  void meet(std::string_view step, RoundIndex round);

  [[nodiscard]] MaskedPayload mask(NoisedPayload&& payload, const RoundTicket& ticket);
  /// Collective. Throws, also while totals are asked for: PeerLostError.
  [[nodiscard]] RingTotal sum(MaskedPayload&& payload, const RoundTicket& ticket);

  /// Spent in masks, and in asking for totals, since the last call.
  [[nodiscard]] double take_mask_seconds() noexcept { return mask_->take_seconds(); }
  [[nodiscard]] double take_sum_seconds() noexcept { return secure_sum_.take_seconds(); }

  /// What all sums so far found out about the ways between the sites, once: no later sum is measured. Nothing, and
  /// no message, where there is one site. Collective. Throws: PeerLostError.
  [[nodiscard]] std::vector<SiteLink> take_links(RoundIndex round);

  [[nodiscard]] const Roster& roster() const noexcept { return roster_; }
  [[nodiscard]] bool is_masked() const noexcept { return mask_->hides(); }
  [[nodiscard]] const char* mask_name() const noexcept { return mask_->name(); }
  /// What the last open told of everybody's seconds.
  [[nodiscard]] const SlowestRanks& slowest() const noexcept { return slowest_; }
  [[nodiscard]] std::uint64_t bytes_sent() const noexcept { return ring_sum_.bytes_sent(); }

 private:
  void fill_ticket(const OpenRequest& request, const Cohort& cohort);

  Communicator& communicator_;
  Roster roster_;
  std::unique_ptr<Mask> mask_;
  RingSum ring_sum_;
  std::unique_ptr<LinkMeter> link_meter_;  // until the first round is over
  SecureSum secure_sum_;
  double peer_seconds_max_;
  std::uint64_t counter_ = 0;
  AllGather all_gather_;
  std::vector<OpenMessage> opened_;  // everybody's
  RoundTicket ticket_;
  SlowestRanks slowest_;
};

}  // namespace crossilo
