// Aim: the federated scaling of features: one mean and one standard deviation a column, alike in all silos.
#pragma once

#include <vector>

namespace crossilo {

/// x becomes (x - mean) / standard_deviation; a missing value (NaN) becomes the mean, so 0 after scaling.
/// Shapes: both have one entry a feature, in the order of SiloSchema::feature_names. No standard deviation is 0.
struct Scaling {
  std::vector<double> mean;
  std::vector<double> standard_deviation;
};

}  // namespace crossilo
