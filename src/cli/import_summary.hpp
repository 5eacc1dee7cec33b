// Aim: what an import takes for features and for the label, so that a wrong recipe is seen before training.
#pragma once

#include <string>
#include <vector>

#include "crossilo/data/import.hpp"

namespace crossilo {

/// Two lines: the features' names, and how often each class occurs (or the mean of a target) in all silos together.
[[nodiscard]] std::string import_summary(const std::vector<ImportedSilo>& silos);

/// Throws: DataError when all rows of all silos have one class, with what was found.
void require_two_classes(const std::vector<ImportedSilo>& silos);

}  // namespace crossilo
