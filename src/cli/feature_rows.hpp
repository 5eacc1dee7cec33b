// Aim: the rows of a CSV table as a model's features, found by their names.
#pragma once

#include <string>
#include <vector>

#include "crossilo/data/csv.hpp"
#include "crossilo/data/import.hpp"

namespace crossilo {

/// x, rows x features, as data import would have made it. A feature is the column of its name, or, as "cp=1", the
/// category 1 of the column cp. Other columns are not read; an empty field and the marks are missing (NaN).
/// Throws: DataError with file, line, column, found and expected: a column is missing, a field is no number, a category
/// is unknown.
[[nodiscard]] std::vector<float> feature_rows(const CsvTable& table, const std::vector<std::string>& feature_names,
                                              const std::vector<MissingMark>& missing);

}  // namespace crossilo
