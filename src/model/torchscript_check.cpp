#include "torchscript_check.hpp"

#include <ATen/ops/randn.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "crossilo/base/clock.hpp"
#include "crossilo/base/error.hpp"
#include "model_parts.hpp"
#include "torchscript_file.hpp"

namespace crossilo {
namespace {

/// Outputs of one forward step in training, whose gradient is then in the flat buffer.
at::Tensor train_once(Model::Parts& parts, const at::Tensor& x) {
  parts.flat_gradient.zero_();
  const at::Tensor outputs = parts.network->forward(x.clone());
  parts.network->backward(outputs, at::randn(outputs.sizes()));
  return outputs.detach();
}

/// On rows far apart, where logits would leave [0, 1].
bool are_probabilities(const at::Tensor& outputs) {
  const at::Tensor rows = outputs.contiguous();
  const std::span<const float> values = view(rows);
  const auto width = static_cast<std::size_t>(rows.size(1));
  for (std::size_t first = 0; first < values.size(); first += width) {
    const auto row = values.subspan(first, width);
    if (!std::ranges::all_of(row, [](float value) { return value >= 0.0f && value <= 1.0f; })) return false;
    if (width > 1 && std::abs(std::accumulate(row.begin(), row.end(), 0.0) - 1.0) > 1e-4) return false;
  }
  return true;
}

}  // namespace

TorchscriptCheck check_torchscript(const ModelSpec& spec) {
  TorchscriptCheck check;
  {
    const TorchscriptFile file = read_torchscript_file(spec.torchscript, spec.torchscript_sha256);
    check.sha256 = file.sha256;
    check.is_traced = file.is_traced;
  }
  Model model = make_model(spec);
  Model::Parts& parts = model.parts();
  check.tensors = model.tensors();
  check.weights = model.layout().weights;
  check.buffers = model.layout().buffers;
  check.frozen = parts.network->frozen();

  const at::Tensor x = at::randn({static_cast<std::int64_t>(kCheckedRows), static_cast<std::int64_t>(spec.inputs)});
  at::Tensor evaluated;
  {
    const c10::NoGradGuard no_grad;
    evaluated = parts.network->forward(x.clone());  // forward may change its argument
    check.is_repeatable = parts.network->forward(x.clone()).equal(evaluated);
    check.gives_probabilities = are_probabilities(parts.network->forward(x.mul(8.0)));
  }
  const at::Tensor before = parts.flat.clone();
  parts.network->set_training(true);
  const at::Tensor trained = train_once(parts, x);
  check.differs_in_training = !trained.equal(evaluated) || !parts.flat.equal(before);
  const double start = steady_clock().now_seconds();
  (void)train_once(parts, x);
  check.step_seconds = steady_clock().now_seconds() - start;
  parts.network->set_training(false);  // refuses a module that changes what is no buffer
  for (const TensorSpec& tensor : check.tensors) {
    if (tensor.kind == TensorKind::buffer) continue;
    const auto gradient = view(parts.flat_gradient).subspan(tensor.offset, tensor.count);
    if (std::ranges::all_of(gradient, [](float value) { return value == 0.0f; }))
      check.unreached.push_back(tensor.name);
  }
  return check;
}

}  // namespace crossilo
