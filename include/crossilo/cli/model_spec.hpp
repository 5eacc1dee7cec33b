// Aim: from the settings of a model and the schema of the data to what is to be built.
#pragma once

#include "crossilo/data/silo_file.hpp"
#include "crossilo/io/config.hpp"
#include "crossilo/model/model.hpp"

namespace crossilo {

/// What make_model takes. Throws: ConfigError when the model does not fit the task, with the one that does.
[[nodiscard]] ModelSpec make_model_spec(const ModelConfig& model, const SiloSchema& schema);

}  // namespace crossilo
