// Aim: what a model with given parameters makes of rows in memory.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "crossilo/data/silo_file.hpp"
#include "crossilo/model/model.hpp"
#include "crossilo/silo/silo.hpp"

namespace crossilo {

/// Each row's outputs under `parameters`, in evaluation mode: logits, or the prediction in the scaled unit
/// (regression). Shapes: parameters d; the result has rows.rows x model.spec().outputs entries. `rows` is scaled as for
/// training. `chunk_done` is called now and then in long evaluation, as Model::outputs_for says.
[[nodiscard]] std::vector<float> outputs(Model& model, std::span<const float> parameters, const RowSet& rows,
                                         const std::function<void()>& chunk_done = {});

/// The same where there is one output a row: the positive class's logit (binary), the prediction (regression).
[[nodiscard]] std::vector<float> scores(Model& model, std::span<const float> parameters, const RowSet& rows, Task task);

/// Sums over the rows; the loss is unweighted. Where it is not finite, no row counts: all sums are 0.
[[nodiscard]] EvaluationSums evaluate_rows(Model& model, std::span<const float> parameters, const RowSet& rows,
                                           Task task, const std::function<void()>& chunk_done = {});

}  // namespace crossilo
