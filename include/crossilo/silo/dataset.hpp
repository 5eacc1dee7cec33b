// Aim: one silo's rows in memory: split for choosing the best round, and scaled by what the federation agreed on.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "crossilo/base/random.hpp"
#include "crossilo/base/types.hpp"
#include "crossilo/data/scaling.hpp"
#include "crossilo/data/silo_file.hpp"

namespace crossilo {

/// A silo's rows in three parts: `fit` and `held_back` (85 and 15 % of train/) and `test`.
class Dataset {
 public:
  /// Splits train/ by the public seed. Classification: the rows are shuffled within each class and held back evenly
  /// along the classes, so each class loses 15 % of its rows, give or take one. Up to 3 rows: nothing is held back.
  /// Both parts keep the file's order. Deterministic. The labels fit the schema: read_silo_file sees to it.
  Dataset(SiloData data, const PublicRoot& root, SiloId silo);

  /// The rows of several silos in one, part by part (the pooled baseline: not private). All still unscaled.
  [[nodiscard]] static Dataset pooled(const std::vector<const Dataset*>& silos);

  [[nodiscard]] const SiloSchema& schema() const noexcept { return schema_; }
  [[nodiscard]] std::size_t features() const noexcept { return schema_.feature_names.size(); }
  [[nodiscard]] const RowSet& fit() const noexcept { return fit_; }
  [[nodiscard]] const RowSet& held_back() const noexcept { return held_back_; }
  [[nodiscard]] const RowSet& test() const noexcept { return test_; }
  [[nodiscard]] bool is_scaled() const noexcept { return is_scaled_; }
  /// What apply() was given; empty before.
  [[nodiscard]] const Scaling& scaling() const noexcept { return scaling_; }

  /// The columns that are scaled: the features, then for a regression the target.
  [[nodiscard]] std::vector<std::string> scaled_columns() const;
  /// Fit rows of each class, in the order of class_names; empty for a regression.
  [[nodiscard]] std::vector<double> class_rows() const;

  /// Sums over the fit rows, one for each scaled column; missing values are skipped.
  struct ColumnSums {
    std::span<double> values;      // x
    std::span<double> magnitudes;  // |x|
    std::span<double> counts;      // 1
  };
  struct CentredSums {
    std::span<double> values;   // x - centre
    std::span<double> squares;  // (x - centre)^2
  };
  /// Shapes: scaled_columns().size().
  void column_sums(const ColumnSums& out) const;
  void centred_sums(std::span<const double> centre, const CentredSums& out) const;

  /// Scales all three parts, once: x = (x - mean) / standard_deviation. A missing value becomes 0, which is the
  /// federated mean; a standard deviation of 0 counts as 1. The target of a regression is scaled alike.
  void apply(const Scaling& scaling);

 private:
  Dataset() = default;

  SiloSchema schema_;
  RowSet fit_;
  RowSet held_back_;
  RowSet test_;
  Scaling scaling_;
  bool is_scaled_ = false;
};

}  // namespace crossilo
