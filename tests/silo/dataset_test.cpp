// Aim: a silo's rows are split as promised, missing values and scaling follow the federation's numbers.
// Method: properties over many sizes, and hand-made columns compared with numbers worked out by hand.
#include "crossilo/silo/dataset.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>

#include "crossilo/base/error.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "silo/silo_fixture.hpp"

namespace crossilo {
namespace {

using test::kMissing;

/// A silo whose only feature is the row's number, so that rows can be told apart.
SiloData numbered(Task task, const std::vector<float>& y, std::size_t classes = 2) {
  SiloData data{.schema = test::schema(task, 1, classes), .train = {}, .test = {}, .origin = "", .digest = {}};
  data.train = {.rows = y.size(), .x = std::vector<float>(y.size()), .y = y};
  for (std::size_t row = 0; row < y.size(); ++row) data.train.x[row] = static_cast<float>(row);
  return data;
}

std::vector<float> labels(std::size_t rows, std::size_t classes) {
  std::vector<float> y(rows);
  for (std::size_t row = 0; row < rows; ++row) y[row] = static_cast<float>((row * row + row / 3) % classes);
  return y;
}

TEST(DatasetSplit, HoldsBackFifteenPercentOfEveryClass) {
  for (std::size_t rows = 1; rows < 300; ++rows) {
    const SiloData data = numbered(Task::multiclass, labels(rows, 5), 5);
    const Dataset dataset(data, public_root(rows), SiloId{2});
    EXPECT_EQ(dataset.held_back().rows, (rows * 15 + 50) / 100);
    EXPECT_EQ(dataset.fit().rows + dataset.held_back().rows, rows);
    EXPECT_GE(dataset.fit().rows, 1u);
    std::map<float, double> all, held;
    for (const float y : data.train.y) all[y] += 1.0;
    for (const float y : dataset.held_back().y) held[y] += 1.0;
    for (const auto& [y, count] : all) EXPECT_LT(std::abs(held[y] - 0.15 * count), 1.0) << rows << " rows, class " << y;
  }
}

TEST(DatasetSplit, KeepsEveryRowOnceWithItsLabelAndInOrder) {
  const SiloData data = numbered(Task::binary, labels(101, 2));
  const Dataset dataset(data, public_root(1), SiloId{0});
  std::vector<float> seen = dataset.fit().x;
  seen.insert(seen.end(), dataset.held_back().x.begin(), dataset.held_back().x.end());
  std::ranges::sort(seen);
  EXPECT_EQ(seen, data.train.x);
  for (const RowSet* part : {&dataset.fit(), &dataset.held_back()}) {
    EXPECT_TRUE(std::ranges::is_sorted(part->x));
    for (std::size_t row = 0; row < part->rows; ++row)
      EXPECT_EQ(part->y[row], data.train.y[static_cast<std::size_t>(part->x[row])]);
  }
}

TEST(DatasetSplit, DependsOnSeedAndSiloAlone) {
  const SiloData data = numbered(Task::binary, labels(200, 2));
  const auto split = [&](std::uint64_t seed, std::uint32_t silo) {
    return Dataset(data, public_root(seed), SiloId{silo}).held_back().x;
  };
  EXPECT_EQ(split(1, 0), split(1, 0));
  EXPECT_NE(split(1, 0), split(2, 0));
  EXPECT_NE(split(1, 0), split(1, 1));
}

TEST(DatasetSplit, SmallAndEmptySilos) {
  for (std::size_t rows = 0; rows < 4; ++rows) {
    const Dataset dataset(numbered(Task::binary, labels(rows, 2)), public_root(1), SiloId{0});
    EXPECT_EQ(dataset.fit().rows, rows);
    EXPECT_EQ(dataset.held_back().rows, 0u);
  }
  EXPECT_EQ(Dataset(numbered(Task::regression, {1.5f, 2, 3, 4}), public_root(1), SiloId{0}).held_back().rows, 1u);
}

TEST(DatasetSplit, EveryRowCanBeHeldBack) {
  std::vector<int> held(20, 0);
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const Dataset dataset(numbered(Task::binary, labels(20, 2)), public_root(seed), SiloId{0});
    for (const float row : dataset.held_back().x) ++held[static_cast<std::size_t>(row)];
  }
  // 3 of 20 rows in 400 splits: 60 each on average; the bounds lie beyond five standard deviations.
  for (const int count : held) EXPECT_TRUE(count > 15 && count < 140) << count;
}

/// Three rows (nothing held back), two columns: -1, missing, 7 and 2, 2, 2; one test row.
Dataset two_columns() {
  SiloData data{.schema = test::schema(Task::binary, 2), .train = {}, .test = {}, .origin = "", .digest = {}};
  data.train = {.rows = 3, .x = {-1, 2, kMissing, 2, 7, 2}, .y = {0, 1, 0}};
  data.test = {.rows = 1, .x = {7, kMissing}, .y = {1}};
  return Dataset(data, public_root(1), SiloId{0});
}

TEST(DatasetScaling, ColumnPassesSkipMissingValues) {
  const Dataset dataset = two_columns();
  std::vector<double> sums(2, 99.0), magnitudes(2, 99.0), counts(2, 99.0), squares(2, 99.0);
  dataset.column_sums({.values = sums, .magnitudes = magnitudes, .counts = counts});
  EXPECT_EQ(sums, (std::vector<double>{6, 6}));
  EXPECT_EQ(magnitudes, (std::vector<double>{8, 6}));
  EXPECT_EQ(counts, (std::vector<double>{2, 3}));
  dataset.centred_sums(std::array{3.0, 1.0}, {.values = sums, .squares = squares});
  EXPECT_EQ(sums, (std::vector<double>{0, 3}));
  EXPECT_EQ(squares, (std::vector<double>{32, 3}));
}

TEST(DatasetScaling, OnlyFitRowsCount) {
  const SiloData data = numbered(Task::binary, labels(100, 2));
  const Dataset dataset(data, public_root(1), SiloId{0});
  std::vector<double> sums(1), magnitudes(1), counts(1);
  dataset.column_sums({.values = sums, .magnitudes = magnitudes, .counts = counts});
  double expected = 0.0;
  for (const float x : dataset.fit().x) expected += x;
  EXPECT_EQ(counts[0], 85.0);
  EXPECT_EQ(sums[0], expected);
}

TEST(DatasetScaling, MissingBecomesTheMeanAndConstantColumnsStayFinite) {
  Dataset dataset = two_columns();
  dataset.apply({.mean = {3, 2}, .standard_deviation = {2, 0}});
  EXPECT_EQ(dataset.fit().x, (std::vector<float>{-2, 0, 0, 0, 2, 0}));
  EXPECT_EQ(dataset.test().x, (std::vector<float>{2, 0}));
  EXPECT_TRUE(dataset.is_scaled());
  EXPECT_THROW(dataset.apply({.mean = {3, 2}, .standard_deviation = {2, 0}}), InternalError);
}

TEST(DatasetPooled, IsTheSilosRowsPartByPart) {
  const SiloSchema schema = test::schema(Task::binary, 3);
  const Dataset first(test::random_silo(schema, 40, 9, 1), public_root(1), SiloId{0});
  Dataset second(test::random_silo(schema, 21, 4, 2), public_root(1), SiloId{1});
  const Dataset all = Dataset::pooled({&first, &second});
  const auto joined = [](const std::vector<float>& a, const std::vector<float>& b) {
    std::vector<float> both = a;
    both.insert(both.end(), b.begin(), b.end());
    return both;
  };
  EXPECT_EQ(all.schema(), schema);
  EXPECT_EQ(all.fit().x, joined(first.fit().x, second.fit().x));
  EXPECT_EQ(all.held_back().y, joined(first.held_back().y, second.held_back().y));
  EXPECT_EQ(all.test().x, joined(first.test().x, second.test().x));
  EXPECT_EQ(all.fit().rows, first.fit().rows + second.fit().rows);
  second.apply({.mean = {0, 0, 0}, .standard_deviation = {1, 1, 1}});
  EXPECT_THROW((void)Dataset::pooled({&first, &second}), InternalError);
}

}  // namespace
}  // namespace crossilo
