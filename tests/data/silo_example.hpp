// Aim: a small silo whose every number is known.
// Method: values are a formula of row and column; one value is missing.
#pragma once

#include <cmath>
#include <limits>

#include "crossilo/data/silo_file.hpp"

namespace crossilo {

inline RowSet example_rows(std::size_t rows, std::size_t features, std::size_t classes) {
  RowSet set;
  set.rows = rows;
  for (std::size_t i = 0; i < rows * features; ++i) set.x.push_back(static_cast<float>(i) * 0.25f - 3.0f);
  for (std::size_t i = 0; i < rows; ++i) set.y.push_back(static_cast<float>(i % classes));
  if (rows > 0) set.x[1] = std::numeric_limits<float>::quiet_NaN();
  return set;
}

inline SiloData example_silo(std::size_t train_rows = 7, std::size_t test_rows = 3) {
  SiloData data;
  data.schema = {{"age", "chol", "größe"}, {"healthy", "ill"}, {3}, Task::binary};
  data.train = example_rows(train_rows, 3, 2);
  data.test = example_rows(test_rows, 3, 2);
  data.origin = "made up";
  return data;
}

/// Equal bit for bit, so that NaN equals NaN.
inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](float left, float right) {
           return std::bit_cast<std::uint32_t>(left) == std::bit_cast<std::uint32_t>(right);
         });
}

}  // namespace crossilo
