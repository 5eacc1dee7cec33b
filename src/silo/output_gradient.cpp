#include "output_gradient.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "crossilo/base/check.hpp"

namespace crossilo {
namespace {

/// Of the row's classes; one logit speaks for class 1.
void write_errors(Task task, std::span<const float> outputs, float y, std::span<float> error) {
  if (task == Task::regression) {
    error[0] = 2.0f * (outputs[0] - y);
  } else if (task == Task::binary) {
    error[0] = 1.0f / (1.0f + std::exp(-outputs[0])) - y;
  } else {
    const float largest = *std::ranges::max_element(outputs);
    float sum = 0.0f;
    for (std::size_t i = 0; i < outputs.size(); ++i) sum += error[i] = std::exp(outputs[i] - largest);
    for (float& value : error) value /= sum;
    error[static_cast<std::size_t>(y)] -= 1.0f;
  }
}

}  // namespace

std::vector<float> balanced_weights(std::span<const double> class_rows) {
  const double rows = std::accumulate(class_rows.begin(), class_rows.end(), 0.0);
  std::vector<float> weights;
  for (const double of_class : class_rows)
    weights.push_back(of_class > 0.0 ? static_cast<float>(rows / (static_cast<double>(class_rows.size()) * of_class))
                                     : 0.0f);
  return weights;
}

void output_gradient(const LossRule& rule, std::span<const float> outputs, std::span<const float> y,
                     std::span<float> gradient) {
  CROSSILO_ASSERT(!y.empty() && outputs.size() % y.size() == 0 && gradient.size() == outputs.size());
  const std::size_t width = outputs.size() / y.size();
  const float share = 1.0f / static_cast<float>(y.size());
  for (std::size_t row = 0; row < y.size(); ++row) {
    const auto error = gradient.subspan(row * width, width);
    write_errors(rule.task, outputs.subspan(row * width, width), y[row], error);
    const float weight =
        rule.class_weights.empty() ? share : share * rule.class_weights[static_cast<std::size_t>(y[row])];
    for (float& value : error) value *= weight;
  }
}

}  // namespace crossilo
