// Aim: all that the next round of a federation depends on, equal on all ranks: what a checkpoint keeps.
#pragma once

#include <span>
#include <vector>

#include "crossilo/data/scaling.hpp"
#include "crossilo/model/payload.hpp"
#include "crossilo/round/scaling.hpp"
#include "crossilo/round/stop_rule.hpp"
#include "crossilo/silo/silo.hpp"

namespace crossilo {

/// A federation after a finished round. Views, not copies.
/// Shapes: parameters, best_parameters [d]; server: as ServerOptimizer::state().
/// Alive until: the next round begins; of a resumed one, until train_federation returns.
struct FederationState {
  RoundIndex round{};
  Hash256 chain{};  // next_link() of the chain before, this round, and its model's fingerprint
  std::span<const float> parameters;
  std::vector<std::span<const float>> server;
  LaneChoice lanes;         // of the next round
  StopRule::Judged judged;  // does not know the evaluation of this round's model yet: the next sum brings it
  RoundIndex best_round{};
  bool has_best = false;  // false: no model was judged, and the best parameters are no one's
  std::span<const float> best_parameters;
  SiloEvaluation best_evaluation;
  const FederatedRows* rows = nullptr;  // never null: what all rows were brought to, computed once
  std::vector<SiloId> silos{};          // that were there, and so were evaluated
};

/// The chain of model records: SHA-256 over the chain before, the round, and the fingerprint of the model after it.
[[nodiscard]] Hash256 next_link(const Hash256& chain, RoundIndex round, const Hash256& model);

/// Equal exactly where two scalings are, to the last bit.
[[nodiscard]] Hash256 fingerprint_of(const Scaling& scaling);

}  // namespace crossilo
