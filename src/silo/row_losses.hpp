// Aim: losses of rows from a model's outputs, summed in double.
#pragma once

#include <span>

#include "crossilo/data/silo_file.hpp"
#include "crossilo/silo/silo.hpp"

namespace crossilo {

/// Adds the rows' losses, correct predictions and (binary) scores to `sums`.
/// Binary: cross entropy of one logit, positive where it is > 0. Multiclass: cross entropy, the first largest logit.
/// Regression: squared error, none correct. Shapes: outputs [rows, outputs per row], y [rows].
void add_row_losses(Task task, std::span<const float> outputs, std::span<const float> y, EvaluationSums& sums);

}  // namespace crossilo
