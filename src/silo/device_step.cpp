#include "device_step.hpp"

#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <utility>

namespace crossilo {

DeviceStep::DeviceStep(const TrainOptions& options, at::Tensor parameters, at::Tensor gradient)
    : options_(options),
      parameters_(std::move(parameters)),
      gradient_(std::move(gradient)),
      momentum_(at::zeros_like(parameters_)) {
  if (options_.proximal_mu != 0.0) anchor_ = parameters_.clone();
  if (options_.optimizer != LocalOptimizer::sgd) second_momentum_ = at::zeros_like(parameters_);
}

void DeviceStep::operator()(double learning_rate, std::uint64_t number) {
  const c10::NoGradGuard no_grad;
  const OptimizerStep::Constants c = OptimizerStep::constants(options_, learning_rate, number);
  if (anchor_.defined()) gradient_.add_(parameters_.sub(anchor_), c.pull);
  if (options_.gradient_clip_norm > 0.0)
    gradient_.mul_(gradient_.norm().add_(1e-6).reciprocal_().mul_(options_.gradient_clip_norm).clamp_max_(1.0));
  if (c.decay != 0.0f) gradient_.add_(parameters_, c.decay);
  if (second_momentum_.defined()) {
    momentum_.lerp_(gradient_, c.gradient_share);
    second_momentum_.mul_(c.second_momentum).addcmul_(gradient_, gradient_, c.square_share);
    const at::Tensor scale = second_momentum_.sqrt().div_(c.root_scale).add_(c.epsilon);
    parameters_.mul_(c.kept).addcdiv_(momentum_, scale, -c.learning_rate);
  } else {
    momentum_.mul_(c.momentum).add_(gradient_);
    parameters_.sub_(momentum_, c.learning_rate);
  }
  gradient_.zero_();
}

}  // namespace crossilo
