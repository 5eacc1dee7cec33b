// Aim: the closing table of a run, as text and as JSON.
#pragma once

#include <string>
#include <vector>

#include "crossilo/cli/build_job.hpp"

namespace crossilo {

/// Federated, own data only, pooled: the task's metric on each silo's test rows and on all, each with its 95 %
/// interval.
[[nodiscard]] std::string comparison_text(const Comparison& comparison);
[[nodiscard]] std::string comparison_json(const Comparison& comparison);

/// The columns of the silos that this rank hosts, and nothing of any other's.
[[nodiscard]] std::string own_columns_text(Job& job, const TrainedModel& trained,
                                           const std::vector<std::string>& silo_names);

}  // namespace crossilo
