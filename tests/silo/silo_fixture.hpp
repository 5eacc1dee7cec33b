// Aim: small silos with random rows for the tests of this folder.
// Method: normal features, labels that depend on them; every number from one seed.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "crossilo/data/silo_file.hpp"

namespace crossilo::test {

inline constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

inline SiloSchema schema(Task task, std::size_t features, std::size_t classes = 2) {
  SiloSchema made{.feature_names = {}, .class_names = {}, .sample_shape = {features}, .task = task};
  for (std::size_t i = 0; i < features; ++i) made.feature_names.push_back(std::string("f").append(std::to_string(i)));
  for (std::size_t i = 0; task != Task::regression && i < classes; ++i)
    made.class_names.push_back(std::string("c").append(std::to_string(i)));
  return made;
}

inline RowSet random_rows(const SiloSchema& schema, std::size_t rows, std::uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<float> normal;
  const std::size_t features = schema.feature_names.size();
  RowSet set{.rows = rows, .x = std::vector<float>(rows * features), .y = std::vector<float>(rows)};
  for (float& value : set.x) value = normal(generator);
  for (std::size_t row = 0; row < rows; ++row) {
    const float signal = 2.0f * set.x[row * features] + normal(generator);
    if (schema.task == Task::regression) set.y[row] = signal;
    if (schema.task == Task::binary) set.y[row] = signal > 0.0f ? 1.0f : 0.0f;
    if (schema.task == Task::multiclass)
      set.y[row] = static_cast<float>(static_cast<std::size_t>(std::abs(signal)) % schema.class_names.size());
  }
  return set;
}

inline SiloData random_silo(const SiloSchema& schema, std::size_t train_rows, std::size_t test_rows,
                            std::uint64_t seed) {
  return {.schema = schema,
          .train = random_rows(schema, train_rows, seed),
          .test = random_rows(schema, test_rows, seed + 1000),
          .origin = "random",
          .digest = {}};
}

}  // namespace crossilo::test
