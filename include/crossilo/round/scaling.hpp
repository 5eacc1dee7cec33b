// Aim: means and standard deviations over all silos' rows, without showing any silo's own.
#pragma once

#include <span>

#include "crossilo/data/scaling.hpp"
#include "crossilo/round/sum_session.hpp"
#include "crossilo/silo/dataset.hpp"

namespace crossilo {

/// Federated scaling from two masked sums: means (and counts of values that are there), then centred squares.
/// Computed once, before the first round, over the rows that are trained on; kept with the model.
/// Shapes: silos and datasets belong together, in roster order. Collective.
/// Throws: DataError that names a column whose sums exceed 2^31; PeerLostError.
[[nodiscard]] Scaling federated_scaling(SumSession& session, std::span<Silo* const> silos,
                                        std::span<Dataset* const> datasets);

}  // namespace crossilo
