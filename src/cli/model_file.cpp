#include "model_file.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "../model/torchscript_file.hpp"
#include "crossilo/io/atomic_file.hpp"
#include "crossilo/io/safetensors.hpp"
#include "crossilo/version.hpp"
#include "saved_model.hpp"

namespace crossilo {
namespace {

template <class Value>
std::string text(const Value& value) {
  return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

TensorMetadata metadata_of(const Config& config, Job& job, const TrainedModel& trained, RoundIndex round) {
  const SiloSchema& schema = job.schema();
  const bool is_zoo = job.model().torchscript_sha256().empty();
  return {{"format", kModelFormat},
          {"program", std::string("crossilo ") + kVersion},
          {"run", config.run.name},
          {"round", std::to_string(round.value)},
          {"model", is_zoo ? config.model.name : "torchscript"},
          {"hidden", text(config.model.hidden)},
          {"channels", text(config.model.channels)},
          {"torchscript_sha256", job.model().torchscript_sha256()},
          {"task", to_string(schema.task)},
          {"features", text(schema.feature_names)},
          {"sample_shape", text(schema.sample_shape)},
          {"classes", text(schema.class_names)},
          {"scaling_mean", text(trained.scaling.mean)},
          {"scaling_standard_deviation", text(trained.scaling.standard_deviation)},
          {"target_mean", text(trained.scaling.target_mean)},
          {"target_standard_deviation", text(trained.scaling.target_standard_deviation)},
          {"missing", "a missing value becomes the feature's mean"}};
}

/// The module with the trained weights for PyTorch, then the file that it was, which the safetensors file needs. Last,
/// since the user's file may have changed meanwhile: nothing that was trained is lost then.
void write_torchscript(const std::filesystem::path& path, const Config& config, Job& job, const EvaluatedModel& which) {
  std::ranges::copy(which.parameters, job.model().parameters().begin());
  write_file_atomically(std::filesystem::path(path).replace_extension(".pt").string(), job.model().to_torchscript());
  const TorchscriptFile file = read_torchscript_file(config.model.torchscript, job.model().torchscript_sha256());
  write_file_atomically((path.parent_path() / kArchitectureFile).string(), file.bytes);
}

}  // namespace

void write_model(const std::string& path, const Config& config, Job& job, const TrainedModel& trained,
                 const EvaluatedModel& which) {
  std::vector<TensorView> tensors;
  for (const TensorSpec& spec : job.model().tensors())
    tensors.push_back({.name = spec.name,
                       .shape = {spec.shape.begin(), spec.shape.end()},
                       .values = std::span(which.parameters).subspan(spec.offset, spec.count)});
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  write_safetensors(path, tensors, metadata_of(config, job, trained, which.round));
  if (!job.model().torchscript_sha256().empty()) write_torchscript(path, config, job, which);
}

}  // namespace crossilo
