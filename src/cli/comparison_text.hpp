// Aim: the closing table of a run, as text and as JSON.
#pragma once

#include <string>

#include "crossilo/round/baseline.hpp"

namespace crossilo {

/// Federated, own data only, pooled: the task's metric on each silo's test rows and on all, each with its 95 %
/// interval.
[[nodiscard]] std::string comparison_text(const Comparison& comparison);
[[nodiscard]] std::string comparison_json(const Comparison& comparison);

}  // namespace crossilo
