// Aim: how good a model is on some rows, each row told by one number, for every task.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "crossilo/data/silo_file.hpp"
#include "crossilo/model/model.hpp"
#include "crossilo/silo/dataset.hpp"
#include "crossilo/silo/ranking_metrics.hpp"

namespace crossilo {

/// What a task is reported by: "auc", "accuracy" or "rmse" (in the target's own unit).
[[nodiscard]] const char* metric_name(Task task);

/// One number for each test row of a scaled dataset: the positive class's logit (binary), 1 where the class was
/// predicted and 0 where not (multiclass), the squared error in the target's own unit (regression).
[[nodiscard]] std::vector<float> row_scores(Model& model, std::span<const float> parameters, const Dataset& dataset);

/// A metric, or the reason why there is none.
struct MetricCell {
  std::optional<RankingEstimate> estimate;
  std::string refusal;                         // "2 rows of class healthy, too few to rank"
  std::optional<RankingEstimate> r_squared{};  // regression; empty where the target does not vary
};

/// The labels of the test rows, a regression's in the target's own unit, whether the dataset is scaled or not.
[[nodiscard]] std::vector<float> test_labels(const Dataset& dataset);

/// The task's metric with its 95 % interval: AUC (silo/ranking_metrics); accuracy with Wilson's interval; RMSE with the
/// interval of the mean squared error (normal), and R2, 1 - that error over the rows' own variance of the target, which
/// is taken as known; both of 5 rows or more. Shapes: one entry a row; labels as test_labels gives them.
[[nodiscard]] MetricCell metric_of(const SiloSchema& schema, std::span<const float> scores,
                                   std::span<const float> labels);

/// The metric of `scores` minus that of `other_scores` on the same rows, paired row by row; empty where there is none.
[[nodiscard]] std::optional<RankingEstimate> metric_difference(Task task, std::span<const float> scores,
                                                               std::span<const float> other_scores,
                                                               std::span<const float> labels);

}  // namespace crossilo
