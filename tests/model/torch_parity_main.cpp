// Takes the steps of torch_parity.py as a silo does (output_gradient, backward, OptimizerStep on the flat vector), and
// leaves the vector in FOLDER/flat. The rows' order is Python's; what Batches does with it, tests/silo checks.
// Usage: torch_parity_main FOLDER STEPS ROWS SIDE CLASSES LEARNING_RATE MOMENTUM SEED
#include <torch/script.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../../src/model/model_parts.hpp"
#include "../../src/silo/optimizer_step.hpp"
#include "../../src/silo/output_gradient.hpp"
#include "crossilo/foreign/torch.hpp"

namespace {

at::Tensor read(const std::string& path, at::IntArrayRef shape, at::ScalarType type) {
  at::Tensor tensor = at::empty(shape, type);
  std::ifstream file(path, std::ios::binary);
  if (!file.read(static_cast<char*>(tensor.mutable_data_ptr()), static_cast<std::streamsize>(tensor.nbytes())))
    throw std::runtime_error(path + ": too short");
  return tensor;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 9) throw std::runtime_error("8 arguments are wanted");
  const std::string folder = argv[1];
  const std::int64_t steps = std::stoll(argv[2]), rows = std::stoll(argv[3]), side = std::stoll(argv[4]);
  const std::int64_t classes = std::stoll(argv[5]);
  const double learning_rate = std::stod(argv[6]), momentum = std::stod(argv[7]);
  const crossilo::TorchSession session;
  const crossilo::TorchSeedGuard dropout_seed(std::stoull(argv[8]));

  const auto extent = static_cast<std::size_t>(side);
  crossilo::Model model = crossilo::make_model({.name = "",
                                                .inputs = extent * extent,
                                                .outputs = static_cast<std::size_t>(classes),
                                                .sample_shape = {extent, extent},
                                                .torchscript = folder + "/m.pt"});
  crossilo::Model::Parts& parts = model.parts();
  const at::Tensor x = read(folder + "/x", {steps, rows, side * side}, at::kFloat);
  const at::Tensor y = read(folder + "/y", {steps, rows}, at::kFloat);
  const crossilo::LossRule rule{.task = crossilo::Task::multiclass, .class_weights = {}};
  const crossilo::OptimizerStep optimizer({.optimizer = crossilo::LocalOptimizer::sgd, .momentum = momentum});
  const std::size_t weights = model.layout().weights;
  std::vector<float> state(optimizer.state_vectors() * weights, 0.0f);
  const std::vector<float> anchor(model.parameters().begin(), model.parameters().end());
  const crossilo::StepVectors vectors{.parameters = model.parameters().first(weights),
                                      .gradient = crossilo::view(parts.flat_gradient),
                                      .anchor = std::span(anchor).first(weights),
                                      .state = state};
  const at::Tensor gradient = at::empty({rows, classes});
  parts.flat_gradient.zero_();
  parts.network->set_training(true);
  for (std::int64_t step = 0; step < steps; ++step) {
    const at::Tensor outputs = parts.network->forward(x[step]);
    output_gradient(rule, crossilo::view(outputs.contiguous()), crossilo::view(y[step]), crossilo::view(gradient));
    parts.network->backward(outputs, gradient);
    optimizer(learning_rate, static_cast<std::uint64_t>(step) + 1, vectors);
  }
  std::ofstream(folder + "/flat", std::ios::binary)
      .write(reinterpret_cast<const char*>(model.parameters().data()),
             static_cast<std::streamsize>(model.parameters().size_bytes()));
  nlohmann::json tensors = nlohmann::json::array();
  for (const crossilo::TensorSpec& tensor : model.tensors())
    tensors.push_back({{"name", tensor.name}, {"offset", tensor.offset}, {"count", tensor.count}});
  std::puts(tensors.dump().c_str());
  return 0;
} catch (const std::exception& failure) {
  std::fprintf(stderr, "torch_parity_main: %s\n", failure.what());
  return 1;
}
