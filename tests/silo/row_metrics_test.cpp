// Aim: accuracy, RMSE and R2 are what their formulas say, with intervals that hold what they promise.
// Method: published and hand-worked numbers; for the intervals, how often they cover the truth in many random samples.
#include "crossilo/silo/row_metrics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "crossilo/foreign/openssl.hpp"
#include "silo/silo_fixture.hpp"

namespace crossilo::test {
namespace {

const SiloSchema kClasses = schema(Task::multiclass, 1, 3);
const SiloSchema kRegression = schema(Task::regression, 1);

std::vector<float> correct_rows(std::size_t rows, std::size_t correct) {
  std::vector<float> result(rows);
  std::fill_n(result.begin(), correct, 1.0f);
  return result;
}

TEST(RowMetrics, accuracy_has_wilsons_interval) {
  const std::vector<float> ten(10);
  const MetricCell cell = metric_of(kClasses, correct_rows(10, 8), ten);
  ASSERT_TRUE(cell.estimate);
  EXPECT_NEAR(cell.estimate->value, 0.8, 1e-12);
  EXPECT_NEAR(cell.estimate->low, 0.4902, 5e-5);
  EXPECT_NEAR(cell.estimate->high, 0.9433, 5e-5);
  const std::vector<float> twenty(20);
  const MetricCell all = metric_of(kClasses, correct_rows(20, 20), twenty);
  EXPECT_NEAR(all.estimate->high, 1.0, 1e-12);
  EXPECT_NEAR(all.estimate->low, 0.8389, 5e-5);
}

TEST(RowMetrics, rmse_and_r_squared_of_five_rows) {
  // Squared errors 1, 1, 4, 0, 4: mean 2, variance 3.5 of one and 0.7 of the mean. The target's variance is 2.
  const std::vector<float> squares{1, 1, 4, 0, 4};
  const std::vector<float> targets{1, 2, 3, 4, 5};
  const MetricCell cell = metric_of(kRegression, squares, targets);
  ASSERT_TRUE(cell.estimate && cell.r_squared);
  EXPECT_NEAR(cell.estimate->value, std::sqrt(2.0), 1e-12);
  EXPECT_NEAR(cell.estimate->low, std::sqrt(2.0 - 1.959964 * std::sqrt(0.7)), 1e-6);
  EXPECT_NEAR(cell.estimate->high, std::sqrt(2.0 + 1.959964 * std::sqrt(0.7)), 1e-6);
  EXPECT_NEAR(cell.r_squared->value, 0.0, 1e-12);
  EXPECT_NEAR(cell.r_squared->high, 1.0 - (2.0 - 1.959964 * std::sqrt(0.7)) / 2.0, 1e-6);
}

TEST(RowMetrics, says_why_there_is_no_number) {
  const std::vector<float> four(4), five(5, 2.0f);
  EXPECT_EQ(metric_of(kRegression, four, four).refusal, "4 test rows, too few for an interval");
  EXPECT_EQ(metric_of(kClasses, {}, {}).refusal, "no test rows");
  const std::vector<float> broken{1, 2, std::numeric_limits<float>::quiet_NaN(), 4, 5};
  EXPECT_EQ(metric_of(kRegression, broken, five).refusal, "a prediction is not finite");
  const MetricCell flat = metric_of(kRegression, five, five);
  EXPECT_TRUE(flat.estimate);
  EXPECT_FALSE(flat.r_squared) << "a target that does not vary";
}

TEST(RowMetrics, labels_come_back_in_the_targets_own_unit) {
  SiloData data = random_silo(kRegression, 20, 6, 1);
  const std::vector<float> own_unit = data.test.y;
  Dataset dataset(std::move(data), public_root(1), SiloId{0});
  EXPECT_EQ(test_labels(dataset), own_unit);
  dataset.apply({.mean = {0.0}, .standard_deviation = {1.0}, .target_mean = 7.0, .target_standard_deviation = 3.0});
  const std::vector<float> labels = test_labels(dataset);
  for (std::size_t i = 0; i < labels.size(); ++i) EXPECT_NEAR(labels[i], own_unit[i], 1e-5);
}

TEST(RowMetrics, a_differences_interval_covers_the_truth_about_as_often_as_it_says) {
  int covered = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    std::mt19937_64 generator(seed);
    std::normal_distribution<float> normal;
    std::vector<float> one, other, labels;
    for (int i = 0; i < 200; ++i) {
      const float error = 0.5f * normal(generator);
      const float other_error = error + 0.5f * normal(generator);
      one.push_back(error * error);
      other.push_back(other_error * other_error);
      labels.push_back(0.0f);
    }
    const auto difference = metric_difference(Task::regression, one, other, labels);
    ASSERT_TRUE(difference);
    const double truth = 0.5 - std::sqrt(0.5);
    covered += difference->low <= truth && truth <= difference->high;
  }
  EXPECT_NEAR(covered / 400.0, 0.95, 0.04);
}

}  // namespace
}  // namespace crossilo::test
