#include "sgd.hpp"

#include "crossilo/base/check.hpp"

namespace crossilo {

void sgd_step(const SgdRates& rates, std::span<float> parameters, std::span<float> gradient,
              std::span<float> velocity) {
  CROSSILO_ASSERT(gradient.size() == parameters.size() && velocity.size() == parameters.size());
  float* const p = parameters.data();
  float* const g = gradient.data();
  float* const v = velocity.data();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    v[i] = rates.momentum * v[i] + g[i];
    p[i] -= rates.learning_rate * v[i];
    g[i] = 0.0f;
  }
}

}  // namespace crossilo
