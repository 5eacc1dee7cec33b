// Aim: the CNN's shortcuts (the order of its memory, pooling before ReLU) change neither outputs nor gradients.
// Method: the same weights in a plain network written with torch's functions, in torch's own order.
#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "../../src/model/model_parts.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "crossilo/foreign/torch.hpp"

namespace crossilo {
namespace {

/// Copies of the model's parameters, in the order of the flat vector.
std::vector<at::Tensor> copies(Model& model) {
  std::vector<at::Tensor> all;
  for (const NamedParameter& parameter : model.parts().network->parameters())
    all.push_back(parameter.tensor.detach().clone().requires_grad_());
  return all;
}

at::Tensor plain_forward(const std::vector<at::Tensor>& p, at::Tensor image) {
  for (std::size_t i = 0; i < 4; i += 2) image = at::max_pool2d(at::relu(at::conv2d(image, p[i], p[i + 1], 1, 1)), 2);
  return at::linear(at::relu(at::linear(image.flatten(1), p[4], p[5])), p[6], p[7]);
}

void expect_plain(const std::vector<std::size_t>& sample_shape, std::int64_t channels, at::IntArrayRef batch_shape) {
  const auto inputs = static_cast<std::size_t>(c10::multiply_integers(batch_shape.slice(1)));
  Model model = make_model(
      {.name = "cnn", .inputs = inputs, .outputs = 3, .sample_shape = sample_shape, .hidden = {9}, .channels = {4, 5}});
  model.initialise(public_root(2));
  EXPECT_EQ(model.tensors().front().shape, (std::vector<std::int64_t>{4, channels, 3, 3}));
  const std::vector<at::Tensor> parameters = copies(model);
  const at::Tensor x = at::randn(batch_shape);
  const at::Tensor expected = plain_forward(parameters, x);
  const at::Tensor found = model.parts().network->forward(x.flatten(1));
  EXPECT_TRUE(at::allclose(found, expected, 1e-5, 1e-6));
  EXPECT_GT(expected.std().item<double>(), 1e-3);
  const at::Tensor gradient = at::randn(expected.sizes());
  expected.backward(gradient);
  found.backward(gradient);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const TensorSpec& spec = model.tensors()[i];
    const at::Tensor flat = model.parts().flat_gradient.narrow(0, std::int64_t(spec.offset), std::int64_t(spec.count));
    EXPECT_TRUE(at::allclose(flat.view(spec.shape), parameters[i].grad(), 1e-4, 1e-5)) << spec.name;
    EXPECT_GT(flat.abs().max().item<double>(), 1e-4) << spec.name;
  }
}

TEST(Cnn, IsThePlainNetwork) {
  const TorchSession session;
  const TorchSeedGuard seed(4);
  expect_plain({12, 10}, 1, {6, 1, 12, 10});
  expect_plain({3, 9, 10}, 3, {6, 3, 9, 10});
}

}  // namespace
}  // namespace crossilo
