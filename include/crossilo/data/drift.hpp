// Aim: how silos differ, column by column: for the eyes of whoever may read all their files.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "crossilo/data/silo_file.hpp"

namespace crossilo {

/// What is added up of one column's values; a share is the mean of zeros and ones.
struct Moments {
  double count = 0.0;
  double mean = 0.0;
  double squares = 0.0;  // sum of squared distances from the mean

  void add(double value);
  [[nodiscard]] double variance() const { return count > 0.0 ? squares / count : 0.0; }
};

/// Both united. Source: Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for computing sample
/// variances", 1979.
[[nodiscard]] Moments united(const Moments& a, const Moments& b);

/// One quantity that silos can differ in.
struct Quantity {
  enum class Kind : std::uint8_t { label_share, label_mean, value, missing };
  Kind kind = Kind::value;
  std::string name;  // of the class or column
};

/// What one file holds, without its rows.
struct SiloMoments {
  std::string path;
  SiloSchema schema;
  std::size_t train_rows = 0;
  std::size_t test_rows = 0;
  std::vector<Moments> moments;  // one a quantity of quantities_of(schema)
};

/// Labels first, then each column's values and missing values.
[[nodiscard]] std::vector<Quantity> quantities_of(const SiloSchema& schema);

/// Reads and checks a whole silo file; rows to train on and to test on together. Throws: DataError.
[[nodiscard]] SiloMoments moments_of(const std::string& path);

struct Drift {
  Quantity quantity;
  std::vector<Moments> silos;
  std::vector<std::optional<double>> differences;  // of each silo; nothing where it, or all others, have no value
  double worst = 0.0;                              // the largest of them in size
};

/// The standardised difference (mean here − mean of all others) / sqrt((variance here + variance of others) / 2), at
/// most ±99; 0.2 is small, 0.8 large. The worst quantities come first. All silos have one schema.
/// Source: Cohen, "Statistical power analysis for the behavioral sciences", 1988, chapter 2.
[[nodiscard]] std::vector<Drift> drift_of(std::span<const SiloMoments> silos);

/// One screen: sizes, then the quantities that differ most, of the silos that differ most. Ends with a newline.
[[nodiscard]] std::string drift_table(std::span<const SiloMoments> silos, std::span<const Drift> drifts);

/// Lines that say which files have another schema than most of them; empty when all are equal.
[[nodiscard]] std::string schema_differences(std::span<const SiloMoments> silos);

}  // namespace crossilo
