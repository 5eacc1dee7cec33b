#include "crossilo/silo/evaluator.hpp"

#include <algorithm>
#include <cmath>

#include "crossilo/base/check.hpp"
#include "row_losses.hpp"

namespace crossilo {

std::vector<float> outputs(Model& model, std::span<const float> parameters, const RowSet& rows,
                           const std::function<void()>& chunk_done) {
  CROSSILO_ASSERT(parameters.size() == model.parameters().size());
  std::ranges::copy(parameters, model.parameters().begin());
  return model.outputs_for(rows.x, chunk_done);
}

std::vector<float> scores(Model& model, std::span<const float> parameters, const RowSet& rows, Task task) {
  CROSSILO_ASSERT(task != Task::multiclass && model.spec().outputs == 1);
  return outputs(model, parameters, rows);
}

EvaluationSums evaluate_rows(Model& model, std::span<const float> parameters, const RowSet& rows, Task task,
                             const std::function<void()>& chunk_done) {
  EvaluationSums sums;
  add_row_losses(task, outputs(model, parameters, rows, chunk_done), rows.y, sums);
  return std::isfinite(sums.loss) ? sums : EvaluationSums{};
}

}  // namespace crossilo
