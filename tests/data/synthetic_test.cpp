// Aim: synthetic(alpha, beta) is what FedProx says, and the same everywhere.
// Method: recomputed moments of the columns; values that an independent program in Python gives for one seed; what
// alpha and beta change.
#include "crossilo/data/synthetic.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace crossilo {
namespace {

std::vector<SiloData> silos_of(double alpha, double beta, std::size_t silos, std::uint64_t seed = 1) {
  return synthetic_silos({.alpha = alpha, .beta = beta, .silos = silos, .split = {0.25, seed}});
}

TEST(Synthetic, HasTheColumnsClassesAndSizesOfThePaper) {
  const auto silos = silos_of(1, 1, 200);
  std::vector<double> log_sizes;
  for (const SiloData& silo : silos) {
    EXPECT_EQ(silo.schema.feature_names.size(), 60u);
    EXPECT_EQ(silo.schema.class_names.size(), 10u);
    const std::size_t rows = silo.train.rows + silo.test.rows;
    EXPECT_GE(rows, 50u);
    log_sizes.push_back(std::log(static_cast<double>(rows) - 50.0 + 0.5));
  }
  double mean = 0.0;
  for (const double value : log_sizes) mean += value / 200.0;
  EXPECT_NEAR(mean, 4.0, 0.6);  // of lognormal(4, 2)
}

TEST(Synthetic, ScattersEachColumnByItsVariance) {
  for (const SiloData& silo : silos_of(0.5, 0.5, 20)) {
    if (silo.train.rows < 400) continue;
    for (const std::size_t j : {0u, 9u, 59u}) {
      double sum = 0.0, squares = 0.0;
      for (std::size_t row = 0; row < silo.train.rows; ++row) {
        const auto x = static_cast<double>(silo.train.x[row * 60 + j]);
        sum += x;
        squares += x * x;
      }
      const auto rows = static_cast<double>(silo.train.rows);
      const double variance = squares / rows - sum / rows * sum / rows;
      EXPECT_NEAR(variance / std::pow(static_cast<double>(j + 1), -1.2), 1.0, 0.4);
    }
  }
}

TEST(Synthetic, ScattersTheSilosByBeta) {
  const auto spread_of_means = [](double beta) {
    double squares = 0.0;
    const auto silos = silos_of(0, beta, 100);
    for (const SiloData& silo : silos) {
      double mean = 0.0;  // over columns and rows: near B_k
      for (const float x : silo.train.x) mean += static_cast<double>(x) / static_cast<double>(silo.train.x.size());
      squares += mean * mean / 100.0;
    }
    return std::sqrt(squares);
  };
  EXPECT_LT(spread_of_means(0.0), 0.25);
  EXPECT_NEAR(spread_of_means(3.0), 3.0, 0.8);
}

TEST(Synthetic, IsTheSameForAnyNumberOfSilosAndOnEveryMachine) {
  const auto two = silos_of(1, 1, 2);
  const auto three = silos_of(1, 1, 3);
  EXPECT_EQ(two[1].train.x, three[1].train.x);
  EXPECT_NE(two[0].train.x, silos_of(1, 1, 2, 2)[0].train.x);
  EXPECT_EQ(two[0].train.rows, 293u);
  EXPECT_EQ(two[0].train.x[0], -4.309846911520953f);
  EXPECT_EQ(two[1].train.x[2], -0.39907926f);
  EXPECT_EQ(two[1].train.y[0], 4.0f);
}

}  // namespace
}  // namespace crossilo
