#include "row_losses.hpp"

#include <algorithm>
#include <cmath>

#include "crossilo/base/check.hpp"

namespace crossilo {
namespace {

struct RowResult {
  double loss;
  bool is_correct;
};

/// -ln of the probability that the logit gives to y; exact for large logits too.
RowResult binary_row(double logit, bool is_positive) {
  const double towards = is_positive ? logit : -logit;
  return {std::max(-towards, 0.0) + std::log1p(std::exp(-std::abs(towards))), (logit > 0.0) == is_positive};
}

RowResult multiclass_row(std::span<const float> logits, std::size_t y) {
  const auto largest = std::max_element(logits.begin(), logits.end());
  double sum = 0.0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - static_cast<double>(*largest));
  return {std::log(sum) + static_cast<double>(*largest) - static_cast<double>(logits[y]),
          static_cast<std::size_t>(largest - logits.begin()) == y};
}

RowResult regression_row(double prediction, double y) { return {(prediction - y) * (prediction - y), false}; }

/// The bin of the positive class's probability; the last one holds 1 too.
std::size_t score_bin(double logit) {
  const double probability = 1.0 / (1.0 + std::exp(-logit));
  return std::min(static_cast<std::size_t>(probability * static_cast<double>(kScoreBinsMax)), kScoreBinsMax - 1);
}

RowResult row_result(Task task, std::span<const float> outputs, float y) {
  switch (task) {
    case Task::binary:
      return binary_row(static_cast<double>(outputs.front()), y > 0.5f);
    case Task::multiclass:
      return multiclass_row(outputs, static_cast<std::size_t>(y));
    case Task::regression:
      return regression_row(static_cast<double>(outputs.front()), static_cast<double>(y));
  }
  CROSSILO_ASSERT(!"a task has a loss");
  return {};
}

}  // namespace

void add_row_losses(Task task, std::span<const float> outputs, std::span<const float> y, EvaluationSums& sums) {
  if (y.empty()) return;
  CROSSILO_ASSERT(outputs.size() % y.size() == 0);
  const std::size_t width = outputs.size() / y.size();
  for (std::size_t row = 0; row < y.size(); ++row) {
    const RowResult result = row_result(task, outputs.subspan(row * width, width), y[row]);
    sums.rows += 1.0;
    sums.loss += result.loss;
    sums.correct += result.is_correct ? 1.0 : 0.0;
    // A score that is not a number has no bin; its loss is not finite either, so the caller drops the sums.
    if (task == Task::binary && !std::isnan(outputs[row]))
      (y[row] > 0.5f ? sums.scores.positive : sums.scores.negative)[score_bin(static_cast<double>(outputs[row]))] +=
          1.0;
  }
}

}  // namespace crossilo
