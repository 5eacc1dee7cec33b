#include "model_file.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "crossilo/io/safetensors.hpp"
#include "crossilo/version.hpp"

namespace crossilo {

void write_model(const std::string& path, const Config& config, Job& job, const TrainedModel& trained,
                 const EvaluatedModel& which) {
  const SiloSchema& schema = job.schema();
  std::vector<TensorView> tensors;
  for (const TensorSpec& spec : job.model().tensors())
    tensors.push_back({.name = spec.name,
                       .shape = {spec.shape.begin(), spec.shape.end()},
                       .values = std::span(which.parameters).subspan(spec.offset, spec.count)});
  const auto text = [](const auto& value) { return nlohmann::json(value).dump(); };
  const TensorMetadata metadata = {{"format", "crossilo-model-1"},
                                   {"program", std::string("crossilo ") + kVersion},
                                   {"run", config.run.name},
                                   {"round", std::to_string(which.round.value)},
                                   {"model", config.model.name},
                                   {"task", to_string(schema.task)},
                                   {"features", text(schema.feature_names)},
                                   {"classes", text(schema.class_names)},
                                   {"scaling_mean", text(trained.scaling.mean)},
                                   {"scaling_standard_deviation", text(trained.scaling.standard_deviation)},
                                   {"missing", "a missing value becomes the feature's mean"}};
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  write_safetensors(path, tensors, metadata);
}

}  // namespace crossilo
