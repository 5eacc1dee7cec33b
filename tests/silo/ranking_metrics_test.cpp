// Aim: AUC, its error and paired differences are exact, ties included, and too few rows are refused with the reason.
// Method: cases worked out by hand, and random scores against DeLong's formulas over all pairs of rows.
#include "crossilo/silo/ranking_metrics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace crossilo {
namespace {

struct Sample {
  std::vector<float> scores, other, labels;
};

/// Few distinct scores when `levels` is small, so that ties abound.
Sample random_sample(std::size_t rows, int levels, std::uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::uniform_int_distribution<int> level(0, levels);
  Sample sample;
  for (std::size_t row = 0; row < rows; ++row) {
    const float label = row < 6 ? 1.0f : row < 12 ? 0.0f : static_cast<float>(generator() % 2);
    const int shared = level(generator);
    sample.labels.push_back(label);
    sample.scores.push_back(static_cast<float>(shared + level(generator)) + label);
    sample.other.push_back(static_cast<float>(shared) - 3.0f * static_cast<float>(level(generator)));
  }
  return sample;
}

struct Oracle {
  double area, variance;
};

/// A linear combination of two scores' kernels over all pairs (a weight of 0 drops the second).
Oracle all_pairs(const Sample& s, double other_weight) {
  const auto kernel = [&](std::size_t i, std::size_t j) {
    const auto order = [](float a, float b) { return a > b ? 1.0 : a == b ? 0.5 : 0.0; };
    return order(s.scores[i], s.scores[j]) + other_weight * order(s.other[i], s.other[j]);
  };
  std::vector<std::size_t> positive, negative;
  for (std::size_t row = 0; row < s.labels.size(); ++row) (s.labels[row] > 0.5f ? positive : negative).push_back(row);
  double area = 0.0;
  for (const std::size_t i : positive)
    for (const std::size_t j : negative) area += kernel(i, j) / double(positive.size()) / double(negative.size());
  double variance = 0.0;
  for (const bool by_positive : {true, false}) {
    const auto& rows = by_positive ? positive : negative;
    const auto& others = by_positive ? negative : positive;
    double squares = 0.0;
    for (const std::size_t row : rows) {
      double share = 0.0;
      for (const std::size_t o : others)
        share += (by_positive ? kernel(row, o) : kernel(o, row)) / double(others.size());
      squares += (share - area) * (share - area);
    }
    variance += squares / double(rows.size() - 1) / double(rows.size());
  }
  return {area, variance};
}

TEST(RankingMetrics, AgreesWithAllPairs) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Sample sample = random_sample(12 + seed * 3, seed % 3 == 0 ? 2 : 1000, seed);
    const auto area = auc(sample.scores, sample.labels);
    ASSERT_TRUE(area);
    const Oracle expected = all_pairs(sample, 0.0);
    EXPECT_NEAR(area->value, expected.area, 1e-12);
    EXPECT_NEAR(area->standard_error, std::sqrt(expected.variance), 1e-12);
    const auto difference = auc_difference(sample.scores, sample.other, sample.labels);
    ASSERT_TRUE(difference);
    const Oracle paired = all_pairs(sample, -1.0);
    EXPECT_NEAR(difference->value, paired.area, 1e-12);
    EXPECT_NEAR(difference->standard_error, std::sqrt(paired.variance), 1e-12);
    EXPECT_NEAR(difference->high - difference->low, 2 * 1.959964 * difference->standard_error, 1e-6);
  }
}

// Positive rows 3 4 5 6 7, negative rows 1 2 3 4 5. Shares below the positive rows, with ties one half: .5 .7 .9 1 1,
// mean .82; above the negative rows: 1 1 .9 .7 .5. Squared deviations from .82 sum to .188 on both sides, so the
// variance is 2 * .188 / 4 / 5.
TEST(RankingMetrics, AgreesWithAHandComputedCase) {
  const std::vector<float> scores = {7, 1, 3, 2, 4, 3, 5, 4, 6, 5};
  const std::vector<float> labels = {1, 0, 1, 0, 1, 0, 1, 0, 1, 0};
  const auto area = auc(scores, labels);
  ASSERT_TRUE(area);
  EXPECT_NEAR(area->value, 0.82, 1e-12);
  EXPECT_NEAR(area->standard_error, std::sqrt(0.0188), 1e-12);
  // On the logit scale: ln(.82/.18) = 1.516347 +- 1.959964 * .137113 / .1476 = 1.820709
  EXPECT_NEAR(area->low, 1.0 / (1.0 + std::exp(0.304362)), 1e-5);
  EXPECT_NEAR(area->high, 1.0 / (1.0 + std::exp(-3.337056)), 1e-5);
}

TEST(RankingMetrics, KnowsTheExtremes) {
  const std::vector<float> labels = {0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1};
  const std::vector<float> ascending = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  const std::vector<float> constant(labels.size(), 2.0f);
  std::vector<float> descending;
  for (const float score : ascending) descending.push_back(-score);
  const double reach = std::pow(0.025, 1.0 / 5.0);
  EXPECT_EQ(auc(ascending, labels)->value, 1.0);
  EXPECT_NEAR(auc(ascending, labels)->low, reach, 1e-12);
  EXPECT_EQ(auc(ascending, labels)->high, 1.0);
  EXPECT_EQ(auc(descending, labels)->value, 0.0);
  EXPECT_EQ(auc(descending, labels)->low, 0.0);
  EXPECT_NEAR(auc(descending, labels)->high, 1.0 - reach, 1e-12);
  EXPECT_EQ(auc(constant, labels)->value, 0.5);
  const auto same = auc_difference(constant, constant, labels);
  EXPECT_EQ(same->value, 0.0);
  EXPECT_EQ(same->standard_error, 0.0);
}

TEST(RankingMetrics, IntervalsCoverTheTruth) {
  // Two normals one standard deviation apart: the true area is Phi(1 / sqrt(2)).
  const double truth = 0.5 * std::erfc(-0.5);
  std::mt19937_64 generator(5);
  std::normal_distribution<float> normal;
  int covered = 0;
  for (int trial = 0; trial < 1000; ++trial) {
    std::vector<float> scores, labels;
    for (int row = 0; row < 60; ++row) {
      labels.push_back(row % 2 == 0 ? 1.0f : 0.0f);
      scores.push_back(normal(generator) + labels.back());
    }
    const auto area = auc(scores, labels);
    covered += area->low <= truth && truth <= area->high ? 1 : 0;
  }
  EXPECT_GT(covered, 920);
  EXPECT_LT(covered, 980);
}

TEST(RankingMetrics, RefusesTooFewRowsWithTheReason) {
  const std::vector<std::string> names = {"healthy", "disease"};
  const std::vector<float> two_healthy = {0, 1, 1, 1, 1, 1, 0};
  const std::vector<float> scores = {1, 2, 3, 4, 5, 6, 7};
  EXPECT_FALSE(auc(scores, two_healthy));
  EXPECT_FALSE(auc_difference(scores, scores, two_healthy));
  EXPECT_EQ(ranking_refusal(scores, two_healthy, names), "2 rows of class healthy, too few to rank");
  const std::vector<float> one_disease = {0, 0, 0, 0, 0, 0, 1};
  EXPECT_EQ(ranking_refusal(scores, one_disease, names), "1 row of class disease, too few to rank");
  EXPECT_EQ(ranking_refusal({}, {}, names), "0 rows of class healthy, too few to rank");
}

TEST(RankingMetrics, RefusesScoresThatAreNotFinite) {
  const std::vector<float> labels = {0, 0, 0, 0, 0, 1, 1, 1, 1, 1};
  std::vector<float> scores = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  const std::vector<float> finite = scores;
  EXPECT_EQ(ranking_refusal(scores, labels, {"a", "b"}), "");
  scores[3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(auc(scores, labels));
  EXPECT_FALSE(auc_difference(finite, scores, labels));
  EXPECT_EQ(ranking_refusal(scores, labels, {"a", "b"}), "a score is not finite");
}

}  // namespace
}  // namespace crossilo
