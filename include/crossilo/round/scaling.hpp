// Aim: means and standard deviations over all silos' rows, without showing any silo's own.
#pragma once

#include <span>

#include "crossilo/data/scaling.hpp"
#include "crossilo/round/sum_session.hpp"
#include "crossilo/silo/dataset.hpp"

namespace crossilo {

/// What the federation learns about its rows before the first round; public from then on.
struct FederatedRows {
  Scaling scaling;
  double held_back_rows = 0.0;  // of all silos together
  double test_rows = 0.0;
  Cohort cohort{};  // whose rows these are
};

/// Federated scaling from two masked sums: values, magnitudes and counts of each column, rows of each class, held back
/// and for testing; then centred values and squares, in steps that follow from the first totals column by column, so
/// that units do not matter (docs/ring-arithmetic.md). The target of a regression is one more column. A column without
/// two different values has standard deviation 1. Computed once, before the first round, over the rows that are
/// trained on; kept with the model. Shapes: silos and datasets belong together, in roster order. Collective.
/// Throws: DataError that names a column of which one silo's values sum to more than 2^31; PeerLostError.
[[nodiscard]] FederatedRows federated_scaling(SumSession& session, std::span<Silo* const> silos,
                                              std::span<Dataset* const> datasets);

}  // namespace crossilo
