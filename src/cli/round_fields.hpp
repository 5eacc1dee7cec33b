// Aim: a round and a model's evaluation as the named numbers of metrics.jsonl.
#pragma once

#include <optional>

#include "crossilo/data/silo_file.hpp"
#include "crossilo/io/metrics.hpp"
#include "crossilo/round/round_record.hpp"

namespace crossilo {

/// How sums over rows become numbers that people read.
struct EvaluationReading {
  Task task = Task::binary;
  double target_unit = 1.0;  // of a regression: the scaled target's standard deviation

  [[nodiscard]] static std::optional<double> loss(const EvaluationSums& sums);
  /// A regression predicts no class.
  [[nodiscard]] std::optional<double> accuracy(const EvaluationSums& sums) const;
  /// In the target's own unit.
  [[nodiscard]] std::optional<double> rmse(const EvaluationSums& sums) const;
  /// held_back_loss, …, test_auc_error; null where there is no such number.
  [[nodiscard]] MetricRecord fields(const SiloEvaluation& evaluation) const;
};

/// What a round's line begins with; its evaluation comes one round later.
[[nodiscard]] MetricRecord fields_of(const RoundRecord& record);

}  // namespace crossilo
