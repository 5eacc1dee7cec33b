#include "crossilo/aggregate/server_optimizer.hpp"

#include "crossilo/base/check.hpp"
#include "crossilo/base/float_mode.hpp"

namespace crossilo {

void ServerOptimizer::step(const RoundTotal& total, std::span<float> parameters) {
  CROSSILO_ASSERT(total.mean.size() == parameters.size());
  const FloatModeGuard pinned;
  if (total.contributed_share > 0.0) apply(total.mean, parameters);
}

void FedAvg::apply(std::span<const float> mean_delta, std::span<float> parameters) {
  for (std::size_t i = 0; i < parameters.size(); ++i)
    parameters[i] = static_cast<float>(double{parameters[i]} + server_learning_rate_ * double{mean_delta[i]});
}

}  // namespace crossilo
