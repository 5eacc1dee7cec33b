// Aim: rows are divided once each, in the wanted proportions, alike on every machine.
// Method: counts over made classes; Dirichlet's known mean and variance over many seeds; the counts that an independent
// program in Python gives for one seed.
#include "crossilo/data/partition.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "crossilo/base/error.hpp"
#include "crossilo/data/seeded_stream.hpp"
#include "data/silo_example.hpp"
#include "data/temporary_folder.hpp"

namespace crossilo {
namespace {

using Counts = std::vector<std::size_t>;

Counts classes(std::size_t rows, std::size_t count) {
  Counts result(rows);
  for (std::size_t row = 0; row < rows; ++row) result[row] = row % count;
  return result;
}

Counts sizes(const Counts& silo_of, std::size_t silos) {
  Counts result(silos, 0);
  for (const std::size_t silo : silo_of) ++result.at(silo);
  return result;
}

/// Rows of one class in each silo.
Counts sizes_of_class(const Counts& silo_of, const Counts& row_classes, std::size_t wanted, std::size_t silos) {
  Counts result(silos, 0);
  for (std::size_t row = 0; row < silo_of.size(); ++row)
    if (row_classes[row] == wanted) ++result.at(silo_of[row]);
  return result;
}

TEST(Partition, GivesEverySiloAlikeWhenIid) {
  const auto train = classes(1003, 10);
  const auto test = classes(200, 10);
  const auto partition = partition_rows(train, test, {.rule = PartitionRule::iid, .silos = 4});
  EXPECT_EQ(sizes(partition.train, 4), (Counts{251, 251, 251, 250}));
  EXPECT_EQ(sizes(partition.test, 4), (Counts{50, 50, 50, 50}));
  for (std::size_t c = 0; c < 10; ++c)
    for (const std::size_t rows : sizes_of_class(partition.train, train, c, 4))
      EXPECT_NEAR(static_cast<double>(rows), 25.0, 20.0);
  EXPECT_NE(partition.train, partition_rows(train, test, {.silos = 4, .seed = 2}).train);
}

TEST(Partition, GivesTestRowsInTheProportionsOfEachClass) {
  const auto train = classes(60000, 10);
  const auto test = classes(10000, 10);
  const PartitionOptions options{.rule = PartitionRule::dirichlet, .silos = 8, .alpha = 0.3, .seed = 7};
  const auto partition = partition_rows(train, test, options);
  for (std::size_t c = 0; c < 10; ++c) {
    const auto train_sizes = sizes_of_class(partition.train, train, c, 8);
    const auto test_sizes = sizes_of_class(partition.test, test, c, 8);
    for (std::size_t silo = 0; silo < 8; ++silo)
      EXPECT_NEAR(static_cast<double>(test_sizes[silo]), static_cast<double>(train_sizes[silo]) / 6.0, 1.0);
  }
}

TEST(Partition, DrawsSharesThatAreDirichlet) {
  // A share of Dirichlet(alpha) over K has mean 1/K and variance (K - 1) / (K^2 (K alpha + 1)).
  constexpr std::size_t kSilos = 5;
  for (const double alpha : {0.1, 0.3, 1.0, 10.0}) {
    double sum = 0.0, squares = 0.0;
    constexpr int kSeeds = 2000;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      const auto partition = partition_rows(
          Counts(1000, 0), {},
          {.rule = PartitionRule::quantity, .silos = kSilos, .alpha = alpha, .rows_min = 0, .seed = seed});
      const double share = static_cast<double>(sizes(partition.train, kSilos)[0]) / 1000.0;
      sum += share;
      squares += share * share;
    }
    const double mean = sum / kSeeds;
    const double variance = squares / kSeeds - mean * mean;
    const double expected = (kSilos - 1.0) / (kSilos * kSilos * (kSilos * alpha + 1.0));
    EXPECT_NEAR(mean, 0.2, 4.0 * std::sqrt(expected / kSeeds)) << alpha;
    EXPECT_NEAR(variance / expected, 1.0, 0.15) << alpha;
  }
}

TEST(Partition, LeavesNoSiloWithoutItsRows) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const auto partition =
        partition_rows(classes(300, 3), classes(30, 3),
                       {.rule = PartitionRule::dirichlet, .silos = 6, .alpha = 0.1, .rows_min = 10, .seed = seed});
    const auto found = sizes(partition.train, 6);
    EXPECT_GE(*std::min_element(found.begin(), found.end()), 10u);
  }
  const auto refused = [](std::size_t rows, double alpha) {
    return error_text<ConfigError>([&] {
      static_cast<void>(
          partition_rows(classes(rows, 2), {}, {.rule = PartitionRule::dirichlet, .silos = 20, .alpha = alpha}));
    });
  };
  EXPECT_HAS(refused(199, 1.0), "199 rows to train on cannot give 20 silos 10 rows each");
  EXPECT_HAS(refused(1000, 0.001), "alpha = 0.001: none of 1000 draws gave each of 20 silos 10 rows");
}

TEST(Partition, PlacesAClassThatOnlyTestRowsHave) {
  Counts test(8, 0);
  test.push_back(5);
  const auto partition =
      partition_rows(classes(100, 2), test, {.rule = PartitionRule::dirichlet, .silos = 2, .alpha = 1.0});
  EXPECT_EQ(partition.test.size(), 9u);
  EXPECT_LT(partition.test.back(), 2u);
}

TEST(Partition, IsTheSameOnEveryMachine) {
  const auto of = [](PartitionRule rule) {
    return sizes(partition_rows(classes(1000, 10), {}, {.rule = rule, .silos = 5, .alpha = 0.3, .seed = 1}).train, 5);
  };
  EXPECT_EQ(of(PartitionRule::dirichlet), (Counts{72, 150, 336, 221, 221}));
  EXPECT_EQ(of(PartitionRule::quantity), (Counts{519, 86, 30, 266, 99}));
  const auto iid = partition_rows(classes(20, 2), {}, {.silos = 2, .rows_min = 1}).train;
  std::string text;
  for (const std::size_t silo : iid) text += std::to_string(silo);
  EXPECT_EQ(text, "11010101000111000011");
}

TEST(Partition, DividesAndPoolsWholeRows) {
  const SiloData data = example_silo(7, 3);
  auto parts = divide(data, {{0, 1, 0, 1, 0, 1, 0}, {1, 1, 0}}, 2);
  EXPECT_EQ(parts[0].train.rows, 4u);
  EXPECT_EQ(parts[1].test.rows, 2u);
  EXPECT_EQ(parts[1].train.x[0], data.train.x[3]);
  EXPECT_EQ(parts[1].origin, "made up");
  SiloData other = parts[1];
  other.schema.feature_names[0] = "height";
  const SiloData all = pooled(std::move(parts));
  EXPECT_EQ(all.train.rows, 7u);
  EXPECT_EQ(all.train.x.size(), 21u);
  EXPECT_EQ(all.test.y, (std::vector<float>{0, 0, 1}));
  EXPECT_HAS(error_text<DataError>([&] { static_cast<void>(pooled({data, other})); }), "missing: age");
}

TEST(SeededStream, IsNormalAndUniform) {
  SeededStream stream(1);
  constexpr int kDraws = 200000;
  double sum = 0.0, squares = 0.0, fourth = 0.0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = stream.normal();
    sum += x;
    squares += x * x;
    fourth += x * x * x * x;
  }
  EXPECT_NEAR(sum / kDraws, 0.0, 0.01);
  EXPECT_NEAR(squares / kDraws, 1.0, 0.015);
  EXPECT_NEAR(fourth / kDraws, 3.0, 0.12);
  Counts counts(3, 0);
  for (int i = 0; i < 30000; ++i) ++counts[stream.below(3)];
  for (const std::size_t count : counts) EXPECT_NEAR(static_cast<double>(count), 10000.0, 400.0);
  EXPECT_NE(SeededStream(1, 0).next(), SeededStream(1, 1).next());
}

}  // namespace
}  // namespace crossilo
