// Aim: the layer that the zoo's networks are made of.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "model_parts.hpp"

namespace crossilo {

/// As long as one lives, this thread's new layers have shapes but no memory (torch's meta device).
class ShapesOnly {
 public:
  ShapesOnly();
  ~ShapesOnly();
  ShapesOnly(const ShapesOnly&) = delete;
  ShapesOnly& operator=(const ShapesOnly&) = delete;
};

/// Weight and bias of a fully connected layer or a convolution.
struct Layer {
  std::string name;    // of the tensors: "hidden.0." gives hidden.0.weight
  at::Tensor weight;   // [outputs, inputs, …]
  at::Tensor bias;     // [outputs]
  double bound = 0.0;  // of the initial values: 1/sqrt(inputs of one output), as torch.nn.Linear and Conv2d have it

  Layer(std::string tensor_prefix, const std::vector<std::int64_t>& weight_shape);
  void append_to(std::vector<NamedParameter>& parameters) const;
};

/// Fully connected layers: ReLU behind each but the last.
class DenseLayers {
 public:
  struct Widths {
    std::size_t inputs = 0;
    std::vector<std::size_t> hidden;
    std::size_t outputs = 0;
  };
  explicit DenseLayers(const Widths& widths);
  /// Shapes: [rows, inputs] -> [rows, outputs].
  [[nodiscard]] at::Tensor forward(at::Tensor x) const;
  void append_to(std::vector<NamedParameter>& parameters) const;

 private:
  std::vector<Layer> hidden_;
  Layer output_;
};

}  // namespace crossilo
