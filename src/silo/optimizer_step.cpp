#include "optimizer_step.hpp"

#include <algorithm>
#include <cmath>

#include "crossilo/base/check.hpp"
#include "crossilo/base/squared_norm.hpp"

// One copy of a loop for each vector unit; the bits are the same, since nothing is contracted (-ffp-contract=off).
#if defined(__x86_64__)
#define CROSSILO_VECTORISED __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CROSSILO_VECTORISED
#endif

namespace crossilo {
namespace {

using Constants = OptimizerStep::Constants;

/// The gradient with FedProx's pull, clipping and decay in it.
inline float full_gradient(const Constants& c, float gradient, float parameter, float anchor) {
  return (gradient + c.pull * (parameter - anchor)) * c.gradient_scale + c.decay * parameter;
}

}  // namespace

// The vectors do not overlap, but for the anchor, which is the parameters themselves where nothing pulls.
CROSSILO_VECTORISED void apply_sgd(const Constants& constants, const StepVectors& vectors) {
  const Constants c = constants;
  float* const p = vectors.parameters.data();
  float* const g = vectors.gradient.data();
  const float* const x = vectors.anchor.data();
  float* const v = vectors.state.data();
  const std::size_t count = vectors.parameters.size();
#pragma GCC ivdep
  for (std::size_t i = 0; i < count; ++i) {
    v[i] = c.momentum * v[i] + full_gradient(c, g[i], p[i], x[i]);
    p[i] -= c.learning_rate * v[i];
    g[i] = 0.0f;
  }
}

CROSSILO_VECTORISED void apply_adam(const Constants& constants, const StepVectors& vectors) {
  const Constants c = constants;
  float* const p = vectors.parameters.data();
  float* const g = vectors.gradient.data();
  const float* const x = vectors.anchor.data();
  const std::size_t count = vectors.parameters.size();
  float* const m = vectors.state.data();
  float* const v = m + count;
#pragma GCC ivdep
  for (std::size_t i = 0; i < count; ++i) {
    const float gradient = full_gradient(c, g[i], p[i], x[i]);
    m[i] += c.gradient_share * (gradient - m[i]);
    v[i] = c.second_momentum * v[i] + c.square_share * gradient * gradient;
    p[i] = c.kept * p[i] - c.learning_rate * (m[i] / (std::sqrt(v[i]) / c.root_scale + c.epsilon));
    g[i] = 0.0f;
  }
}

OptimizerStep::OptimizerStep(const TrainOptions& options)
    : options_(options),
      apply_(options.optimizer == LocalOptimizer::sgd ? &apply_sgd : &apply_adam),
      state_vectors_(options.optimizer == LocalOptimizer::sgd ? 1 : 2) {}

namespace {

Constants sgd_constants(const TrainOptions& options, double learning_rate) {
  return {.learning_rate = static_cast<float>(learning_rate),
          .momentum = static_cast<float>(options.momentum),
          .decay = static_cast<float>(options.weight_decay)};
}

Constants adam_constants(const TrainOptions& options, double learning_rate, std::uint64_t number) {
  const auto steps = static_cast<double>(number);
  const bool is_decoupled = options.optimizer == LocalOptimizer::adamw;
  return {.learning_rate = static_cast<float>(learning_rate / (1.0 - std::pow(options.adam_beta1, steps))),
          .momentum = static_cast<float>(options.adam_beta1),
          .gradient_share = static_cast<float>(1.0 - options.adam_beta1),
          .second_momentum = static_cast<float>(options.adam_beta2),
          .square_share = static_cast<float>(1.0 - options.adam_beta2),
          .root_scale = static_cast<float>(std::sqrt(1.0 - std::pow(options.adam_beta2, steps))),
          .epsilon = static_cast<float>(options.adam_epsilon),
          .decay = static_cast<float>(is_decoupled ? 0.0 : options.weight_decay),
          .kept = static_cast<float>(is_decoupled ? 1.0 - learning_rate * options.weight_decay : 1.0)};
}

/// Adds the pull to the gradient, since the norm that is clipped has it.
void pull(float mu, const StepVectors& vectors) {
  for (std::size_t i = 0; i < vectors.gradient.size(); ++i)
    vectors.gradient[i] += mu * (vectors.parameters[i] - vectors.anchor[i]);
}

}  // namespace

Constants OptimizerStep::constants(const TrainOptions& options, double learning_rate, std::uint64_t number) {
  Constants constants = options.optimizer == LocalOptimizer::sgd ? sgd_constants(options, learning_rate)
                                                                 : adam_constants(options, learning_rate, number);
  constants.pull = static_cast<float>(options.proximal_mu);
  constants.gradient_scale = 1.0f;
  return constants;
}

void OptimizerStep::operator()(double learning_rate, std::uint64_t number, const StepVectors& vectors) const {
  CROSSILO_ASSERT(vectors.gradient.size() == vectors.parameters.size() &&
                  vectors.state.size() == state_vectors_ * vectors.parameters.size());
  Constants constants = OptimizerStep::constants(options_, learning_rate, number);
  StepVectors now = vectors;
  if (options_.gradient_clip_norm > 0.0) {
    if (constants.pull != 0.0f) pull(constants.pull, vectors);
    constants.pull = 0.0f;
    const double norm = std::sqrt(squared_norm(vectors.gradient));
    constants.gradient_scale = static_cast<float>(std::min(1.0, options_.gradient_clip_norm / (norm + 1e-6)));
  }
  if (constants.pull == 0.0f) now.anchor = now.parameters;
  CROSSILO_ASSERT(now.anchor.size() == now.parameters.size());
  apply_(constants, now);
}

}  // namespace crossilo
