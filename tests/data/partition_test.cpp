// Aim: every row goes to exactly one silo by the wanted rule, and a seed means the same split for good.
// Method: counts over generated rows; moments of the Dirichlet distribution; counts that a program in Python gave too.
#include "crossilo/data/partition.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "crossilo/base/error.hpp"
#include "data/temporary_folder.hpp"

namespace crossilo {
namespace {

constexpr auto kRules = {PartitionRule::iid, PartitionRule::dirichlet, PartitionRule::quantity, PartitionRule::column};

/// Column id is another number in every row, column site is 0 to 5, not equally often.
RowSet rows_from(std::size_t first, std::size_t rows) {
  RowSet set;
  set.rows = rows;
  for (std::size_t row = first; row < first + rows; ++row) {
    set.x.push_back(static_cast<float>(row));
    set.x.push_back(static_cast<float>(std::min<std::size_t>(row % 16, 5)));
    set.y.push_back(static_cast<float>(row % 3));
  }
  return set;
}

SiloData example(std::size_t train_rows = 600, std::size_t test_rows = 150) {
  SiloData data;
  data.schema = {{"id", "site"}, {"a", "b", "c"}, {2}, Task::multiclass};
  data.train = rows_from(0, train_rows);
  data.test = rows_from(train_rows, test_rows);
  data.origin = "made up";
  return data;
}

PartitionOptions options(PartitionRule rule, std::size_t silos, double alpha = 0.3) {
  return {rule, silos, alpha, rule == PartitionRule::column ? "site" : "", 1};
}

std::vector<std::size_t> counts(const std::vector<std::size_t>& silo_of, std::size_t silos) {
  std::vector<std::size_t> rows(silos);
  for (const std::size_t silo : silo_of) ++rows[silo];
  return rows;
}

TEST(Partition, GivesEveryRowToOneSilo) {
  const SiloData data = example();
  for (const PartitionRule rule : kRules) {
    const Partition partition = partition_rows(data, options(rule, 5));
    std::multiset<float> ids;
    for (std::size_t silo = 0; silo < 5; ++silo) {
      const SiloData part = part_of(data, partition, silo);
      EXPECT_EQ(part.schema, data.schema);
      EXPECT_EQ(part.origin, data.origin);
      EXPECT_GE(part.train.rows, kPartTrainRowsMin) << to_string(rule);
      for (const RowSet* set : {&part.train, &part.test}) {
        ASSERT_EQ(set->x.size(), 2 * set->rows);
        for (std::size_t row = 0; row < set->rows; ++row) {
          const float id = set->x[2 * row];
          ids.insert(id);
          EXPECT_EQ(id < 600.0f, set == &part.train);
          EXPECT_EQ(set->y[row], std::fmod(id, 3.0f));  // a row stays whole
          EXPECT_TRUE(row == 0 || set->x[2 * row - 2] < id);
        }
      }
    }
    EXPECT_EQ(ids.size(), 750u);
    EXPECT_EQ(std::set<float>(ids.begin(), ids.end()).size(), 750u);
  }
}

TEST(Partition, IidMakesEqualSizesOfLikeClasses) {
  const SiloData data = example(601, 152);
  const Partition partition = partition_rows(data, options(PartitionRule::iid, 4));
  EXPECT_EQ(counts(partition.train, 4), (std::vector<std::size_t>{150, 151, 150, 150}));
  EXPECT_EQ(counts(partition.test, 4), (std::vector<std::size_t>{38, 38, 38, 38}));
  for (std::size_t silo = 0; silo < 4; ++silo) {
    const auto y = part_of(data, partition, silo).train.y;
    EXPECT_NEAR(std::count(y.begin(), y.end(), 1.0f), 50, 20);  // 4 standard deviations are 20
  }
}

TEST(Partition, DirichletSharesATestSetLikeItsTrainingSet) {
  const SiloData data = example();  // 200 and 50 rows of each class
  const Partition partition = partition_rows(data, options(PartitionRule::dirichlet, 4));
  bool unlike = false;
  for (std::size_t silo = 0; silo < 4; ++silo) {
    const SiloData part = part_of(data, partition, silo);
    for (const float label : {0.0f, 1.0f, 2.0f}) {
      const auto train = std::count(part.train.y.begin(), part.train.y.end(), label);
      const auto test = std::count(part.test.y.begin(), part.test.y.end(), label);
      EXPECT_NEAR(static_cast<double>(train) / 4.0, static_cast<double>(test), 1.25);
      unlike = unlike || train > 120 || train < 10;
    }
  }
  EXPECT_TRUE(unlike);
}

TEST(Partition, ColumnKeepsTheRowsOfAValueTogether) {
  SiloData data = example(640, 160);  // of 40, 40, 40, 40, 40 and 440 rows
  const auto silo_of_site = [&](std::size_t silos) {
    const Partition partition = partition_rows(data, options(PartitionRule::column, silos));
    std::vector<std::set<std::size_t>> silos_of(6);
    for (std::size_t row = 0; row < 640; ++row)
      silos_of[static_cast<std::size_t>(data.train.x[2 * row + 1])].insert(partition.train[row]);
    for (std::size_t row = 0; row < 160; ++row)
      silos_of[static_cast<std::size_t>(data.test.x[2 * row + 1])].insert(partition.test[row]);
    std::vector<std::size_t> result;
    for (const auto& silo : silos_of) {
      EXPECT_EQ(silo.size(), 1u);
      result.push_back(*silo.begin());
    }
    return result;
  };
  EXPECT_EQ(silo_of_site(6), (std::vector<std::size_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(silo_of_site(2), (std::vector<std::size_t>{0, 0, 0, 0, 0, 1}));
  for (std::size_t row = 0; row < 640; row += 16) data.train.x[2 * row + 1] = std::numeric_limits<float>::quiet_NaN();
  const Partition partition = partition_rows(data, options(PartitionRule::column, 6));
  EXPECT_EQ(partition.train[0], 5u);  // a missing value comes last
  EXPECT_EQ(partition.train[1], 0u);
}

TEST(Partition, IsTheSameForGood) {
  const SiloData data = example();
  using Counts = std::vector<std::size_t>;
  const auto of = [&](PartitionRule rule, std::uint64_t seed) {
    PartitionOptions wanted = options(rule, 4);
    wanted.seed = seed;
    return partition_rows(data, wanted);
  };
  EXPECT_EQ(counts(of(PartitionRule::dirichlet, 1).train, 4), (Counts{54, 96, 312, 138}));
  EXPECT_EQ(counts(of(PartitionRule::dirichlet, 1).test, 4), (Counts{14, 23, 79, 34}));
  EXPECT_EQ(counts(of(PartitionRule::dirichlet, 2).train, 4), (Counts{330, 142, 83, 45}));
  EXPECT_EQ(counts(of(PartitionRule::quantity, 1).train, 4), (Counts{150, 164, 41, 245}));
  const Partition iid = of(PartitionRule::iid, 1);
  EXPECT_EQ(Counts(iid.train.begin(), iid.train.begin() + 8), (Counts{1, 3, 2, 2, 3, 2, 0, 1}));
  EXPECT_NE(iid.train, of(PartitionRule::iid, 2).train);
}

TEST(Partition, DirichletHasItsMoments) {
  for (const double alpha : {0.3, 1.0, 4.0}) {
    std::mt19937_64 generator(5);
    constexpr std::size_t kParts = 4, kDraws = 40000;
    double sum = 0.0, squares = 0.0;
    for (std::size_t draw = 0; draw < kDraws; ++draw) {
      const auto shares = draw_dirichlet(kParts, alpha, generator);
      ASSERT_NEAR(std::accumulate(shares.begin(), shares.end(), 0.0), 1.0, 1e-12);
      sum += shares[0];
      squares += shares[0] * shares[0];
    }
    const double mean = sum / kDraws;
    const double variance = 0.25 * 0.75 / (kParts * alpha + 1.0);
    EXPECT_NEAR(mean, 0.25, 5.0 * std::sqrt(variance / kDraws));
    EXPECT_NEAR(squares / kDraws - mean * mean, variance, 0.03 * variance) << alpha;
  }
  std::mt19937_64 generator(5);
  for (const double share : draw_dirichlet(3, 1e-4, generator)) EXPECT_TRUE(std::isfinite(share));
}

TEST(Partition, SaysWhatCannotBe) {
  const auto config_error = [](const SiloData& data, const PartitionOptions& wanted) {
    return error_text<ConfigError>([&] { static_cast<void>(partition_rows(data, wanted)); });
  };
  const auto data_error = [](const SiloData& data, const PartitionOptions& wanted) {
    return error_text<DataError>([&] { static_cast<void>(partition_rows(data, wanted)); });
  };
  EXPECT_HAS(config_error(example(), options(PartitionRule::iid, 1)), "silos = 1: 2 or more are wanted");
  EXPECT_HAS(config_error(example(), options(PartitionRule::dirichlet, 2, 0.0)), "alpha = 0: a number above 0");
  SiloData regression = example();
  regression.schema.task = Task::regression;
  regression.schema.class_names.clear();
  EXPECT_HAS(config_error(regression, options(PartitionRule::dirichlet, 2)), "a regression has none");
  EXPECT_HAS(data_error(example(39, 0), options(PartitionRule::iid, 4)),
             "39 rows to train on found, at least 40 expected: 10 for each of 4 silos");
  EXPECT_HAS(data_error(example(40, 0), options(PartitionRule::quantity, 4, 0.001)),
             "alpha = 0.001: in 1000 draws some of 4 silos always got fewer than 10 of the 40 rows");
  EXPECT_HAS(data_error(example(), options(PartitionRule::column, 7)),
             "column site: 6 values found, at least 7 expected");
  EXPECT_HAS(data_error(example(90, 0), options(PartitionRule::column, 6)),
             "column site: a silo would get 6 rows to train on, at least 10 expected");
  PartitionOptions other = options(PartitionRule::column, 2);
  other.column = "sites";
  EXPECT_HAS(data_error(example(), other), "has no column sites");
}

TEST(Partition, NamesItsSilos) {
  EXPECT_EQ(part_names(3), (std::vector<std::string>{"silo0", "silo1", "silo2"}));
  EXPECT_EQ(part_names(10).back(), "silo9");
  EXPECT_EQ(part_names(12).front(), "silo0");
  EXPECT_EQ(part_names(12).back(), "silo11");
}

}  // namespace
}  // namespace crossilo
