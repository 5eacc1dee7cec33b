// Aim: the torch side of a model, for src/model and the trainers; never included by a public header.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "crossilo/model/model.hpp"

namespace crossilo {

/// One parameter of a network; its initial weights are uniform in [-initial_bound, initial_bound).
struct NamedParameter {
  std::string name;
  at::Tensor tensor;
  double initial_bound = 0.0;
};

/// What a builder makes: a function of its parameters. `parameters()` are leaves that require gradients.
class Network {
 public:
  virtual ~Network() = default;
  /// Shapes: [rows, inputs] -> [rows, outputs].
  [[nodiscard]] virtual at::Tensor forward(const at::Tensor& x) = 0;
  [[nodiscard]] virtual std::vector<NamedParameter> parameters() = 0;
};

/// Throws: ConfigError that lists the known names.
[[nodiscard]] std::unique_ptr<Network> build_network(const ModelSpec& spec);

struct Model::Parts {
  ModelSpec spec;
  std::unique_ptr<Network> network;
  std::vector<TensorSpec> tensors;
  std::vector<double> initial_bounds;  // one for each of tensors
  at::Tensor flat;                     // d; every parameter is a view into it
  at::Tensor flat_gradient;            // d; every gradient is a view into it: zero it, never reset it
  std::vector<float> velocity;         // the optimizer's, of the silo that trains now; sized by its first use
};

[[nodiscard]] std::span<float> view(const at::Tensor& flat);

}  // namespace crossilo
