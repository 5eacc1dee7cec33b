#include "saved_model.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "crossilo/base/error.hpp"
#include "crossilo/cli/model_spec.hpp"
#include "crossilo/data/standardise.hpp"
#include "crossilo/io/run_folder.hpp"
#include "crossilo/io/safetensors.hpp"

namespace crossilo {
namespace {

/// The metadata of one file; every key it is asked for must be there and be what it should.
class Metadata {
 public:
  Metadata(std::string path, const TensorMetadata& values) : path_(std::move(path)), values_(values) {}

  [[noreturn]] void refuse(const std::string& what) const { throw DataError(path_ + ": " + what); }

  [[nodiscard]] const std::string& text(const char* key) const {
    const auto found = values_.find(key);
    if (found == values_.end())
      refuse(fmt::format("metadata key {} is missing; a model that crossilo train wrote is wanted", key));
    return found->second;
  }

  template <class Value>
  [[nodiscard]] Value json(const char* key) const try {
    return nlohmann::json::parse(text(key)).get<Value>();
  } catch (const nlohmann::json::exception& failure) {
    refuse(fmt::format("metadata key {}: {}", key, failure.what()));
  }

  [[nodiscard]] Task task() const {
    for (const Task task : {Task::binary, Task::multiclass, Task::regression})
      if (text("task") == to_string(task)) return task;
    refuse(fmt::format("metadata key task = {}: binary, multiclass or regression is wanted", text("task")));
  }

 private:
  std::string path_;
  const TensorMetadata& values_;
};

void check_format(const Metadata& metadata) {
  if (const std::string& format = metadata.text("format"); format != kModelFormat)
    metadata.refuse(
        fmt::format("format {} found, {} expected: written by another version of crossilo; train again, or "
                    "use that version",
                    format, kModelFormat));
}

SiloSchema schema_of(const Metadata& metadata) {
  SiloSchema schema{.feature_names = metadata.json<std::vector<std::string>>("features"),
                    .class_names = metadata.json<std::vector<std::string>>("classes"),
                    .sample_shape = metadata.json<std::vector<std::size_t>>("sample_shape"),
                    .task = metadata.task()};
  std::size_t product = 1;
  for (const std::size_t extent : schema.sample_shape)
    if (__builtin_mul_overflow(product, extent, &product)) product = 0;
  if (product == 0 || product != schema.feature_names.size())
    metadata.refuse(fmt::format("{} features, and samples of {} values", schema.feature_names.size(), product));
  const std::size_t classes = schema.class_names.size();
  if (schema.task == Task::regression ? classes != 0 : schema.task == Task::binary ? classes != 2 : classes < 3)
    metadata.refuse(fmt::format("{} classes do not fit the task {}", classes, to_string(schema.task)));
  return schema;
}

Scaling scaling_of(const Metadata& metadata, std::size_t features) {
  Scaling scaling{.mean = metadata.json<std::vector<double>>("scaling_mean"),
                  .standard_deviation = metadata.json<std::vector<double>>("scaling_standard_deviation"),
                  .target_mean = metadata.json<double>("target_mean"),
                  .target_standard_deviation = metadata.json<double>("target_standard_deviation")};
  if (scaling.mean.size() != features || scaling.standard_deviation.size() != features)
    metadata.refuse(fmt::format("scaling of {} and {} columns, {} features", scaling.mean.size(),
                                scaling.standard_deviation.size(), features));
  return scaling;
}

ModelConfig model_config(const Metadata& metadata, const std::string& path) {
  ModelConfig config;
  config.name = metadata.text("model");
  config.hidden = metadata.json<std::vector<std::uint32_t>>("hidden");
  config.channels = metadata.json<std::vector<std::uint32_t>>("channels");
  config.torchscript_sha256 = metadata.text("torchscript_sha256");
  if (!config.torchscript_sha256.empty())
    config.torchscript = (std::filesystem::path(path).parent_path() / kArchitectureFile).string();
  return config;
}

/// Writes the file's tensors into the model's flat vector; each must be there, in its shape.
void load(Model& model, const std::vector<Tensor>& tensors, const Metadata& metadata) {
  for (const TensorSpec& spec : model.tensors()) {
    const std::vector<std::size_t> shape(spec.shape.begin(), spec.shape.end());
    const auto found = std::ranges::find(tensors, spec.name, &Tensor::name);
    if (found == tensors.end()) metadata.refuse(fmt::format("tensor {} is missing", spec.name));
    if (found->shape != shape)
      metadata.refuse(fmt::format("tensor {} has the shape [{}], the model wants [{}]", spec.name,
                                  fmt::join(found->shape, ", "), fmt::join(shape, ", ")));
    std::ranges::copy(found->values, model.parameters().subspan(spec.offset).begin());
  }
  if (tensors.size() != model.tensors().size())
    metadata.refuse(fmt::format("{} tensors, the model has {}", tensors.size(), model.tensors().size()));
}

/// Puts the columns of x into the order of `wanted`, which has the same names.
void reorder(RowSet& rows, const std::vector<std::string>& found, const std::vector<std::string>& wanted) {
  std::vector<std::size_t> from;
  for (const std::string& name : wanted)
    from.push_back(static_cast<std::size_t>(std::ranges::find(found, name) - found.begin()));
  std::vector<float> x(rows.x.size());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = rows.x[i / from.size() * from.size() + from[i % from.size()]];
  rows.x = std::move(x);
}

std::string model_path(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return path;
  const std::string model = path + "/model/global.safetensors";
  if (std::filesystem::exists(model, error) || !std::filesystem::is_directory(path + "/ranks", error)) return model;
  const auto outcome = RunFolder(path).read_outcome();
  throw DataError(fmt::format("{}: this run left no model: {}", path,
                              !outcome ? "it is still under way, or was killed"
                                       : fmt::format("{}{}{}", status_of(outcome->exit_code),
                                                     outcome->text.empty() ? "" : ": ", outcome->text)));
}

}  // namespace

std::vector<float> SavedModel::outputs_for(std::vector<float> x) {
  const std::size_t features = scaling.mean.size();
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t column = i % features;
    x[i] = standardised(x[i], scaling.mean[column], scaling.standard_deviation[column]);
  }
  return model.outputs_for(x);
}

double SavedModel::in_target_unit(double scaled) const {
  return scaled * scaling.target_standard_deviation + scaling.target_mean;
}

SavedModel read_saved_model(const std::string& path) {
  const std::string file_path = model_path(path);
  const TensorFile file = read_safetensors(file_path);
  const Metadata metadata(file_path, file.metadata);
  check_format(metadata);
  SiloSchema schema = schema_of(metadata);
  Scaling scaling = scaling_of(metadata, schema.feature_names.size());
  Model model = make_model(make_model_spec(model_config(metadata, file_path), schema));
  load(model, file.tensors, metadata);
  return {.path = file_path, .schema = std::move(schema), .scaling = std::move(scaling), .model = std::move(model)};
}

SiloData read_fitting_silo_file(const std::string& path, const SavedModel& model) {
  if (std::string(path).ends_with(".csv"))
    throw DataError(path +
                    ": a CSV is not a silo file; use crossilo predict for its rows, or make silo files of it with "
                    "crossilo data import");
  SiloData data = read_silo_file(path);
  const std::vector<std::string>& wanted = model.schema.feature_names;
  std::vector<std::string>& found = data.schema.feature_names;
  if (found != wanted && std::ranges::is_permutation(found, wanted)) {
    for (RowSet* rows : {&data.train, &data.test}) reorder(*rows, found, wanted);
    found = wanted;
  }
  if (const std::string difference = schema_difference(data.schema, model.schema); !difference.empty())
    throw DataError(fmt::format("{}: {} (compared with the model {})", path, difference, model.path));
  return data;
}

}  // namespace crossilo
