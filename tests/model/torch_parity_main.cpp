// Takes the steps of torch_parity.py on a model's flat vector with plain SGD, and leaves the vector in FOLDER/flat.
// Usage: torch_parity_main FOLDER STEPS ROWS SIDE CLASSES LEARNING_RATE MOMENTUM SEED
#include <torch/script.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../../src/model/model_parts.hpp"
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
  const at::Tensor y = read(folder + "/y", {steps, rows}, at::kLong);
  const at::Tensor weights = parts.flat.narrow(0, 0, parts.flat_gradient.numel());
  const at::Tensor velocity = at::zeros_like(weights);
  parts.network->set_training(true);
  for (std::int64_t step = 0; step < steps; ++step) {
    parts.flat_gradient.zero_();
    at::cross_entropy_loss(parts.network->forward(x[step]), y[step]).backward();
    const c10::NoGradGuard no_grad;
    velocity.mul_(momentum).add_(parts.flat_gradient);
    weights.sub_(velocity, learning_rate);
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
