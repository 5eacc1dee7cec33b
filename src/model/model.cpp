#include "crossilo/model/model.hpp"

#include <ATen/ops/zeros.h>

#include <random>

#include "crossilo/base/check.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "model_parts.hpp"

namespace crossilo {
namespace {

/// Lists the tensors in order and returns the number of parameters.
std::size_t lay_out(const std::vector<NamedParameter>& parameters, Model::Parts& parts) {
  std::size_t offset = 0;
  for (const NamedParameter& parameter : parameters) {
    const auto count = static_cast<std::size_t>(parameter.tensor.numel());
    parts.tensors.push_back({parameter.name, parameter.tensor.sizes().vec(), offset, count});
    parts.initial_bounds.push_back(parameter.initial_bound);
    offset += count;
  }
  return offset;
}

/// Makes each tensor and its gradient a view into the flat buffers.
void attach(const std::vector<NamedParameter>& parameters, const Model::Parts& parts) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const TensorSpec& spec = parts.tensors[i];
    const auto slice = [&spec](const at::Tensor& flat) {
      return flat.narrow(0, static_cast<std::int64_t>(spec.offset), static_cast<std::int64_t>(spec.count))
          .view(spec.shape);
    };
    at::Tensor tensor = parameters[i].tensor;  // a handle to the network's own tensor
    tensor.set_data(slice(parts.flat));
    tensor.mutable_grad() = slice(parts.flat_gradient);
  }
}

bool is_aligned(const at::Tensor& flat) { return reinterpret_cast<std::uintptr_t>(flat.const_data_ptr()) % 64 == 0; }

/// Uniform in [-bound, bound): 24 random bits, scaled; exact, so every machine gets the same bits.
float uniform(std::mt19937_64& generator, double bound) {
  return static_cast<float>((static_cast<double>(generator() >> 40) * 0x1p-23 - 1.0) * bound);
}

}  // namespace

std::span<float> view(const at::Tensor& flat) {
  return {flat.mutable_data_ptr<float>(), static_cast<std::size_t>(flat.numel())};
}

Model::Model(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Model::~Model() = default;
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;

const ModelSpec& Model::spec() const noexcept { return parts_->spec; }
std::span<float> Model::parameters() noexcept { return view(parts_->flat); }
std::span<const float> Model::parameters() const noexcept { return view(parts_->flat); }
const std::vector<TensorSpec>& Model::tensors() const noexcept { return parts_->tensors; }

Hash256 Model::schema_hash() const {
  std::string text = "crossilo/1|model|" + parts_->spec.name + "\n";
  for (const TensorSpec& tensor : parts_->tensors) {
    text += tensor.name;
    for (const std::int64_t extent : tensor.shape) text.append(1, ' ').append(std::to_string(extent));
    text += "\n";
  }
  return sha256(std::as_bytes(std::span(text)));
}

void Model::initialise(const PublicRoot& root) {
  std::mt19937_64 generator(seed_of(derive(root, PublicPurpose::initial_weights, {})));
  for (std::size_t i = 0; i < parts_->tensors.size(); ++i) {
    const TensorSpec& tensor = parts_->tensors[i];
    for (float& value : parameters().subspan(tensor.offset, tensor.count))
      value = uniform(generator, parts_->initial_bounds[i]);
  }
}

Model make_model(const ModelSpec& spec) {
  auto parts = std::make_unique<Model::Parts>();
  parts->spec = spec;
  parts->network = build_network(spec);
  const std::vector<NamedParameter> parameters = parts->network->parameters();
  const auto count = static_cast<std::int64_t>(lay_out(parameters, *parts));
  parts->flat = at::zeros({count});
  parts->flat_gradient = at::zeros({count});
  CROSSILO_ASSERT(is_aligned(parts->flat) && is_aligned(parts->flat_gradient));
  attach(parameters, *parts);
  return Model(std::move(parts));
}

}  // namespace crossilo
