#include "crossilo/model/model.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <limits>
#include <random>

#include "crossilo/base/check.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "layer.hpp"
#include "model_parts.hpp"

namespace crossilo {
namespace {

/// Lists the tensors in the order of the flat vector.
void lay_out(Network& network, Model::Parts& parts) {
  std::size_t offset = 0;
  const auto add = [&](const std::string& name, const at::Tensor& tensor, TensorKind kind) {
    const auto count = static_cast<std::size_t>(tensor.numel());
    parts.tensors.push_back({name, tensor.sizes().vec(), offset, count, kind});
    offset += count;
  };
  for (const NamedParameter& parameter : network.parameters()) {
    add(parameter.name, parameter.tensor, TensorKind::weight);
    parts.initial_bounds.push_back(parameter.initial_bound);
  }
  parts.layout.weights = offset;
  for (const NamedBuffer& buffer : network.buffers()) {
    add(buffer.name, buffer.tensor, TensorKind::buffer);
    const TensorSpec& spec = parts.tensors.back();
    if (buffer.is_non_negative) parts.layout.non_negative.push_back({spec.offset, spec.count});
  }
  parts.layout.buffers = offset - parts.layout.weights;
}

void build_and_lay_out(const ModelSpec& spec, Model::Parts& parts) {
  parts.spec = spec;
  if (spec.sample_shape.empty()) parts.spec.sample_shape = {spec.inputs};
  parts.network = build_network(parts.spec);
  parts.file_sha256 = parts.network->file_sha256();
  lay_out(*parts.network, parts);
}

/// What programs can still get without swapping, as Linux estimates it; no limit where it does not say.
std::uint64_t free_memory_bytes() {
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);)
    if (unsigned long long kibibytes = 0; std::sscanf(line.c_str(), "MemAvailable: %llu kB", &kibibytes) == 1)
      return kibibytes * 1024;
  return std::numeric_limits<std::uint64_t>::max();
}

/// Makes each tensor, and each gradient, a view into the flat vectors; all keep their values.
void attach(Network& network, const std::vector<TensorSpec>& tensors, const at::Tensor& flat,
            const at::Tensor& flat_gradient) {
  const c10::NoGradGuard no_grad;
  const auto slice = [](const at::Tensor& vector, const TensorSpec& spec) {
    return vector.narrow(0, static_cast<std::int64_t>(spec.offset), static_cast<std::int64_t>(spec.count))
        .view(spec.shape);
  };
  const auto move_to = [](at::Tensor tensor, const at::Tensor& place) {  // by value: a handle to the network's own
    place.copy_(tensor);
    tensor.set_data(place);
  };
  auto spec = tensors.begin();
  for (NamedParameter& parameter : network.parameters()) {
    move_to(parameter.tensor, slice(flat, *spec));
    parameter.tensor.mutable_grad() = slice(flat_gradient, *spec++);
  }
  for (const NamedBuffer& buffer : network.buffers()) move_to(buffer.tensor, slice(flat, *spec++));
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
const ParameterLayout& Model::layout() const noexcept { return parts_->layout; }
const std::vector<TensorSpec>& Model::tensors() const noexcept { return parts_->tensors; }

Hash256 Model::schema_hash() const {
  const bool is_zoo = parts_->file_sha256.empty();
  std::string text = "crossilo/1|model|" + (is_zoo ? parts_->spec.name : "torchscript " + parts_->file_sha256) + "\n";
  for (const TensorSpec& tensor : parts_->tensors) {
    text += (tensor.kind == TensorKind::buffer ? "buffer " : "") + tensor.name;
    for (const std::int64_t extent : tensor.shape) text.append(1, ' ').append(std::to_string(extent));
    text += "\n";
  }
  return sha256(std::as_bytes(std::span(text)));
}

void Model::initialise(const PublicRoot& root) {
  std::mt19937_64 generator(seed_of(derive(root, PublicPurpose::initial_weights, {})));
  std::ranges::copy(parts_->brought, parameters().begin());
  for (std::size_t i = 0; i < parts_->initial_bounds.size(); ++i) {
    if (parts_->initial_bounds[i] == 0.0) continue;
    const TensorSpec& tensor = parts_->tensors[i];
    for (float& value : parameters().subspan(tensor.offset, tensor.count))
      value = uniform(generator, parts_->initial_bounds[i]);
  }
}

void Model::Parts::push() const {
  const c10::NoGradGuard no_grad;
  if (on_device) on_device->flat.copy_(flat);
}

void Model::Parts::pull() const {
  const c10::NoGradGuard no_grad;
  if (on_device) flat.copy_(on_device->flat);
}

void Model::compute_on(const std::string& device) {
  CROSSILO_ASSERT(!parts_->on_device);
  const auto zeros_there = [&](const at::Tensor& vector) {
    return at::zeros(vector.sizes(), vector.options().device(at::Device(device)));
  };
  parts_->on_device = {.flat = zeros_there(parts_->flat), .flat_gradient = zeros_there(parts_->flat_gradient)};
  parts_->network->move_to(at::Device(device));
  attach(*parts_->network, parts_->tensors, parts_->on_device->flat, parts_->on_device->flat_gradient);
}

std::vector<float> Model::outputs_for(std::span<const float> x, const std::function<void()>& chunk_done) {
  const c10::NoGradGuard no_grad;
  parts_->push();
  const std::size_t inputs = parts_->spec.inputs;
  CROSSILO_ASSERT(x.size() % inputs == 0);
  parts_->network->set_training(false);
  std::vector<float> all;
  all.reserve(x.size() / inputs * parts_->spec.outputs);
  // Chunks of about 1 MiB, each copied: torch's own memory is aligned, so the bits do not depend on where x lies.
  const std::size_t chunk_rows = std::max<std::size_t>(1, (std::size_t{1} << 18) / inputs);
  for (std::size_t first = 0; first < x.size(); first += chunk_rows * inputs) {
    const auto part = x.subspan(first, std::min(chunk_rows * inputs, x.size() - first));
    const at::Tensor rows =
        at::empty({static_cast<std::int64_t>(part.size() / inputs), static_cast<std::int64_t>(inputs)});
    std::ranges::copy(part, rows.mutable_data_ptr<float>());
    const at::Tensor outputs = parts_->to_host(parts_->network->forward(parts_->to_device(rows))).contiguous();
    const float* const values = outputs.const_data_ptr<float>();
    all.insert(all.end(), values, values + outputs.numel());
    if (chunk_done) chunk_done();
  }
  return all;
}

const std::string& Model::torchscript_sha256() const noexcept { return parts_->file_sha256; }
bool Model::trains_on_single_rows() const noexcept { return parts_->network->trains_on_single_rows(); }
std::string Model::to_torchscript() {
  parts_->push();
  return parts_->network->to_torchscript();
}

std::string Network::to_torchscript() {
  CROSSILO_ASSERT(!"only a network that came from a TorchScript file goes back into one");
  return {};
}

ModelOutline outline_model(const ModelSpec& spec) {
  const ShapesOnly no_memory;
  Model::Parts parts;
  build_and_lay_out(spec, parts);
  return {.tensors = std::move(parts.tensors), .layout = std::move(parts.layout)};
}

std::string memory_fault(const ParameterLayout& layout) {
  const std::uint64_t wanted = 3 * sizeof(float) * layout.size();  // the network as built, the flat vector, gradients
  const std::uint64_t free = free_memory_bytes();
  if (wanted <= free) return "";
  constexpr double kGigabyte = 1e9;
  return fmt::format("{} parameters want {:.1f} GB to be built, and {:.1f} GB of memory are free", layout.size(),
                     static_cast<double>(wanted) / kGigabyte, static_cast<double>(free) / kGigabyte);
}

Model make_model(const ModelSpec& spec) {
  if (const std::string fault = spec.torchscript.empty() ? memory_fault(outline_model(spec).layout) : "";
      !fault.empty())
    throw EnvironmentError(
        fmt::format("model.name = {}: {}; choose narrower layers, or a machine with more", spec.name, fault));
  auto parts = std::make_unique<Model::Parts>();
  build_and_lay_out(spec, *parts);
  parts->flat = at::zeros({static_cast<std::int64_t>(parts->layout.size())});
  parts->flat_gradient = at::zeros({static_cast<std::int64_t>(parts->layout.weights)});
  CROSSILO_ASSERT(is_aligned(parts->flat) && is_aligned(parts->flat_gradient));
  attach(*parts->network, parts->tensors, parts->flat, parts->flat_gradient);
  const std::span<const float> values = view(parts->flat);
  parts->brought.assign(values.begin(), values.end());
  return Model(std::move(parts));
}

}  // namespace crossilo
