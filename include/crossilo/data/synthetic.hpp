// Aim: made data for machines without a network: FedProx's synthetic(alpha, beta).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "crossilo/data/silo_file.hpp"
#include "crossilo/data/split.hpp"

namespace crossilo {

struct SyntheticOptions {
  double alpha = 1.0;  // how much the silos' true models differ
  double beta = 1.0;   // how much their features differ
  std::size_t silos = 30;
  SplitOptions split;  // its seed is the seed of everything
};

/// Silos of 60 features and 10 classes: u_k ~ N(0, alpha), B_k ~ N(0, beta); W_k, b_k ~ N(u_k, 1); v_k ~ N(B_k, 1);
/// x ~ N(v_k, diag(j^-1.2)); y = argmax(W_k x + b_k). alpha and beta are standard deviations, as in the authors'
/// program (the paper's notation leaves it open; for 0 and 1 it is the same). Silo k has 50 + floor(exp(N(4, 2))) rows,
/// as there, but 100,000 at most.
/// Deterministic: the same on every machine, and silo k is the same for any number of silos.
/// Source: Li et al., "Federated optimization in heterogeneous networks", MLSys 2020, section 5.1 and appendix C.1.
[[nodiscard]] std::vector<SiloData> synthetic_silos(const SyntheticOptions& options);

}  // namespace crossilo
