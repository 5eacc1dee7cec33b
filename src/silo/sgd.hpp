// Aim: stochastic gradient descent with momentum on flat vectors, as torch.optim.SGD does it.
#pragma once

#include <span>

namespace crossilo {

struct SgdRates {
  float learning_rate = 0.0f;
  float momentum = 0.0f;
};

/// One step: v = momentum v + g, p -= learning_rate v; the gradient is zero afterwards.
/// One pass over memory instead of torch's five. Shapes: all d. Deterministic.
void sgd_step(const SgdRates& rates, std::span<float> parameters, std::span<float> gradient, std::span<float> velocity);

}  // namespace crossilo
