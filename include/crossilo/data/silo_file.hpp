// Aim: the silo file: one institution's rows in HDF5, its schema, its digest. The format: docs/silo-file.md.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "crossilo/base/types.hpp"

namespace crossilo {

enum class Task : std::uint8_t { binary, multiclass, regression };

[[nodiscard]] const char* to_string(Task task);

/// What all silos of a federation must agree on.
struct SiloSchema {
  std::vector<std::string> feature_names;  // one for each column of a flattened sample
  std::vector<std::string> class_names;    // binary: {negative, positive}; empty for regression
  std::vector<std::size_t> sample_shape;   // {features}, or {height, width}, …; its product is feature_names.size()
  Task task = Task::binary;
  bool operator==(const SiloSchema&) const = default;
};

/// SHA-256 over a canonical text of the schema.
[[nodiscard]] Hash256 schema_hash(const SiloSchema& schema);
/// One line that says where two schemas differ ("train/x has 12 columns, the others have 13 (missing: thalach)");
/// empty when they are equal.
[[nodiscard]] std::string schema_difference(const SiloSchema& found, const SiloSchema& expected);

/// Rows in memory. A missing value is NaN in x; y is a class index, or the target.
struct RowSet {
  std::size_t rows = 0;
  std::vector<float> x;  // rows x features, row-major
  std::vector<float> y;  // rows
};

struct SiloData {
  SiloSchema schema;
  RowSet train;
  RowSet test;
  std::string origin;  // where the rows come from: source, investigators, licence
  Hash256 digest{};    // of the data set bytes, verified on reading
};

/// Reads and checks a whole silo file. Throws: DataError with path, object, found and expected.
[[nodiscard]] SiloData read_silo_file(const std::string& path);

/// Reads the schema and the row counts only.
struct SiloFileSummary {
  SiloSchema schema;
  std::size_t train_rows = 0;
  std::size_t test_rows = 0;
};
[[nodiscard]] SiloFileSummary read_silo_summary(const std::string& path);

/// Writes a silo file under a temporary name and renames it. Throws: StorageError.
void write_silo_file(const std::string& path, const SiloData& data);

}  // namespace crossilo
