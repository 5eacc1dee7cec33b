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
#include "crossilo/silo/row_metrics.hpp"

namespace crossilo {

/// Silos whose rows this process may read: unscaled, in roster order.
struct OpenSilos {
  std::vector<SiloId> ids;
  std::vector<std::string> names;
  std::vector<Dataset> datasets;
  SiloId pooled{static_cast<std::uint32_t>(ids.size())};  // number of the baseline on all rows: no silo has it
};

/// Trains on one dataset as if it were the only silo, with everything else as in the federation (cli/build_job).
/// `number`: which baseline it is, the silo's id or, pooled, the count of silos; its randomness follows from it and the
/// seed alone.
using TrainAlone = std::function<TrainedModel(std::shared_ptr<Dataset> dataset, SiloId number)>;

/// Which baselines are trained.
struct Baselines {
  bool own = true;
  bool pooled = true;
};

/// The closing table of a run on one machine.
struct Comparison {
  Task task = Task::binary;
  std::vector<std::string> silos;
  std::vector<std::size_t> test_rows;                     // one for each silo
  std::vector<MetricCell> federated;                      // one for each silo, then all test rows together
  std::vector<MetricCell> own;                            // one for each silo: trained there alone, tested there
  std::vector<MetricCell> pooled;                         // one for each silo, then all test rows together
  std::optional<RankingEstimate> federated_minus_pooled;  // on all test rows
  std::vector<std::optional<RankingEstimate>> federated_minus_own;  // one for each silo, on its test rows
};

/// Trains the wanted baselines and measures all models on the test rows. Not private: reads these silos' rows.
/// A baseline that diverges has a reason in the place of its numbers. Deterministic. Throws: what else `train_alone`
/// throws.
[[nodiscard]] Comparison compare_with_baselines(const OpenSilos& silos, Model& model, const TrainedModel& federated,
                                                const TrainAlone& train_alone, const Baselines& baselines = {});

}  // namespace crossilo
