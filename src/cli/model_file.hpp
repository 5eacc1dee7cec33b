// Aim: a trained model as a file that explains itself: parameters, and what is needed to use them on new rows.
#pragma once

#include <string>

#include "crossilo/cli/build_job.hpp"

namespace crossilo {

/// Writes `which` (the best or the last of `trained`) with features, scaling, classes, task and round as metadata; the
/// keys: docs/model-file.md. With TorchScript also the module with these weights (global.pt) and the file it was
/// (architecture.pt). Throws: StorageError; ConfigError when the TorchScript file has changed since the start.
void write_model(const std::string& path, const Config& config, Job& job, const TrainedModel& trained,
                 const EvaluatedModel& which);

}  // namespace crossilo
