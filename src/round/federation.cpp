#include "crossilo/round/federation.hpp"

#include <utility>

#include "crossilo/round/scaling.hpp"

namespace crossilo {
namespace {

/// The record carries the evaluation of the model that the round started from.
void keep_evaluation(const RoundRecord& record, TrainedModel& result) {
  result.last.evaluation = record.parent_evaluation;
  if (record.parent_is_best) result.best.evaluation = record.parent_evaluation;
}

/// Everybody's hello, and the masks that follow from it. The private half of this start's key ends with the function.
SumSession open_session(Communicator& communicator, const FederationSetup& setup) {
  const X25519 key;
  Roster roster =
      exchange_hello(communicator, setup.facts, key, {.seconds = setup.session.peer_seconds_max, .step = "hello"});
  std::unique_ptr<Mask> mask = setup.make_mask(roster, key);
  return SumSession(communicator, std::move(roster), std::move(mask), setup.session);
}

void copy_model(const GlobalModel& model, EvaluatedModel& out) {
  out.round = model.round;
  out.parameters.assign(model.parameters.begin(), model.parameters.end());
}

}  // namespace

TrainedModel train_federation(Communicator& communicator, FederationSetup setup,
                              const std::function<bool()>& wants_stop, RunObserver& observer) {
  SumSession session = open_session(communicator, setup);
  observer.on_start(session.roster(), setup.codec.layout, session.mask_name());

  TrainedModel result;
  result.scaling = federated_scaling(session, setup.silos, setup.datasets);
  for (Dataset* dataset : setup.datasets) dataset->apply(result.scaling);

  Round round(session,
              {.silos = setup.silos,
               .clip = setup.clip,
               .codec = RingCodec(std::move(setup.codec)),
               .lanes = LaneSchedule(setup.lane_bits),
               .noise = std::move(setup.noise),
               .server_optimizer = std::move(setup.server_optimizer)},
              setup.initial);
  result.stop = StopReason::rounds_done;
  for (std::uint32_t index = 1; index <= setup.rounds; ++index) {
    const RoundRecord record = round.run(RoundIndex{index}, wants_stop());
    if (record.ticket.stop != StopReason::none) {
      result.stop = record.ticket.stop;
      break;
    }
    keep_evaluation(record, result);
    observer.on_round(record);
  }
  const RoundRecord closing = round.close();
  keep_evaluation(closing, result);
  observer.on_round(closing);
  copy_model(round.best(), result.best);
  copy_model(round.last(), result.last);
  return result;
}

}  // namespace crossilo
