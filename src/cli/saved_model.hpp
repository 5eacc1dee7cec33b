// Aim: a trained model read back, with all that is needed to use it on new rows.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "crossilo/data/scaling.hpp"
#include "crossilo/data/silo_file.hpp"
#include "crossilo/model/model.hpp"

namespace crossilo {

inline constexpr const char* kModelFormat = "crossilo-model-2";
inline constexpr const char* kArchitectureFile = "architecture.pt";  // beside the model, with TorchScript

struct SavedModel {
  std::string path;  // of the safetensors file
  SiloSchema schema;
  Scaling scaling;
  Model model;  // with the trained parameters

  /// The model's outputs for unscaled rows. Shapes: x rows x features (NaN: missing) -> rows x outputs.
  [[nodiscard]] std::vector<float> outputs_for(std::vector<float> x);
  /// A target or prediction of a regression: from the scaled unit to the silo files'.
  [[nodiscard]] double in_target_unit(double scaled) const;
};

/// Reads a safetensors file that a run left, or the best model of a run folder.
/// Throws: StorageError, DataError, ConfigError with file, key, found and expected.
[[nodiscard]] SavedModel read_saved_model(const std::string& path);

/// Reads a silo file whose columns, found by their names, are put in the model's order.
/// Throws: DataError when task, classes, sample shape or columns are not the model's.
[[nodiscard]] SiloData read_fitting_silo_file(const std::string& path, const SavedModel& model);

}  // namespace crossilo
