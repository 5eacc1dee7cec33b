// Aim: the gradient of a batch's loss in the model's outputs, where backpropagation begins.
#pragma once

#include <span>
#include <vector>

#include "crossilo/data/silo_file.hpp"

namespace crossilo {

/// How a row's loss depends on its outputs.
struct LossRule {
  Task task{};
  std::vector<float> class_weights;  // one for each class; empty: each row counts 1
};

/// What each class's rows count: rows / (classes x rows of the class). A class without rows counts 0: no row has it.
/// Shapes: one entry a class.
[[nodiscard]] std::vector<float> balanced_weights(std::span<const double> class_rows);

/// Writes the gradient of the rows' mean (weighted) loss: (probability - target) / rows for the cross entropies, twice
/// the error / rows for the squared error. Written out, since torch's loss functions cost a third of a small model's
/// step. What is not finite stays so. Shapes: outputs and gradient [rows, outputs a row], y [rows].
void output_gradient(const LossRule& rule, std::span<const float> outputs, std::span<const float> y,
                     std::span<float> gradient);

}  // namespace crossilo
