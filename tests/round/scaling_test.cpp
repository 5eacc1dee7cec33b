// Aim: federated scaling is the scaling of all rows together, for columns of any unit, on every layout of ranks.
// Method: made-up silos with missing values on LocalCommunicator, against a double oracle over the pooled rows.
#include "crossilo/round/scaling.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <random>

#include "crossilo/base/error.hpp"
#include "crossilo/comm/local_communicator.hpp"
#include "round/fake_federation.hpp"
#include "silo/silo_fixture.hpp"

namespace crossilo::test {
namespace {

constexpr std::size_t kSilos = 4;

/// A column as its maker means it.
struct Column {
  double mean;
  double deviation;
  double missing_share = 0.0;
};
const std::vector<Column> kColumns = {{0.0, 1.0, 0.2},      {250000.0, 1e5},    {3e-4, 1e-4}, {2e-9, 1e-9, 0.1},
                                      {2020.0, 1.5},        {-1e-7, 1e-9, 0.1}, {1e6, 20.0},  {1000.1, 0.0},
                                      {1e-6 / 3, 0.0, 0.1}, {0.0, 0.0},         {1e5, 0.0},   {7.0, 1.0, 1.0}};
constexpr std::size_t kFirstConstant = 7;

SiloData made_up_silo(std::uint32_t silo) {
  const SiloSchema made = schema(Task::binary, kColumns.size());
  SiloData data = random_silo(made, 80 + 40 * silo, 5, 11 + silo);
  std::mt19937_64 generator(99 + silo);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  for (std::size_t i = 0; i < data.train.x.size(); ++i) {
    const Column& column = kColumns[i % kColumns.size()];
    // Silos differ in their means, or a silo's own scaling could pass for the federation's.
    const double value = column.mean + column.deviation * (normal(generator) + 0.5 * silo);
    data.train.x[i] = uniform(generator) < column.missing_share ? kMissing : static_cast<float>(value);
  }
  return data;
}

std::vector<Dataset> made_up_datasets(std::span<const HostedSiloFacts> hosted) {
  std::vector<Dataset> datasets;
  for (const HostedSiloFacts& facts : hosted)
    datasets.emplace_back(made_up_silo(facts.id.value), public_root(7), facts.id);
  return datasets;
}

Scaling scale_on(Communicator& communicator, std::vector<Dataset> (*make)(std::span<const HostedSiloFacts>)) {
  const OwnFacts facts = facts_of({.silos = kSilos}, communicator.size(), communicator.rank());
  std::vector<Dataset> datasets = make(facts.hosted);
  std::vector<Dataset*> dataset_pointers;
  std::vector<FakeSilo> silos;
  std::vector<Silo*> silo_pointers;
  for (const HostedSiloFacts& hosted : facts.hosted) silos.emplace_back(hosted.id);
  for (FakeSilo& silo : silos) silo_pointers.push_back(&silo);
  for (Dataset& dataset : datasets) dataset_pointers.push_back(&dataset);
  const X25519 key;
  Roster roster = exchange_hello(communicator, facts, key, {.seconds = 5.0, .step = "hello"});
  auto mask = make_mask(roster, key, facts.hosted.front().id);
  SumSession session(communicator, std::move(roster), std::move(mask), {.peer_seconds_max = 5.0});
  return federated_scaling(session, silo_pointers, dataset_pointers).scaling;
}

/// Mean and deviation of all rows that are trained on, in long double.
Scaling oracle_scaling() {
  const OwnFacts facts = facts_of({.silos = kSilos}, 1, 0);
  const std::vector<Dataset> datasets = made_up_datasets(facts.hosted);
  Scaling scaling;
  for (std::size_t c = 0; c < kColumns.size(); ++c) {
    std::vector<long double> values;
    for (const Dataset& dataset : datasets)
      for (std::size_t row = 0; row < dataset.fit().rows; ++row)
        if (const float x = dataset.fit().x[row * kColumns.size() + c]; !std::isnan(x)) values.push_back(x);
    long double mean = 0.0L;
    long double variance = 0.0L;
    for (const long double x : values) mean += x / static_cast<long double>(values.size());
    for (const long double x : values) variance += (x - mean) * (x - mean) / static_cast<long double>(values.size());
    scaling.mean.push_back(static_cast<double>(mean));
    scaling.standard_deviation.push_back(static_cast<double>(std::sqrt(variance)));
  }
  return scaling;
}

TEST(Scaling, is_that_of_the_pooled_rows_whatever_the_units) {
  const Scaling oracle = oracle_scaling();
  Scaling reference;
  for (const int ranks : {1, 2, 3, 4})
    run_local_ranks({.size = ranks, .seed = 3}, [&](Communicator& communicator) {
      const Scaling scaling = scale_on(communicator, made_up_datasets);
      if (reference.mean.empty()) reference = scaling;
      EXPECT_EQ(scaling.mean, reference.mean) << ranks << " ranks";
      EXPECT_EQ(scaling.standard_deviation, reference.standard_deviation) << ranks << " ranks";
    });
  for (std::size_t c = 0; c < kFirstConstant; ++c) {
    const double deviation = oracle.standard_deviation[c];
    EXPECT_NEAR(reference.standard_deviation[c], deviation, 1e-3 * deviation) << "column " << c;
    EXPECT_NEAR(reference.mean[c], oracle.mean[c], 1e-3 * deviation) << "column " << c;
  }
}

TEST(Scaling, leaves_a_column_without_two_different_values_as_wide_as_it_is) {
  run_local_ranks({.size = 3, .seed = 4}, [&](Communicator& communicator) {
    const Scaling scaling = scale_on(communicator, made_up_datasets);
    for (std::size_t c = kFirstConstant; c < kColumns.size(); ++c) {
      EXPECT_EQ(scaling.standard_deviation[c], 1.0) << "column " << c;
      const double mean = kColumns[c].missing_share == 1.0 ? 0.0 : static_cast<float>(kColumns[c].mean);
      EXPECT_NEAR(scaling.mean[c], mean, 1e-6 * std::abs(mean)) << "column " << c;
    }
  });
}

std::vector<Dataset> regression_datasets(std::span<const HostedSiloFacts> hosted) {
  std::vector<Dataset> datasets;
  for (const HostedSiloFacts& facts : hosted) {
    SiloData data = random_silo(schema(Task::regression, 2), 60 + 20 * facts.id.value, 5, facts.id.value);
    for (float& y : data.train.y) y = 1000.0f + 50.0f * y;
    datasets.emplace_back(std::move(data), public_root(7), facts.id);
  }
  return datasets;
}

TEST(Scaling, scales_the_target_of_a_regression_by_that_of_all_fit_rows) {
  run_local_ranks({.size = 2, .seed = 4}, [&](Communicator& communicator) {
    const Scaling scaling = scale_on(communicator, regression_datasets);
    std::vector<double> targets;
    std::vector<Dataset> all = regression_datasets(facts_of({.silos = kSilos}, 1, 0).hosted);
    for (const Dataset& dataset : all) targets.insert(targets.end(), dataset.fit().y.begin(), dataset.fit().y.end());
    double mean = 0.0;
    double variance = 0.0;
    for (const double y : targets) mean += y / static_cast<double>(targets.size());
    for (const double y : targets) variance += (y - mean) * (y - mean) / static_cast<double>(targets.size());
    EXPECT_EQ(scaling.mean.size(), 2u);
    EXPECT_NEAR(scaling.target_mean, mean, 1e-6);
    EXPECT_NEAR(scaling.target_standard_deviation, std::sqrt(variance), 1e-6);
    const float before = all[0].test().y[0];
    all[0].apply(scaling);
    EXPECT_NEAR(all[0].test().y[0], (before - mean) / std::sqrt(variance), 1e-5);
    EXPECT_TRUE(scaling.class_rows.empty());
  });
}

TEST(Scaling, counts_the_rows_of_each_class_over_all_silos) {
  run_local_ranks({.size = 3, .seed = 4}, [&](Communicator& communicator) {
    const Scaling scaling = scale_on(communicator, made_up_datasets);
    std::vector<double> rows(2);
    for (const Dataset& dataset : made_up_datasets(facts_of({.silos = kSilos}, 1, 0).hosted))
      for (const float y : dataset.fit().y) rows[static_cast<std::size_t>(y)] += 1.0;
    EXPECT_EQ(scaling.class_rows, rows);
  });
}

std::vector<Dataset> one_extreme_value(std::span<const HostedSiloFacts> hosted) {
  std::vector<Dataset> datasets;
  for (const HostedSiloFacts& facts : hosted) {
    SiloData data = made_up_silo(facts.id.value);
    if (facts.id.value == 2)
      for (std::size_t row = 0; row < data.train.rows; ++row) data.train.x[row * kColumns.size() + 3] = 7.654321e9f;
    datasets.emplace_back(std::move(data), public_root(7), facts.id);
  }
  return datasets;
}

TEST(Scaling, refuses_sums_beyond_its_range_by_column_and_silo_without_showing_them) {
  try {
    run_local_ranks({.size = 1, .seed = 4},
                    [&](Communicator& communicator) { (void)scale_on(communicator, one_extreme_value); });
    FAIL() << "accepted";
  } catch (const DataError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("column f3"), std::string::npos) << text;
    EXPECT_NE(text.find("silo2"), std::string::npos) << text;
    // 7.65e9 x 136 fit rows = 1.04e12: no digit of the silo's sum stands in the message, only the bound 2^31.
    EXPECT_EQ(text.find("10409"), std::string::npos) << text;
    EXPECT_NE(text.find("2147483648"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace crossilo::test
