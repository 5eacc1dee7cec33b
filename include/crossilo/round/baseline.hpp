// Aim: what federating was worth: the same training on each silo's own data alone, and on all data pooled.
// For machines where one process may read every silo's file.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "crossilo/model/model.hpp"
#include "crossilo/round/federation.hpp"
#include "crossilo/silo/ranking_metrics.hpp"

namespace crossilo {

/// A federation's silos as one process sees them: names and unscaled rows, in roster order.
struct OpenSilos {
  std::vector<std::string> names;
  std::vector<Dataset> datasets;
};

/// Trains on one dataset as if it were the only silo, with everything else as in the federation (cli/build_job).
using TrainAlone = std::function<TrainedModel(std::shared_ptr<Dataset> dataset)>;

/// A model's AUC on some test rows, or the reason why there is none.
struct RankedCell {
  std::optional<RankingEstimate> auc;
  std::string refusal;  // "2 rows of class healthy, too few to rank"
};

/// The closing table of a run on one machine. Binary tasks only.
struct Comparison {
  std::vector<std::string> silos;
  std::vector<std::size_t> test_rows;                     // one for each silo
  std::vector<RankedCell> federated;                      // one for each silo, then all test rows together
  std::vector<RankedCell> own;                            // one for each silo: trained there alone, tested there
  std::vector<RankedCell> pooled;                         // one for each silo, then all test rows together
  std::optional<RankingEstimate> federated_minus_pooled;  // on all test rows
};

/// Trains the baselines and ranks all models on the test rows. Not private: reads every silo's rows.
/// Deterministic. Throws: what `train_alone` throws.
[[nodiscard]] Comparison compare_with_baselines(const OpenSilos& silos, Model& model, const TrainedModel& federated,
                                                const TrainAlone& train_alone);

}  // namespace crossilo
