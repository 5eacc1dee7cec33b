#include "crossilo/round/federation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "crossilo/base/error.hpp"
#include "crossilo/base/phase_timer.hpp"
#include "crossilo/round/cohort.hpp"
#include "crossilo/round/scaling.hpp"

namespace crossilo {
namespace {

/// The record carries the evaluation of the model that the round started from.
void keep_evaluation(const RoundRecord& record, TrainedModel& result) {
  result.last.evaluation = record.parent_evaluation;
  if (record.parent_is_best) result.best.evaluation = record.parent_evaluation;
}

/// One silo's delta may fail to be finite; when all do, the run has diverged. All ranks see the same totals.
void check_contributions(const RoundRecord& record) {
  if (record.contributed_share == 0.0)
    throw DivergedError(
        fmt::format("round {}: the model delta of every silo that trained is not finite, so nothing was applied; "
                    "train with a lower train.learning_rate, or look for extreme values in the data",
                    record.ticket.round.value));
}

/// The site of each rank; none where nobody asked for sites.
std::vector<int> sites_of(const Topology& topology) {
  std::vector<int> sites;
  for (int rank = 0; rank < topology.ranks(); ++rank) sites.push_back(static_cast<int>(topology.site_of(rank).value));
  return sites;
}

/// Everybody's hello, and the masks that follow from it. The private half of this start's key ends with the function.
SumSession open_session(Communicator& communicator, const FederationSetup& setup) {
  const X25519 key;
  Roster roster =
      exchange_hello(communicator, setup.facts, key, {.seconds = setup.session.peer_seconds_max, .step = "hello"});
  std::unique_ptr<Mask> mask = setup.make_mask(roster, key);
  SumSession::Options options = setup.session;
  options.ring_sum =
      RingSum::Options::for_payload(round_layout(setup.parameters).lane_words(), sites_of(setup.facts.topology));
  options.ring_sum.has_device = setup.session.ring_sum.has_device;
  return SumSession(communicator, std::move(roster), std::move(mask), options);
}

/// The share of rows, by the announced weights, that are not the largest silo's: a histogram that is mostly one silo's
/// would be read by the others as that silo's.
double share_of_others(const Cohort& cohort) {
  if (cohort.size() < 2) return 1.0;
  const std::uint64_t largest = std::ranges::max(cohort.weights);
  return 1.0 - static_cast<double>(largest) / static_cast<double>(cohort.total_weight());
}

/// The scaling is computed once. The silos that it was computed over do it again, to see whether their rows are the
/// same; other silos take what was kept: sums over two cohorts that differ by a silo would be that silo's own.
/// Throws: DataError where the rows are not those it was trained on.
FederatedRows agree_on_rows(SumSession& session, const FederationSetup& setup) {
  const Cohort& cohort = session.roster().cohort;
  const FederatedRows* const kept = setup.resumed != nullptr ? setup.resumed->rows : nullptr;
  if (kept != nullptr && kept->cohort.silos != cohort.silos) {
    if (kept->scaling.mean.size() != setup.datasets.front()->features())
      throw DataError("the scaling of the checkpoint is of other columns; begin anew with --resume never");
    return *kept;
  }
  FederatedRows rows = federated_scaling(session, setup.silos, setup.datasets);
  if (kept != nullptr && fingerprint_of(kept->scaling) != fingerprint_of(rows.scaling))
    throw DataError(
        "the sums over all silos' rows (scaling, rows of each class) are not those of the checkpoint: a silo's data "
        "has "
        "changed since; bring the old file back, or begin anew with --resume never");
  return rows;
}

/// About how many of so many rows the silos have that are there, by the announced weights.
double rows_present(double rows, const FederatedRows& all, const Cohort& cohort) {
  if (all.cohort.silos == cohort.silos) return rows;
  return rows * static_cast<double>(cohort.total_weight()) / static_cast<double>(all.cohort.total_weight());
}

/// Scores are sent only where they choose the model, and only in bins that many rows share.
EvaluationLayout evaluation_layout(const FederationSetup& setup, const FederatedRows& rows, const Cohort& cohort) {
  EvaluationLayout layout{.silos = cohort.size()};
  if (setup.stop.metric != StopMetric::auc) return layout;
  const double others = share_of_others(cohort);
  layout.held_back_bins = score_bins(others * rows_present(rows.held_back_rows, rows, cohort));
  layout.test_bins = score_bins(others * rows_present(rows.test_rows, rows, cohort));
  return layout;
}

/// Moves the strategies out of the setup.
RoundStages make_stages(FederationSetup& setup, const EvaluationLayout& evaluation, const Roster& roster) {
  return {
      .silos = setup.silos,
      .clip = setup.clip,
      .codec = RingCodec({.layout = round_layout(setup.parameters, evaluation), .root = setup.root}),
      .lanes = LaneSchedule(setup.lane_bits),
      .noise = std::move(setup.noise),
      .server_optimizer = std::move(setup.server_optimizer),
      .parameters = setup.parameters,
      .evaluation = evaluation,
      .cohort_of = [&roster, silos = setup.silos_per_round, root = setup.root](
                       RoundIndex round, Cohort& cohort) { sample_cohort(roster.cohort, silos, root, round, cohort); },
      .evaluate_every_rounds = setup.evaluate_every_rounds,
      .stop_rule = StopRule(setup.stop)};
}

void copy_model(const GlobalModel& model, EvaluatedModel& out) {
  out.round = model.round;
  out.parameters.assign(model.parameters.begin(), model.parameters.end());
}

/// While this lives, silos that train or evaluate long show it: peers wait no longer than their deadline for silence.
class WorkShowsLife {
 public:
  WorkShowsLife(std::vector<Silo*> silos, const std::function<void()>& show_life) : silos_(std::move(silos)) {
    for (Silo* const silo : silos_) silo->on_step(show_life);
  }
  ~WorkShowsLife() {
    for (Silo* const silo : silos_) silo->on_step({});
  }
  WorkShowsLife(const WorkShowsLife&) = delete;
  WorkShowsLife& operator=(const WorkShowsLife&) = delete;

 private:
  std::vector<Silo*> silos_;
};

/// Counts the chain on and hands the state to the observer, now and then.
class StateKeeper {
 public:
  StateKeeper(Round& round, SumSession& session, const FederationSetup& setup, const TrainedModel& result,
              const FederatedRows& rows, RunObserver& observer)
      : round_(round),
        session_(session),
        has_private_state_(feeds_errors_back(setup.lane_bits)),
        every_(setup.checkpoint_every_rounds),
        result_(result),
        rows_(rows),
        observer_(observer) {
    if (setup.resumed == nullptr) return;
    chain_ = setup.resumed->chain;
    kept_ = setup.resumed->round;
  }

  void after(const RoundRecord& record) {
    chain_ = next_link(chain_, record.ticket.round, record.model);
    if (every_ > 0 && record.ticket.round.value % every_ == 0) keep();
  }
  /// The last one, unless it was kept already.
  void close() {
    if (kept_ != round_.last().round) keep();
  }

 private:
  void keep() {
    FederationState state = round_.state();
    state.chain = chain_;
    state.best_evaluation = result_.best.evaluation;
    state.rows = &rows_;
    state.silos = session_.roster().cohort.silos;
    kept_ = state.round;
    double seconds = 0.0;
    {
      const PhaseTimer timer(seconds);
      if (has_private_state_) {
        observer_.on_private_state(state.round, state.chain);
        session_.meet("keeping private state", state.round);
      }
      observer_.on_state(state);
    }
    round_.add_checkpoint_seconds(seconds);
  }

  Round& round_;
  SumSession& session_;
  bool has_private_state_;
  std::uint32_t every_;
  const TrainedModel& result_;
  const FederatedRows& rows_;
  RunObserver& observer_;
  Hash256 chain_{};
  RoundIndex kept_{};
};

/// Rounds until the last one or an agreed stop, then the evaluation of the last model.
void run_rounds(Round& round, SumSession& session, std::uint32_t rounds, const std::function<bool()>& wants_stop,
                RunObserver& observer, StateKeeper& keeper, TrainedModel& result) {
  result.stop = StopReason::rounds_done;
  for (std::uint32_t index = round.last().round.value + 1; index <= rounds; ++index) {
    const RoundRecord& record = round.run(RoundIndex{index}, wants_stop());
    if (record.ticket.stop != StopReason::none) {
      result.stop = record.ticket.stop;
      break;
    }
    check_contributions(record);
    keep_evaluation(record, result);
    observer.on_round(record);
    const std::vector<SiteLink> links = session.take_links(RoundIndex{index});
    if (!links.empty()) observer.on_links(RoundIndex{index}, links);
    keeper.after(record);
  }
  keeper.close();
  const RoundRecord& closing = round.close();
  keep_evaluation(closing, result);
  observer.on_round(closing);
}

}  // namespace

TrainedModel train_federation(Communicator& communicator, FederationSetup setup,
                              const std::function<bool()>& wants_stop, RunObserver& observer) {
  const auto show_life = [&communicator, seconds = setup.session.peer_seconds_max] { communicator.show_life(seconds); };
  const WorkShowsLife shows_life(setup.silos, show_life);
  SumSession session = open_session(communicator, setup);
  const FederatedRows rows = agree_on_rows(session, setup);
  const Cohort& cohort = session.roster().cohort;
  StopRule::require_rows(setup.stop, {.held_back = rows_present(rows.held_back_rows, rows, cohort),
                                      .share_of_others = share_of_others(cohort)});
  TrainedModel result{.scaling = rows.scaling};
  if (setup.resumed != nullptr) result.best.evaluation = setup.resumed->best_evaluation;
  for (Dataset* dataset : setup.datasets) dataset->apply(result.scaling);

  RoundStages stages = make_stages(setup, evaluation_layout(setup, rows, cohort), session.roster());
  observer.on_start({.roster = session.roster(),
                     .layout = stages.codec.layout(),
                     .scaling = result.scaling,
                     .mask = session.mask_name(),
                     .resumed = setup.resumed != nullptr ? setup.resumed->round : RoundIndex{},
                     .sites = setup.facts.topology.site_names(),
                     .show_life = show_life});
  Round round(session, std::move(stages), setup.initial, setup.resumed);
  StateKeeper keeper(round, session, setup, result, rows, observer);
  run_rounds(round, session, setup.rounds, wants_stop, observer, keeper, result);
  copy_model(round.best(), result.best);
  copy_model(round.last(), result.last);
  if (result.best.round == result.last.round) result.best.evaluation = result.last.evaluation;
  return result;
}

}  // namespace crossilo
