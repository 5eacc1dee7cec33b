// Aim: the federated scaling of features: one mean and one standard deviation a column, alike in all silos.
#pragma once

#include <vector>

namespace crossilo {

/// x becomes (x - mean) / standard_deviation; a missing value (NaN) becomes the mean, so 0 after scaling.
/// Shapes: both have one entry a feature, in the order of SiloSchema::feature_names. No standard deviation is 0.
struct Scaling {
  std::vector<double> mean;
  std::vector<double> standard_deviation;
  // The target of a regression is scaled alike; 0 and 1 for classes.
  double target_mean = 0.0;
  double target_standard_deviation = 1.0;
  std::vector<double> class_rows{};  // rows of each class that are trained on, over all silos; empty for regression
};

}  // namespace crossilo
