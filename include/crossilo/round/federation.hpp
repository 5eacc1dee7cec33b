// Aim: a whole training run: hello, scaling, rounds, last evaluation.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "crossilo/data/scaling.hpp"
#include "crossilo/round/round.hpp"
#include "crossilo/silo/dataset.hpp"

namespace crossilo {

/// Everything a run needs, built once (cli/build_job). The silos, datasets and `initial` outlive the run.
struct FederationSetup {
  OwnFacts facts;
  std::vector<Silo*> silos;        // hosted by this rank, in roster order
  std::vector<Dataset*> datasets;  // of the same silos; scaled in place by the run
  std::span<const float> initial;  // the model before the first round, equal on all ranks; copied
  std::uint32_t rounds = 1;
  ParameterLayout parameters;       // of `initial`
  PublicRoot root;                  // of rounding and of cohorts
  std::size_t silos_per_round = 0;  // that train; 0: all
  std::uint32_t evaluate_every_rounds = 1;
  std::uint32_t checkpoint_every_rounds = 0;  // how often the observer gets the state; the last one it gets anyway
  const FederationState* resumed = nullptr;   // where an earlier start had come to; null: begin with `initial`
  StopRule::Options stop;
  Clip clip{0.0};
  unsigned lane_bits = 32;
  std::unique_ptr<Noise> noise;
  std::unique_ptr<ServerOptimizer> server_optimizer;
  std::function<std::unique_ptr<Mask>(const Roster&, const X25519&)> make_mask;
  SumSession::Options session;
};

/// A model with the evaluation it had over all silos.
struct EvaluatedModel {
  RoundIndex round{};
  std::vector<float> parameters;
  SiloEvaluation evaluation;
};

/// What a run leaves behind, equal on all ranks.
struct TrainedModel {
  EvaluatedModel best;  // by the stop rule's metric on the rows held back
  EvaluatedModel last;
  Scaling scaling;
  StopReason stop = StopReason::none;
};

/// What is fixed before the first round.
struct RunStart {
  const Roster& roster;
  const PayloadLayout& layout;
  const Scaling& scaling;
  const char* mask;
  RoundIndex resumed{};                   // the round that an earlier start had finished; 0: none
  const std::vector<std::string>& sites;  // their names; one or none where all ranks are at one
  std::function<void()> show_life{};      // tells peers that this rank is at work, between the steps of long work
};

/// Watches a run; beside the rounds it sees once how they will be.
class RunObserver : public RoundObserver {
 public:
  virtual void on_start(const RunStart& start) = 0;
  /// Behind on_round of a start's first round, where there are several sites: what was measured up to it.
  virtual void on_links(RoundIndex /*round*/, std::span<const SiteLink> /*links*/) {}
  /// Before on_state, where silos have private state that a later start needs: the time to keep it. No rank gets the
  /// state before every rank has returned, so that a checkpoint never is without the private state it goes with.
  virtual void on_private_state(RoundIndex /*round*/, const Hash256& /*chain*/) {}
  /// After a round whose state is to be kept, behind its on_round. The last state of a run always comes, also where it
  /// stops early: it is from before the closing evaluation, so that a later start can go on behind it.
  virtual void on_state(const FederationState& /*state*/) {}
};

/// Runs the federation to its last round, or until a stop is agreed on. Collective.
/// `wants_stop` is asked once a round. A resumed run has the bits of one that was never interrupted, on one type of
/// processor. Throws: PeerLostError, DivergedError, ConfigError; DataError, too, where rows are others than before.
[[nodiscard]] TrainedModel train_federation(Communicator& communicator, FederationSetup setup,
                                            const std::function<bool()>& wants_stop, RunObserver& observer);

}  // namespace crossilo
