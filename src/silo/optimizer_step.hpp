// Aim: one optimizer step on flat vectors, in one pass over memory, as torch.optim does it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "crossilo/silo/train_options.hpp"

namespace crossilo {

/// What a step works on. Shapes: d weights; state: state_vectors() x d.
struct StepVectors {
  std::span<float> parameters;
  std::span<float> gradient;      // of the loss; zero after the step
  std::span<const float> anchor;  // the global model, towards which FedProx pulls; not read without it
  std::span<float> state;         // zero before the first step
};

/// Steps of torch.optim.SGD (momentum, no dampening), Adam or AdamW, with gradient clipping as
/// torch.nn.utils.clip_grad_norm_ and FedProx's pull. One pass instead of torch's five or more; clipping adds one.
class OptimizerStep {
 public:
  /// Chooses the optimizer, once.
  explicit OptimizerStep(const TrainOptions& options);

  [[nodiscard]] std::size_t state_vectors() const noexcept { return state_vectors_; }

  /// `number` counts the steps of one state from 1. Deterministic: only + - x / and square roots, in a fixed order.
  void operator()(double learning_rate, std::uint64_t number, const StepVectors& vectors) const;

  /// The numbers of one step, as the inner loop reads them.
  struct Constants {
    float learning_rate;    // Adam: divided by the first moment's bias correction
    float momentum;         // Adam: beta1
    float gradient_share;   // 1 - beta1
    float second_momentum;  // beta2
    float square_share;     // 1 - beta2
    float root_scale;       // of the second moment's root: its bias correction
    float epsilon;
    float decay;           // added to the gradient, for each parameter
    float kept;            // share of a parameter that decoupled decay leaves
    float pull;            // FedProx's mu
    float gradient_scale;  // of clipping
  };
  /// Those of a step, with a gradient scale of 1.
  [[nodiscard]] static Constants constants(const TrainOptions& options, double learning_rate, std::uint64_t number);

 private:
  using Apply = void (*)(const Constants&, const StepVectors&);

  TrainOptions options_;
  Apply apply_;
  std::size_t state_vectors_;
};

}  // namespace crossilo
