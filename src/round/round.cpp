#include "crossilo/round/round.hpp"

#include <cmath>
#include <utility>

#include "crossilo/base/check.hpp"
#include "crossilo/base/phase_timer.hpp"
#include "crossilo/round/evaluation_statistics.hpp"
#include "crossilo/round/statistics_sum.hpp"

namespace crossilo {

// The product. Each line takes what the line before it made, and no other line can make it. No vector stands in memory
// between two of them: words are encoded and masked when the sum asks for them, and server_step asks for the totals.
const RoundRecord& Round::run(RoundIndex round, bool wants_stop) {
  const RoundTicket& ticket = open(round, wants_stop);
  if (ticket.stop != StopReason::none) return record_ = {.ticket = ticket};
  NoisedPayload payload = sum_hosted_silos(ticket);
  MaskedPayload masked = mask(std::move(payload), ticket);
  RingTotal summed = sum(std::move(masked), ticket);
  const RoundTotal total = decode(summed, ticket);
  const bool parent_is_best = keep_if_best(total.statistics);
  const GlobalModel model = server_step(total, ticket);
  evaluate(model);
  return record(ticket, total, parent_is_best);
}

NoisedPayload Round::sum_hosted_silos(const RoundTicket& ticket) {
  const PhaseTimer timer(seconds_.encode);
  return sum_hosted(stages_.silos, hosted_sum_, [&](Silo& silo) {
    return (*stages_.noise)(encode(stages_.clip(train_locally(ticket, silo), ticket), ticket, silo), ticket);
  });
}

Round::Round(SumSession& session, RoundStages stages, std::span<const float> initial, const FederationState* resumed)
    : session_(session),
      stages_(std::move(stages)),
      update_{.parameters = std::vector<float>(initial.size()),
              .statistics = std::vector<double>(stages_.codec.layout().statistics.size())},
      sitting_{.parameters = {}, .statistics = std::vector<double>(stages_.codec.layout().statistics.size())},
      hosted_sum_(stages_.silos.size() > 1 ? stages_.codec.layout() : PayloadLayout{}),
      totals_(stages_.codec.layout().statistics.size()),
      parameters_(initial.begin(), initial.end()),
      best_parameters_(initial.begin(), initial.end()),
      evaluations_(stages_.silos.size()) {
  CROSSILO_ASSERT(!stages_.silos.empty());
  CROSSILO_ASSERT(stages_.codec.layout().parameters() == initial.size());
  CROSSILO_ASSERT(stages_.parameters.size() == initial.size() && stages_.evaluate_every_rounds > 0);
  for (const LaneBlock& block : stages_.codec.layout().lanes)
    lanes_.push_back({.lane_bits = block.lane_bits, .bound = block.bound});
  // Refused now, not when the first narrow round comes.
  LaneBlock delta = stages_.codec.layout().lanes.front();
  delta.lane_bits = stages_.lanes.lane_bits();
  const std::size_t cohort_size = cohort_of(RoundIndex{1}).size();
  (void)LaneScale::of(delta, cohort_size, stages_.codec.noise_bound());
  // One silo's sum is its own model delta, which no mask hides; the configuration refuses it.
  CROSSILO_ASSERT(cohort_size > 1 || !session_.is_masked());
  set_last(RoundIndex{0});
  best_ = last_;
  best_.parameters = best_parameters_;
  if (resumed != nullptr) restore(*resumed);
  if (resumed != nullptr && resumed->silos != session.roster().cohort.silos)
    judge_anew();
  else
    evaluate(last_);
}

}  // namespace crossilo
