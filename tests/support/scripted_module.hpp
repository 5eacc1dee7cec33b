// Aim: TorchScript files made without Python, for tests.
#pragma once

#include <torch/script.h>

#include <string>

namespace crossilo {

/// A module without parameters; give it some, then define_forward.
inline torch::jit::Module empty_module(const std::string& name) {
  torch::jit::Module module("__torch__." + name);
  module.register_attribute("training", c10::BoolType::get(), true);
  return module;
}

/// As torch.nn.Parameter does, it requires a gradient.
inline void add_parameter(torch::jit::Module& module, const std::string& name, const at::Tensor& value) {
  module.register_parameter(name, value.requires_grad_(), /*is_buffer=*/false);
}

inline at::Tensor values(at::IntArrayRef shape, double scale) {
  const std::int64_t count = c10::multiply_integers(shape);
  return at::arange(1, count + 1, at::kFloat).mul_(1.7).sin_().mul_(scale).view(shape);
}

/// Linear, batch normalisation, ReLU, dropout, linear: [rows, inputs] -> [rows, outputs].
inline torch::jit::Module normalised_module(std::int64_t inputs, std::int64_t outputs) {
  constexpr std::int64_t kHidden = 8;
  torch::jit::Module norm = empty_module("BatchNorm");
  add_parameter(norm, "weight", at::ones({kHidden}));
  add_parameter(norm, "bias", at::zeros({kHidden}));
  norm.register_buffer("running_mean", at::zeros({kHidden}));
  norm.register_buffer("running_var", at::ones({kHidden}));
  norm.register_buffer("num_batches_tracked", at::zeros({}, at::kLong));
  norm.define(R"(
    def forward(self, x):
      if self.training:
        self.num_batches_tracked.add_(1)
      return torch.batch_norm(x, self.weight, self.bias, self.running_mean, self.running_var, self.training, 0.1, 1e-5, False)
  )");
  torch::jit::Module module = empty_module("Normalised");
  add_parameter(module, "first", values({kHidden, inputs}, 0.5));
  add_parameter(module, "last", values({outputs, kHidden}, 0.5));
  add_parameter(module, "bias", values({outputs}, 0.1));
  module.register_module("norm", norm);
  module.define(R"(
    def forward(self, x):
      x = torch.relu(self.norm.forward(torch.linear(x, self.first, None)))
      x = torch.dropout(x, 0.3, self.training)
      return torch.linear(x, self.last, self.bias)
  )");
  return module;
}

}  // namespace crossilo
