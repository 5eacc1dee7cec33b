#include "crossilo/cli/model_spec.hpp"

#include "crossilo/base/error.hpp"
#include "crossilo/silo/local_silo.hpp"

namespace crossilo {

ModelSpec make_model_spec(const ModelConfig& model, const SiloSchema& schema) {
  const bool is_regression = schema.task == Task::regression;
  if (model.torchscript.empty() && model.name == "logreg" && is_regression)
    throw ConfigError("model.name = logreg: the task is regression; model.name = linreg or mlp fits");
  if (model.torchscript.empty() && model.name == "linreg" && !is_regression)
    throw ConfigError(std::string("model.name = linreg: the task is ") + to_string(schema.task) +
                      "; model.name = logreg or mlp fits");
  return {.name = model.name,
          .inputs = schema.feature_names.size(),
          .outputs = outputs_of(schema),
          .sample_shape = schema.sample_shape,
          .hidden = {model.hidden.begin(), model.hidden.end()},
          .channels = {model.channels.begin(), model.channels.end()},
          .torchscript = model.torchscript,
          .torchscript_sha256 = model.torchscript_sha256};
}

}  // namespace crossilo
