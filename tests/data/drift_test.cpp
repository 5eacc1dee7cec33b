// Aim: differences between silos are those of the textbook, the worst first.
// Method: two silos whose moments are counted by hand; many at once; files whose columns differ.
#include "crossilo/data/drift.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "data/temporary_folder.hpp"

namespace crossilo {
namespace {

const float kMissing = std::numeric_limits<float>::quiet_NaN();

class DriftTest : public ::testing::Test {
 protected:
  /// A silo of two columns; half of the rows are labelled ill.
  SiloMoments silo(const std::string& name, const std::vector<float>& age, const std::vector<float>& dose,
                   std::vector<std::string> columns = {"age", "dose"}) {
    SiloData data;
    data.schema = {std::move(columns), {"healthy", "ill"}, {2}, Task::binary};
    data.train.rows = age.size();
    for (std::size_t i = 0; i < age.size(); ++i) {
      data.train.x.push_back(age[i]);
      data.train.x.push_back(dose[i]);
      data.train.y.push_back(static_cast<float>(i % 2));
    }
    write_silo_file(folder_.path(name + ".h5"), data);
    return moments_of(folder_.path(name + ".h5"));
  }
  TemporaryFolder folder_;
};

TEST_F(DriftTest, ComputesTheStandardisedDifference) {
  const std::vector<SiloMoments> silos = {silo("a", {1, 3}, {5, kMissing}), silo("b", {4, 8}, {5, 5})};
  const auto drifts = drift_of(silos);
  ASSERT_EQ(drifts.size(), 5u);  // ill, and two columns with values and missing values
  EXPECT_EQ(drifts[0].quantity.name, "age");
  // (2 - 6) / sqrt((1 + 4) / 2)
  EXPECT_NEAR(*drifts[0].differences[0], -4.0 / std::sqrt(2.5), 1e-12);
  EXPECT_NEAR(drifts[0].worst, 4.0 / std::sqrt(2.5), 1e-12);
  EXPECT_EQ(drifts[1].quantity.name, "dose");
  EXPECT_EQ(drifts[1].quantity.kind, Quantity::Kind::missing);
  EXPECT_NEAR(*drifts[1].differences[0], 0.5 / std::sqrt(0.125), 1e-12);
  EXPECT_EQ(drifts[2].worst, 0.0);
}

TEST_F(DriftTest, ComparesEachSiloToAllOthersTogether) {
  const std::vector<SiloMoments> silos = {silo("a", {0, 2}, {1, 1}), silo("b", {4, 6}, {1, 1}),
                                          silo("c", {10, 14}, {1, 1})};
  const auto drifts = drift_of(silos);
  // b: mean 5, variance 1; a and c together: 0 2 10 14, mean 6.5, variance 32.75
  EXPECT_NEAR(*drifts[0].differences[1], -1.5 / std::sqrt((1.0 + 32.75) / 2.0), 1e-12);
  EXPECT_EQ(drifts[0].silos[2].mean, 12.0);
}

TEST_F(DriftTest, KnowsConstantsAndColumnsWithoutAnyValue) {
  const std::vector<SiloMoments> silos = {silo("a", {1, 1}, {kMissing, kMissing}), silo("b", {2, 2}, {7, 7})};
  const auto drifts = drift_of(silos);
  EXPECT_EQ(drifts[0].worst, 99.0);
  for (const Drift& drift : drifts)
    if (drift.quantity.name == "dose" && drift.quantity.kind == Quantity::Kind::value) {
      EXPECT_FALSE(drift.differences[0]);
      EXPECT_FALSE(drift.differences[1]);
    }
  const std::string table = drift_table(silos, drifts);
  EXPECT_HAS(table, "2 files, one schema: 2 columns, 4 rows to train on, 0 to test on");
  EXPECT_HAS(table, "dose, missing");
}

TEST_F(DriftTest, ShowsOneScreenOfManySilos) {
  std::vector<SiloMoments> silos;
  for (int i = 0; i < 30; ++i)
    silos.push_back(silo(std::string("s").append(std::to_string(i)), {i == 17 ? 50.0f : 1.0f, 3}, {1, 2}));
  const std::string table = drift_table(silos, drift_of(silos));
  EXPECT_HAS(table, "The 6 silos that differ most; --json has all.");
  EXPECT_HAS(table, "s17");
  EXPECT_LE(std::count(table.begin(), table.end(), '\n'), 25);
}

TEST_F(DriftTest, NamesTheFilesUnlikeMost) {
  const std::vector<SiloMoments> silos = {silo("odd", {1, 2}, {1, 2}, {"age", "height"}), silo("b", {1, 2}, {1, 2}),
                                          silo("c", {1, 2}, {1, 2})};
  const std::string text = schema_differences(silos);
  EXPECT_HAS(text, "odd.h5: train/x has other columns than the others (missing: dose; only here: height)");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

}  // namespace
}  // namespace crossilo
