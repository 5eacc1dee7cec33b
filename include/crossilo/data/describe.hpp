// Aim: what silo files hold, in numbers that fit side by side; for the eyes of whoever may read the files.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "crossilo/data/silo_file.hpp"

namespace crossilo {

/// Missing values of one column before one-hot ("cp" stands for "cp=1", "cp=2", …).
struct MissingCount {
  std::string column;
  std::size_t rows = 0;
};

struct SiloDescription {
  std::string path;
  SiloSchema schema;
  std::string origin;
  Hash256 digest{};
  std::size_t train_rows = 0;
  std::size_t test_rows = 0;
  std::vector<std::size_t> rows_of_class;  // of both sets; empty for regression
  double label_mean = 0.0;                 // of both sets; for regression
  std::vector<MissingCount> missing;       // of both sets; every column, in order
};

/// Reads and checks a whole silo file. Throws: DataError.
[[nodiscard]] SiloDescription describe_silo_file(const std::string& path);

/// A table with one column a file; columns without a missing value are only counted. Ends with a newline.
[[nodiscard]] std::string description_table(std::span<const SiloDescription> silos);

/// Lines that say which files do not fit the first one; empty when all fit one federation.
[[nodiscard]] std::string description_differences(std::span<const SiloDescription> silos);

}  // namespace crossilo
