#include "layer.hpp"

#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <utility>

namespace crossilo {
namespace {

thread_local bool has_shapes_only = false;

at::Tensor zeros(at::IntArrayRef shape) {
  return at::zeros(shape, at::TensorOptions().device(has_shapes_only ? at::kMeta : at::kCPU));
}

std::vector<Layer> hidden_layers(const DenseLayers::Widths& widths) {
  std::vector<Layer> layers;
  std::size_t inputs = widths.inputs;
  for (const std::size_t width : widths.hidden) {
    layers.emplace_back("hidden." + std::to_string(layers.size()) + ".",
                        std::vector{static_cast<std::int64_t>(width), static_cast<std::int64_t>(inputs)});
    inputs = width;
  }
  return layers;
}

}  // namespace

ShapesOnly::ShapesOnly() { has_shapes_only = true; }
ShapesOnly::~ShapesOnly() { has_shapes_only = false; }

Layer::Layer(std::string tensor_prefix, const std::vector<std::int64_t>& weight_shape)
    : name(std::move(tensor_prefix)), weight(zeros(weight_shape)), bias(zeros({weight_shape.front()})) {
  bound = 1.0 / std::sqrt(static_cast<double>(weight.numel() / weight_shape.front()));
  weight.requires_grad_();
  bias.requires_grad_();
}

void Layer::append_to(std::vector<NamedParameter>& parameters) const {
  parameters.push_back({name + "weight", weight, bound});
  parameters.push_back({name + "bias", bias, bound});
}

DenseLayers::DenseLayers(const Widths& widths)
    : hidden_(hidden_layers(widths)),
      output_("output.", {static_cast<std::int64_t>(widths.outputs),
                          static_cast<std::int64_t>(widths.hidden.empty() ? widths.inputs : widths.hidden.back())}) {}

at::Tensor DenseLayers::forward(at::Tensor x) const {
  for (const Layer& layer : hidden_) x = at::linear(x, layer.weight, layer.bias).relu_();
  return at::linear(x, output_.weight, output_.bias);
}

void DenseLayers::append_to(std::vector<NamedParameter>& parameters) const {
  for (const Layer& layer : hidden_) layer.append_to(parameters);
  output_.append_to(parameters);
}

}  // namespace crossilo
