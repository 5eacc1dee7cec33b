#include "crossilo/aggregate/secure_sum.hpp"

#include "crossilo/base/check.hpp"

namespace crossilo {
namespace {

const char* name_of(SumKind kind) {
  switch (kind) {
    case SumKind::scaling_mean:
      return "sum of the features' means";
    case SumKind::scaling_variance:
      return "sum of the features' variances";
    case SumKind::round:
      return "sum";
    case SumKind::final_evaluation:
      return "sum of the final evaluation";
  }
  CROSSILO_ASSERT(!"a kind of sum has a name");
  return "";
}

}  // namespace

SecureSum::SecureSum(RingSum& ring_sum, double peer_seconds_max)
    : ring_sum_(ring_sum), peer_seconds_max_(peer_seconds_max) {}

RingTotal SecureSum::operator()(MaskedPayload&& payload, const RoundTicket& ticket) {
  Deadline deadline{.seconds = peer_seconds_max_, .step = name_of(ticket.kind)};
  if (ticket.kind == SumKind::round) deadline.round = ticket.round;
  ring_sum_.sum(payload.statistics(), payload.lanes(), deadline);
  return RingTotal(std::move(payload));
}

}  // namespace crossilo
