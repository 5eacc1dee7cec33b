// Aim: how an evaluation travels in a payload: six statistics behind the leading ones.
#pragma once

#include <span>
#include <vector>

#include "crossilo/model/payload.hpp"
#include "crossilo/silo/silo.hpp"

namespace crossilo {

/// Rows, loss and correct rows of the held-back part, then of the test part. Loss at 2^-24.
[[nodiscard]] std::vector<StatisticSpec> evaluation_statistics();

/// Writes an evaluation to `statistics` (six values) and reads it back. A loss that is not finite, or beyond the
/// declared bound, is left out together with its rows.
void write_evaluation(const SiloEvaluation& evaluation, std::span<double> statistics);
[[nodiscard]] SiloEvaluation read_evaluation(std::span<const double> statistics);

}  // namespace crossilo
