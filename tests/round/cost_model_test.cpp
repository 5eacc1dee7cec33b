// Aim: the predicted seconds of a round are the formulas of docs/scaling.md, and never say that more costs less.
// Method: cases that are worked out by hand with round rates; properties over ranges; the measured points of the docs.
#include "crossilo/round/cost_model.hpp"

#include <gtest/gtest.h>

namespace crossilo::test {
namespace {

constexpr double kGoodput = 1e9 / 8.0 * 1448.0 / 1538.0;  // bytes a second of 1 Gbit/s

/// Rates that can be divided by in the head.
MachineRates round_rates() {
  return {.encode = 4e9,
          .mask = 8e9,
          .decode = 4e9,
          .fingerprint = 4e9,
          .copy = 4e9,
          .window = 8e9,
          .add = 4e9,
          .handover_seconds = 0.0};
}

RoundCase case_of(std::vector<std::size_t> silos_of_site) {
  return {.silos_of_site = std::move(silos_of_site),
          .parameters = 1'000'000,
          .round_trip_seconds = 0.0,
          .rates = round_rates()};
}

TEST(CostModelTest, ASiloAlone) {
  const RoundCost cost = predict_round(case_of({1}));
  EXPECT_DOUBLE_EQ(cost.encode, 0.001);  // 4 MB at 4 GB/s
  EXPECT_DOUBLE_EQ(cost.mask, 0.0);      // nobody to share one with
  EXPECT_DOUBLE_EQ(cost.node, 0.001);    // in and out at 8 GB/s
  EXPECT_DOUBLE_EQ(cost.decode, 0.003);  // decoded, added, hashed
  EXPECT_DOUBLE_EQ(cost.sites, 0.0);
  EXPECT_DOUBLE_EQ(cost.total, 0.005);
}

TEST(CostModelTest, FourSilosOnANodeShareItsCores) {
  RoundCase planned = case_of({4});
  const RoundCost own_cores = predict_round(planned);
  EXPECT_DOUBLE_EQ(own_cores.mask, 0.0015);  // 3 x 4 MB at 8 GB/s
  planned.is_masked = false;
  EXPECT_DOUBLE_EQ(own_cores.total - predict_round(planned).total, own_cores.mask);
  planned.is_masked = true;
  EXPECT_DOUBLE_EQ(own_cores.node, 0.00175);  // and 3 MB added at 4 GB/s
  planned.cores_per_node = 2;
  const RoundCost shared = predict_round(planned);
  EXPECT_DOUBLE_EQ(shared.encode, 2 * own_cores.encode);
  EXPECT_DOUBLE_EQ(shared.total, 2 * own_cores.total);
  planned.cores_per_node = 64;  // more than there are silos help nobody
  EXPECT_DOUBLE_EQ(predict_round(planned).total, own_cores.total);
}

TEST(CostModelTest, TheFullestCoreCounts) {
  RoundCase planned = case_of({3});
  const RoundCost own_cores = predict_round(planned);
  planned.cores_per_node = 2;  // two ranks on one of them
  EXPECT_DOUBLE_EQ(predict_round(planned).encode, 2 * own_cores.encode);
  EXPECT_DOUBLE_EQ(predict_round(planned).node, 2 * own_cores.node);
  planned.silos_of_site = {7};
  EXPECT_DOUBLE_EQ(predict_round(planned).encode, 4 * own_cores.encode);
}

TEST(CostModelTest, EachChunkWaitsForEachNeighbour) {
  RoundCase planned = case_of({4});
  const double without = predict_round(planned).node;
  planned.rates.handover_seconds = 1e-3;
  EXPECT_DOUBLE_EQ(predict_round(planned).node - without, 8 * 3 * 1e-3);  // 1,000,000 words in 8 chunks of 131,072
}

TEST(CostModelTest, TwoSitesSendEachWordTwiceHalf) {
  for (const std::vector<std::size_t>& sites : {std::vector<std::size_t>{1, 1}, {2, 2}, {1, 3}}) {
    const RoundCost cost = predict_round(case_of(sites));
    EXPECT_NEAR(cost.sites, 4e6 / kGoodput, 1e-5);
    EXPECT_EQ(cost.sites_bound(), CostBound::uplink);
    EXPECT_EQ(cost.binding, CostBound::uplink);
  }
}

TEST(CostModelTest, ALongWayAddsARoundTripAndLimitsAConnection) {
  RoundCase planned = case_of({1, 1});
  planned.round_trip_seconds = 0.1;
  planned.socket_bytes = 3e6;  // 4 MB under way
  EXPECT_NEAR(predict_round(planned).sites, 0.1 + 0.1, 1e-6);
  planned.socket_bytes = 3e5;
  const RoundCost capped = predict_round(planned);
  EXPECT_NEAR(capped.sites, 1.0 + 0.1, 1e-6);
  EXPECT_EQ(capped.binding, CostBound::socket_buffer);
  planned.silos_of_site = {2, 2};
  EXPECT_NEAR(predict_round(planned).sites, 0.5 + 0.1, 1e-3);
  planned.socket_bytes = 1e9;
  EXPECT_EQ(predict_round(planned).binding, CostBound::latency);
}

TEST(CostModelTest, NodesOfASiteExchangeOnItsNetwork) {
  RoundCase planned = case_of({2});
  planned.nodes_per_site = 2;
  planned.lan_bits = 1e8;
  const RoundCost cost = predict_round(planned);
  EXPECT_NEAR(cost.nodes, 10 * 4e6 / kGoodput, 1e-5);
  EXPECT_EQ(cost.binding, CostBound::lan);
  EXPECT_DOUBLE_EQ(cost.node, 0.001);  // nobody shares a node
}

TEST(CostModelTest, MasksLanesAndTraining) {
  RoundCase planned = case_of({2, 2});
  const RoundCost masked = predict_round(planned);
  planned.is_masked = false;
  const RoundCost open = predict_round(planned);
  EXPECT_DOUBLE_EQ(open.mask, 0.0);
  EXPECT_EQ(masked.total, open.total) << "masks are made while words cross sites";
  EXPECT_GT(masked.mask, 0.0);
  planned.lane_bits = 16;
  EXPECT_EQ(predict_round(planned).words, 500'000u);
  EXPECT_NEAR(predict_round(planned).sites, open.sites / 2, 1e-5);
  planned.buffers = 1001;  // two weights a word, and one of them alone
  EXPECT_EQ(predict_round(planned).words, 499'500u + 1001);
  planned.train_seconds = 10.0;
  EXPECT_EQ(predict_round(planned).binding, CostBound::training);
  EXPECT_GT(predict_round(planned).total, 10.0);
}

/// What is named is what changes the total.
TEST(CostModelTest, WhatBindsIsWhatTheTotalWaitsFor) {
  RoundCase planned = {.silos_of_site = {4, 4},
                       .cores_per_node = 2,
                       .parameters = 8'250'000,
                       .uplink_bits = 3e9,
                       .round_trip_seconds = 0.05};
  const RoundCost cost = predict_round(planned);
  EXPECT_GT(cost.sites, cost.on_cores) << "the wire with its round trip takes longer";
  EXPECT_GT(cost.on_cores, cost.wire) << "but the words are there before the cores are done";
  EXPECT_EQ(cost.binding, CostBound::cores);
  planned.uplink_bits = 1e12;
  EXPECT_DOUBLE_EQ(predict_round(planned).total, cost.total);
  planned.cores_per_node = 4;
  EXPECT_LT(predict_round(planned).total, cost.total);
}

TEST(CostModelTest, MoreNeverCostsLess) {
  for (const std::vector<std::size_t>& sites : {std::vector<std::size_t>{1, 1}, {4, 4}, {1, 2, 5}}) {
    RoundCase planned = case_of(sites);
    double before = 1e9;
    for (planned.uplink_bits = 1e6; planned.uplink_bits < 1e12; planned.uplink_bits *= 3) {
      planned.round_trip_seconds = 0.05;
      EXPECT_LE(predict_round(planned).total, before);
      before = predict_round(planned).total;
      planned.round_trip_seconds = 0.06;
      EXPECT_GT(predict_round(planned).total, before);
    }
  }
}

/// Medians of the machine's good state (docs/scaling.md): two runs of `sizes`, one of `silos`, `sites` and of
/// ring_sum_bench.
TEST(CostModelTest, SumsOfANodeAreWithinATenthOfWhatWasMeasured) {
  constexpr std::uint64_t kMillion = 1'000'000, kMega = std::uint64_t{1} << 20;
  struct Measured {
    std::size_t ranks;
    std::uint64_t words;
    std::vector<double> milliseconds;
  };
  for (const Measured& one : {Measured{2, 4 * kMega, {1.427, 1.447}},
                              {2, 16 * kMega, {6.028, 5.774}},
                              {2, 10 * kMillion, {3.4}},
                              {2, 25 * kMillion, {8.0}},
                              {3, 16 * kMega, {13.04}},
                              {4, 4 * kMega, {3.773}},
                              {4, 16 * kMega, {13.95}},
                              {4, 256 * kMega, {217.2, 218.5}},
                              {4, 10 * kMillion, {8.7}},
                              {4, 25 * kMillion, {20.0}},
                              {5, 16 * kMega, {21.91}},
                              {6, 16 * kMega, {23.08}},
                              {7, 16 * kMega, {29.81}},
                              {8, 1 * kMega, {1.996, 2.072}},
                              {8, 4 * kMega, {8.045, 8.036}},
                              {8, 16 * kMega, {31.40, 31.32, 32.04, 31.85}},
                              {8, 64 * kMega, {120.9, 127.1}},
                              {8, 10 * kMillion, {19.5}},
                              {8, 25 * kMillion, {52.0}}}) {
    const RoundCost cost = predict_round({.silos_of_site = {one.ranks}, .cores_per_node = 2, .parameters = one.words});
    for (const double milliseconds : one.milliseconds)
      EXPECT_NEAR(1e3 * cost.sum(), milliseconds, 0.1 * milliseconds) << one.ranks << " ranks, " << one.words;
  }
}

/// 33 MB at 1 Gbit/s, warm: every layout and round trip of `jobs/scaling.sh link`.
TEST(CostModelTest, SumsOverALinkAreWithinATenthOfWhatWasMeasured) {
  struct Measured {
    std::vector<std::size_t> silos_of_site;
    double round_trip;
    std::vector<double> seconds;
    double socket_bytes = 4194304;
  };
  for (const Measured& one : {Measured{{1, 1}, 0.01, {0.292}},
                              {{2, 2}, 0.01, {0.315, 0.310}},
                              {{1, 1}, 0.05, {0.372}},
                              {{2, 2}, 0.05, {0.337, 0.335}},
                              {{1, 1}, 0.1, {0.688}},
                              {{2, 2}, 0.1, {0.406, 0.403}},
                              {{1, 1}, 0.05, {0.334}, 16777216},
                              {{1, 1}, 0.1, {0.385}, 16777216}}) {
    const RoundCost cost = predict_round({.silos_of_site = one.silos_of_site,
                                          .parameters = 8'250'000,
                                          .round_trip_seconds = one.round_trip,
                                          .socket_bytes = one.socket_bytes});
    for (const double seconds : one.seconds)
      EXPECT_NEAR(cost.sum(), seconds, 0.1 * seconds) << one.silos_of_site[0] << " a site, " << one.round_trip << " s";
  }
}

TEST(CostModelTest, RoundsAreWithinATenthOfWhatWasMeasured) {
  for (const std::vector<std::size_t>& sites : {std::vector<std::size_t>{1, 1}, {2, 2}}) {
    const RoundCost cost = predict_round({.silos_of_site = sites, .parameters = 4'034'001, .round_trip_seconds = 0.04});
    EXPECT_NEAR(cost.sum(), 0.166, 0.0166) << "within a real round";
  }
  for (const auto& [silos, seconds] : {std::pair<std::size_t, double>{2, 0.0785}, {4, 0.2106}, {8, 0.658}}) {
    const RoundCost cost = predict_round({.silos_of_site = {silos}, .cores_per_node = 2, .parameters = 25'000'000});
    EXPECT_NEAR(cost.total, seconds, 0.1 * seconds) << silos << " silos";
  }
}

}  // namespace
}  // namespace crossilo::test
