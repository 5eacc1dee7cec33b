// Aim: the builders of the networks, one for each file; model_registry knows their names.
#pragma once

#include <memory>

#include "model_parts.hpp"

namespace crossilo {

/// One linear layer: logreg and linreg.
[[nodiscard]] std::unique_ptr<Network> build_linear(const ModelSpec& spec);
/// Fully connected layers of the widths spec.hidden with ReLU behind each, then the output layer.
[[nodiscard]] std::unique_ptr<Network> build_mlp(const ModelSpec& spec);
/// For each of spec.channels a convolution of 3 x 3 (one pixel of padding), ReLU and max pooling of 2 x 2; then as mlp.
/// Throws: ConfigError unless a sample is {height, width} or {channels, height, width}, large enough for the pooling.
[[nodiscard]] std::unique_ptr<Network> build_cnn(const ModelSpec& spec);
/// The module in the file spec.torchscript; its weights are the initial ones. Throws: ConfigError.
[[nodiscard]] std::unique_ptr<Network> build_torchscript(const ModelSpec& spec);

}  // namespace crossilo
