// Aim: one optimizer step where the flat vectors are tensors of a device: the twin of OptimizerStep.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "optimizer_step.hpp"

namespace crossilo {

/// The steps of OptimizerStep in torch's operations, so on any device; not bit for bit those of the processor, since
/// each operation is a pass of its own and sums a norm in its own order.
class DeviceStep {
 public:
  /// The tensors are the model's: a step changes them in place. What the parameters are now, FedProx pulls towards.
  /// Shapes: d weights each; the gradient is zero. The state begins at zero.
  DeviceStep(const TrainOptions& options, at::Tensor parameters, at::Tensor gradient);

  /// `number` counts the steps from 1. The gradient is zero afterwards. Returns before the device has done it.
  void operator()(double learning_rate, std::uint64_t number);

 private:
  TrainOptions options_;
  at::Tensor parameters_;
  at::Tensor gradient_;
  at::Tensor anchor_;           // undefined where nothing pulls
  at::Tensor momentum_;         // Adam: the first moment
  at::Tensor second_momentum_;  // undefined but for Adam
};

}  // namespace crossilo
