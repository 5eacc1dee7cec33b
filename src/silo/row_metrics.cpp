#include "crossilo/silo/row_metrics.hpp"

#include <algorithm>
#include <cmath>

#include "crossilo/base/check.hpp"
#include "crossilo/silo/evaluator.hpp"

namespace crossilo {
namespace {

constexpr double kNormal975 = 1.959963984540054;
constexpr std::size_t kMeasuredRowsMin = 5;  // of a regression

struct Mean {
  double value = 0.0;
  double standard_error = 0.0;
};

Mean mean_of(std::span<const float> values) {
  const auto count = static_cast<double>(values.size());
  double sum = 0.0;
  for (const float value : values) sum += static_cast<double>(value);
  const double mean = sum / count;
  double squares = 0.0;
  for (const float value : values) squares += (static_cast<double>(value) - mean) * (static_cast<double>(value) - mean);
  return {.value = mean, .standard_error = count > 1.0 ? std::sqrt(squares / (count - 1.0) / count) : 0.0};
}

/// Source: Wilson 1927.
RankingEstimate accuracy_of(std::span<const float> correct) {
  const Mean mean = mean_of(correct);
  const auto n = static_cast<double>(correct.size());
  const double z2 = kNormal975 * kNormal975;
  const double centre = (mean.value + z2 / (2.0 * n)) / (1.0 + z2 / n);
  const double half = kNormal975 / (1.0 + z2 / n) * std::sqrt(mean.value * (1.0 - mean.value) / n + z2 / (4.0 * n * n));
  return {.value = mean.value, .standard_error = mean.standard_error, .low = centre - half, .high = centre + half};
}

RankingEstimate rmse_of(std::span<const float> squared_errors) {
  const Mean mean = mean_of(squared_errors);
  const double half = kNormal975 * mean.standard_error;
  const double value = std::sqrt(mean.value);
  return {.value = value,
          .standard_error = value > 0.0 ? mean.standard_error / (2.0 * value) : 0.0,
          .low = std::sqrt(std::max(mean.value - half, 0.0)),
          .high = std::sqrt(mean.value + half)};
}

/// Empty where the target does not vary.
std::optional<RankingEstimate> r_squared_of(std::span<const float> squared_errors, std::span<const float> targets) {
  const double n = static_cast<double>(targets.size());
  const double variance_of_mean = mean_of(targets).standard_error * mean_of(targets).standard_error;
  const double variance = variance_of_mean * (n - 1.0);  // over n, as the mean squared error is
  if (!(variance > 0.0)) return std::nullopt;
  const Mean error = mean_of(squared_errors);
  const double half = kNormal975 * error.standard_error;
  return RankingEstimate{.value = 1.0 - error.value / variance,
                         .standard_error = error.standard_error / variance,
                         .low = 1.0 - (error.value + half) / variance,
                         .high = 1.0 - std::max(error.value - half, 0.0) / variance};
}

bool is_correct(std::span<const float> logits, float label) {
  return static_cast<float>(std::ranges::max_element(logits) - logits.begin()) == label;
}

MetricCell regression_cell(std::span<const float> squared_errors, std::span<const float> targets) {
  if (squared_errors.size() < kMeasuredRowsMin)
    return {.estimate = {}, .refusal = std::to_string(squared_errors.size()) + " test rows, too few for an interval"};
  if (!std::isfinite(mean_of(squared_errors).value)) return {.estimate = {}, .refusal = "a prediction is not finite"};
  return {.estimate = rmse_of(squared_errors), .refusal = "", .r_squared = r_squared_of(squared_errors, targets)};
}

}  // namespace

const char* metric_name(Task task) {
  return task == Task::binary ? "auc" : task == Task::multiclass ? "accuracy" : "rmse";
}

std::vector<float> test_labels(const Dataset& dataset) {
  std::vector<float> labels = dataset.test().y;
  if (dataset.schema().task != Task::regression || !dataset.is_scaled()) return labels;
  const Scaling& scaling = dataset.scaling();
  for (float& y : labels)
    y = static_cast<float>(static_cast<double>(y) * scaling.target_standard_deviation + scaling.target_mean);
  return labels;
}

std::vector<float> row_scores(Model& model, std::span<const float> parameters, const Dataset& dataset) {
  const RowSet& rows = dataset.test();
  std::vector<float> of_rows = outputs(model, parameters, rows);
  const std::size_t width = model.spec().outputs;
  const Task task = dataset.schema().task;
  if (task == Task::multiclass) {
    for (std::size_t row = 0; row < rows.rows; ++row)
      of_rows[row] = is_correct(std::span(of_rows).subspan(row * width, width), rows.y[row]) ? 1.0F : 0.0F;
    of_rows.resize(rows.rows);
  } else if (task == Task::regression) {
    const double unit = dataset.scaling().target_standard_deviation;
    for (std::size_t row = 0; row < rows.rows; ++row) {
      const double error = (static_cast<double>(of_rows[row]) - static_cast<double>(rows.y[row])) * unit;
      of_rows[row] = static_cast<float>(error * error);
    }
  }
  return of_rows;
}

MetricCell metric_of(const SiloSchema& schema, std::span<const float> scores, std::span<const float> labels) {
  CROSSILO_ASSERT(scores.size() == labels.size());
  if (scores.empty()) return {.estimate = {}, .refusal = "no test rows"};
  switch (schema.task) {
    case Task::binary: {
      MetricCell cell{.estimate = {}, .refusal = ranking_refusal(scores, labels, schema.class_names)};
      if (cell.refusal.empty()) cell.estimate = auc(scores, labels);
      return cell;
    }
    case Task::multiclass:
      return {.estimate = accuracy_of(scores), .refusal = ""};
    case Task::regression:
      return regression_cell(scores, labels);
  }
  return {};
}

std::optional<RankingEstimate> metric_difference(Task task, std::span<const float> scores,
                                                 std::span<const float> other_scores, std::span<const float> labels) {
  CROSSILO_ASSERT(scores.size() == other_scores.size());
  if (scores.empty()) return std::nullopt;
  if (task == Task::binary) return auc_difference(scores, other_scores, labels);
  std::vector<float> differences(scores.size());
  std::ranges::transform(scores, other_scores, differences.begin(), std::minus<>());
  const Mean mean = mean_of(differences);
  // sqrt(a) - sqrt(b) = (a - b) / (sqrt(a) + sqrt(b))
  const double roots = task == Task::multiclass ? 1.0 : rmse_of(scores).value + rmse_of(other_scores).value;
  const double scale = roots > 0.0 ? 1.0 / roots : 0.0;
  const double value = mean.value * scale;
  const double half = kNormal975 * mean.standard_error * scale;
  return RankingEstimate{
      .value = value, .standard_error = mean.standard_error * scale, .low = value - half, .high = value + half};
}

}  // namespace crossilo
