#include "crossilo/round/sum_session.hpp"

#include <cstring>
#include <utility>
#include <vector>

#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

/// One rank's public control data in open.
struct OpenMessage {
  Hash256 model{};
  std::uint64_t counter = 0;
  std::uint32_t round = 0;
  std::uint8_t kind = 0;
  std::uint8_t wants_stop = 0;
  std::uint8_t unused[2] = {};
};
static_assert(sizeof(OpenMessage) == 48);

std::string differing(Communicator& communicator, std::span<const OpenMessage> all) {
  std::string names;
  for (std::size_t rank = 1; rank < all.size(); ++rank) {
    const OpenMessage& one = all[rank];
    if (one.model == all[0].model && one.counter == all[0].counter && one.round == all[0].round &&
        one.kind == all[0].kind)
      continue;
    names += (names.empty() ? "" : ", ") + communicator.peer_name(static_cast<int>(rank));
  }
  return names;
}

}  // namespace

SumSession::SumSession(Communicator& communicator, Roster roster, std::unique_ptr<Mask> mask, Options options)
    : communicator_(communicator),
      roster_(std::move(roster)),
      mask_(std::move(mask)),
      ring_sum_(communicator, options.ring_sum),
      secure_sum_(ring_sum_, options.peer_seconds_max),
      peer_seconds_max_(options.peer_seconds_max) {
  ring_sum_.self_test({.seconds = peer_seconds_max_, .step = "start-up self-test"});
}

RoundTicket SumSession::open(const OpenRequest& request) {
  OpenMessage own{.model = request.model,
                  .counter = ++counter_,
                  .round = request.round.value,
                  .kind = static_cast<std::uint8_t>(request.kind),
                  .wants_stop = request.wants_stop ? std::uint8_t{1} : std::uint8_t{0}};
  std::vector<OpenMessage> all(static_cast<std::size_t>(communicator_.size()));
  all_gather(communicator_, std::as_bytes(std::span(&own, 1)), std::as_writable_bytes(std::span(all)),
             {.seconds = peer_seconds_max_, .step = "open, round " + std::to_string(request.round.value)});
  const std::string names = differing(communicator_, all);
  if (!names.empty())
    throw DivergedError("round " + std::to_string(request.round.value) + ": the model of " + names +
                        " differs from that of " + communicator_.peer_name(0) +
                        "; nothing was applied. All silos must run the same program on the same settings");
  RoundTicket ticket{.kind = request.kind,
                     .round = request.round,
                     .counter = counter_,
                     .cohort = roster_.cohort,
                     .parent_model = request.model};
  for (const OpenMessage& message : all)
    if (message.wants_stop != 0) ticket.stop = StopReason::signal;
  return ticket;
}

MaskedPayload SumSession::mask(NoisedPayload&& payload, const RoundTicket& ticket) {
  return (*mask_)(std::move(payload), ticket);
}

RingTotal SumSession::sum(MaskedPayload&& payload, const RoundTicket& ticket) {
  return secure_sum_(std::move(payload), ticket);
}

}  // namespace crossilo
